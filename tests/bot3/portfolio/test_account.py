"""The account: equity from balances and marks, mismatches as values, no price no guess."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.book import Quote
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import Asset, InstrumentId, Side, VenueName
from bot3.messages.account import BalanceMismatch
from bot3.portfolio.account import Portfolio
from bot3.portfolio.drawdown import DAY_NS, DrawdownWatch
from tests.bot3.making import BTC, KEY, START_NS, USDT, VENUE, d, make_balance, make_fill


def portfolio() -> Portfolio:
    return Portfolio(USDT, [KEY])


def quote(mid: float) -> Quote:
    return Quote(mid - 0.5, 1.0, mid + 0.5, 1.0)


def test_equity_is_the_balances_at_the_mids() -> None:
    mine = portfolio()
    assert mine.mark(START_NS) is None
    mine.on_balances([make_balance(USDT, "900", "50"), make_balance(BTC, "2")])
    mine.on_quote(KEY, quote(100))
    marked = mine.mark(START_NS)
    assert marked is not None
    assert (marked.equity, marked.peak, marked.drawdown) == (1150, 1150, 0)
    mine.on_quote(KEY, quote(50))
    marked = mine.mark(START_NS + 1)
    assert marked is not None
    assert (marked.equity, marked.peak) == (1050, 1150)
    assert marked.drawdown == float(d(100) / d(1150))
    assert marked.invested == 0  # what was there before us is not ours
    mine.on_fill(make_fill(1, amount="2", price="50", fee=d(0)))
    marked = mine.mark(START_NS + 2)
    assert marked is not None
    assert marked.invested == 100


def test_an_asset_that_waits_for_its_first_quote_gives_no_equity() -> None:
    mine = portfolio()
    mine.on_balances([make_balance(USDT, "900"), make_balance(BTC, "2")])
    assert mine.value().waiting == (BTC,)
    assert mine.mark(START_NS) is None
    mine.on_quote(KEY, Quote(101.0, 1.0, 100.0, 1.0))  # crossed: no mark
    assert mine.mark(START_NS) is None


def test_an_asset_that_trades_nowhere_is_listed() -> None:
    mine = portfolio()
    mine.on_balances([make_balance(USDT, "1"), make_balance(Asset("SHIB"), "5")])
    assert mine.value().unpriced == ("SHIB",)
    assert mine.value().equity == 1


def test_another_venues_pair_prices_an_asset_that_has_none_at_home() -> None:
    mine = Portfolio(USDT, [InstrumentId(VenueName("okx"), KEY.symbol), KEY])
    mine.on_quote(KEY, quote(100))
    mine.on_balances([make_balance(BTC, "1")])
    assert mine.value().equity == 100


def test_fills_keep_the_ledger_equal_to_the_venue() -> None:
    mine = portfolio()
    mine.on_balances([make_balance(USDT, "1000"), make_balance(BTC, "0")])
    (changed,) = mine.on_fill(make_fill(1, amount="2", price="100", fee=d("0.2")))
    assert (changed.position, changed.realized) == (2, d("-0.2"))
    mine.on_balances([make_balance(USDT, "799.8"), make_balance(BTC, "2")])
    assert mine.mismatches() == ()


def test_a_difference_is_reported() -> None:
    mine = portfolio()
    mine.on_balances([make_balance(USDT, "1000")])
    mine.on_balances([make_balance(USDT, "1500")])  # a deposit
    found = (BalanceMismatch(VENUE, USDT, d(1000), d(1500)),)
    assert mine.mismatches() == found
    assert mine.mismatches(tolerance=d(500)) == ()


def test_a_fill_that_the_books_cannot_pay_still_moves_the_position() -> None:
    mine = portfolio()
    mine.on_balances([make_balance(USDT, "10"), make_balance(BTC, "0")])
    (changed,) = mine.on_fill(make_fill(1))
    assert changed.position == 1
    assert mine.ledger_errors == 1
    mine.on_balances([make_balance(BTC, "1")])
    assert [found.asset for found in mine.mismatches()] == [BTC]


def test_doubled_and_foreign_fills_change_nothing() -> None:
    mine = portfolio()
    mine.on_balances([make_balance(USDT, "1000"), make_balance(BTC, "0")])
    assert len(mine.on_fill(make_fill(1))) == 1
    assert mine.on_fill(make_fill(1)) == ()
    assert mine.on_fill(make_fill(2, client_order_id=ClientOrderId("web_1"))) == ()
    assert mine.ledger.total(VENUE, BTC) == 1


amounts = st.decimals(min_value="0.001", max_value="5", places=3)
prices = st.decimals(min_value="1", max_value="1000", places=2)


@given(st.lists(st.tuples(st.sampled_from(Side), amounts, prices), max_size=20), prices)
def test_equity_is_opening_cash_plus_profit_exactly(
    trades: list[tuple[Side, Decimal, Decimal]], mark: Decimal
) -> None:
    mine = portfolio()
    mine.on_balances([make_balance(USDT, "1000000"), make_balance(BTC, "100")])
    for number, (side, amount, price) in enumerate(trades):
        fee = (amount * price * d("0.001")).quantize(d("1e-8"))
        mine.on_fill(make_fill(number, amount=amount, price=price, side=side, fee=fee))
    mine.on_balances(
        [make_balance(asset, mine.ledger.total(VENUE, asset)) for asset in (USDT, BTC)]
    )
    mine.on_quote(KEY, quote(float(mark)))
    middle = mine.mark_of(KEY)
    assert middle is not None
    position = mine.tracker.position(KEY)
    profit = position.realized + position.unrealized(middle)
    assert mine.value().equity == 1_000_000 + 100 * middle + profit
    assert mine.mismatches() == ()


def test_the_watch_follows_peak_day_and_rebase() -> None:
    watch = DrawdownWatch()
    assert (watch.drawdown, watch.daily_loss) == (0, 0)
    for hour, equity in enumerate([100, 120, 90]):
        watch = watch.mark(d(equity), START_NS + hour)
    assert (watch.peak, watch.drawdown, watch.daily_loss) == (120, 0.25, 0.1)
    watch = watch.mark(d(81), START_NS + DAY_NS)
    assert (watch.day_open, watch.daily_loss) == (90, 0.1)
    watch = watch.rebase()
    assert (watch.drawdown, watch.daily_loss, watch.drawdown_max) == (0, 0, 0.325)
    assert watch.mark(d(-5), START_NS + DAY_NS).drawdown == 1


def test_what_a_fill_cost_is_its_fee_and_its_distance_from_the_mid() -> None:
    mine = portfolio()
    bought = make_fill(1, price="100.2", amount="2", fee=d("0.2004"))  # 10 bps in quote
    assert mine.cost_bps(bought) is None  # no mid yet
    mine.on_quote(KEY, quote(100))
    assert mine.cost_bps(bought) == pytest.approx(30.0)
    rested = make_fill(2, price="99.9", amount="2", fee=d("0.002"), fee_asset=BTC)
    assert mine.cost_bps(rested) == pytest.approx(0.0)  # 10 bps in base, 10 better than the mid
    sold = make_fill(3, price="99.9", side=Side.SELL)
    assert mine.cost_bps(sold) == pytest.approx(10.0)
    assert mine.cost_bps(make_fill(4, fee=d(1), fee_asset=Asset("BNB"))) is None
