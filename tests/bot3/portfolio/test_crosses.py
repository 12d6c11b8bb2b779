"""Fills of cross symbols: two positions move, the ledger moves by asset, and both agree."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.conversion import Conversion
from bot3.domain.fill import Fill
from bot3.domain.ids import RunId
from bot3.domain.values import ZERO, Asset, InstrumentId, Price, Side, Symbol
from bot3.messages.control import SessionStarted
from bot3.messages.journal import decode, encode
from bot3.messages.orders import IntentRecorded, OrderFilled
from bot3.portfolio.account import Portfolio
from bot3.portfolio.positions import PositionTracker
from bot3.portfolio.recovery import Recovery
from bot3.portfolio.report import ReportFold
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from tests.bot3.making import BTC, KEY, START_NS, USDT, VENUE, d, make_balance, make_fill
from tests.bot3.making import make_intent as make_order

ETH = Asset("ETH")
ETH_HOME = InstrumentId(VENUE, Symbol("ETH/USDT"))
CROSS = InstrumentId(VENUE, Symbol("ETH/BTC"))
RATE = Conversion(KEY, Price(d("60000.5")))


def cross_fill(
    trade: object,
    side: Side = Side.BUY,
    *,
    number: int = 1,
    amount: str | Decimal = "2",
    price: str | Decimal = "0.04",
    **changes: object,
) -> Fill:
    return make_fill(trade, number, amount, price, instrument=CROSS, side=side, **changes)


def converted(fill: Fill) -> Fill:
    return evolve(fill, conversion=RATE)


def test_a_buy_is_base_bought_and_quote_sold() -> None:
    tracker = PositionTracker()
    assert tracker.apply(converted(cross_fill(1, fee=d("0.002"), fee_asset=ETH)))
    assert not tracker.apply(converted(cross_fill(1)))
    eth, btc = tracker.position(ETH_HOME), tracker.position(KEY)
    assert (eth.amount, btc.amount) == (d("1.998"), d("-0.08"))
    assert eth.average_price == Price(d("2400.02"))
    assert CROSS not in tracker.positions()
    assert tracker.fees() == {ETH: d("0.002")}


def test_a_fee_in_quote_leaves_the_quote_position() -> None:
    tracker = PositionTracker()
    tracker.apply(converted(cross_fill(1, Side.SELL, fee=d("0.0001"), fee_asset=BTC)))
    assert tracker.position(ETH_HOME).amount == -2
    assert tracker.position(KEY).amount == d("0.0799")


def test_a_venue_that_tells_a_fill_again_gets_the_same_conversion() -> None:
    ours = SessionStarted(RunId("testrun1"), "ours", "x", "live", START_NS)
    intent = make_order(1, instrument=CROSS, conversion=RATE)
    recovery, report = Recovery("ours"), ReportFold("ours")
    records = [ours, IntentRecorded(intent, START_NS)]
    recovery.fold(records)
    told = recovery.converted(cross_fill(1))
    assert told == converted(cross_fill(1))
    assert recovery.converted(make_fill(1, number=2)) == make_fill(1, number=2)
    filled = decode(encode(OrderFilled(told)))
    recovery.fold([filled])
    report.fold([*records, filled])
    assert recovery.tracker.position(KEY).amount == d("-0.08")
    rows = {row.symbol: row.amount for row in report.report().positions}
    assert rows == {"ETH/USDT": 2, "BTC/USDT": d("-0.08")}
    assert [row.symbol for row in report.report().fills] == ["ETH/BTC"]


def test_risk_counts_the_order_once_and_both_positions() -> None:
    books, gate = Portfolio(USDT, [KEY, ETH_HOME, CROSS]), RiskManager(RiskLimits())
    gate.state.take_order(make_order(1, amount="3", instrument=CROSS, conversion=RATE), START_NS)
    changed = books.on_fill(converted(cross_fill(1)))
    for each in changed:
        gate.on_position(each.instrument, each.position, each.fill if each.is_first else None)
    (order,) = gate.state.orders.values()
    assert order.remaining == 1
    assert gate.state.positions == {ETH_HOME: 2, KEY: d("-0.08")}


_trades = st.lists(
    st.tuples(
        st.sampled_from([KEY, ETH_HOME, CROSS]),
        st.sampled_from(Side),
        st.decimals(min_value="0.001", max_value="5", places=3),
        st.sampled_from(["base", "quote"]),
    ),
    max_size=12,
)


@given(_trades)
def test_positions_and_ledger_agree_by_asset_and_no_money_appears(
    trades: list[tuple[InstrumentId, Side, Decimal, str]],
) -> None:
    books = Portfolio(USDT, [KEY, ETH_HOME])
    opened = {USDT: d(10**9), BTC: d(1000), ETH: d(1000)}
    books.on_balances([make_balance(asset, amount) for asset, amount in opened.items()])
    prices = {KEY: d("60000.5"), ETH_HOME: d("2400.02"), CROSS: d("0.04")}
    for number, (key, side, amount, paid_in) in enumerate(trades):
        base, quote = key.symbol.split("/")
        fee_asset, worth = (base, amount) if paid_in == "base" else (quote, amount * prices[key])
        fill = make_fill(
            number, amount=amount, price=prices[key], instrument=key, side=side,
            fee=worth * d("0.001"), fee_asset=fee_asset,
        )  # fmt: skip
        books.on_fill(converted(fill) if key == CROSS else fill)
    held = {BTC: books.tracker.position(KEY), ETH: books.tracker.position(ETH_HOME)}
    for asset, position in held.items():
        assert books.ledger.total(VENUE, asset) - opened[asset] == position.amount
    marks = {BTC: prices[KEY], ETH: prices[ETH_HOME]}
    profit = sum((p.realized + p.unrealized(marks[asset]) for asset, p in held.items()), ZERO)
    cash = books.ledger.total(VENUE, USDT) - opened[USDT]
    worth = sum((p.amount * marks[asset] for asset, p in held.items()), ZERO)
    assert profit == cash + worth


def test_what_a_venue_rounds_off_is_no_mismatch_and_more_is() -> None:
    books = Portfolio(USDT, [KEY, ETH_HOME])
    books.on_balances([make_balance(BTC, "1"), make_balance(ETH, "1")])
    fill = converted(cross_fill(1, amount="0.0123", price="0.041667"))  # 0.0005125041 of BTC
    books.on_fill(fill)
    books.on_balances([make_balance(BTC, "0.99948750"), make_balance(ETH, "1.0123")])
    assert books.mismatches() == ()
    books.on_balances([make_balance(BTC, "0.99948748")])
    assert [each.asset for each in books.mismatches()] == [BTC]
    copy = PositionTracker(books.tracker)
    assert (copy.rounded(KEY), copy.rounded(ETH_HOME)) == (d("1e-8"), 0)
    copy.apply(converted(cross_fill(2)))
    assert copy.rounded(KEY) == d("1e-8")  # what fits is not rounded
