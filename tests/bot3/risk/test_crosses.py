"""The gate and orders of cross symbols: both assets count, at the mark of the quote asset."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot3.domain.approval import ApprovedOrder
from bot3.domain.book import Quote
from bot3.domain.conversion import Conversion
from bot3.domain.order import OrderIntent
from bot3.domain.refusal import DenialReason
from bot3.domain.values import Asset, InstrumentId, Price, Side, Symbol
from bot3.messages.control import StopHit
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from tests.bot3.making import BTC, KEY, START_NS, VENUE, d, make_balance, make_instrument
from tests.bot3.making import make_intent as make_order
from tests.bot3.risk.gates import answer, approve, just_closed, manager, tighten

R = DenialReason
ETH = Asset("ETH")
ETH_HOME = InstrumentId(VENUE, Symbol("ETH/USDT"))
CROSS = InstrumentId(VENUE, Symbol("ETH/BTC"))
RATE = Conversion(KEY, Price(d(100)))


def make_intent(
    number: int = 1, amount: str = "1", price: str = "0.1", **other: object
) -> OrderIntent:
    given = {"instrument": CROSS, "conversion": RATE, **other}
    return make_order(number, amount=amount, price=price, **given)


def crossing(limits: RiskLimits | None = None) -> RiskManager:
    """Equity 10,000: 200 a position. Bitcoin at 100, ether at 10; 1.5 and 15 of them are held."""
    made = manager(limits)
    tick = {"tick_size": d("0.0001"), "notional_min": d("0.01")}
    made.on_instruments([make_instrument(ETH_HOME), make_instrument(CROSS, **tick)])
    made.on_quote(ETH_HOME, Quote(9.99, 1.0, 10.01, 1.0), START_NS)
    made.on_quote(CROSS, Quote(0.0999, 1.0, 0.1001, 1.0), START_NS)
    made.on_balances([make_balance(BTC, "5"), make_balance(ETH, "50")])
    made.on_position(KEY, d("1.5"))
    made.on_position(ETH_HOME, d(15))
    return made


def test_a_sound_order_is_approved_on_either_side() -> None:
    assert answer(crossing(), make_intent()) is ApprovedOrder
    assert answer(crossing(), make_intent(side=Side.SELL)) is ApprovedOrder


SELL = {"side": Side.SELL, "is_reducing": True}
STOPPED = {key: StopHit(key.symbol, d(100), d(95), START_NS, START_NS) for key in (KEY, ETH_HOME)}
CASES: list[tuple[DenialReason, Callable[[RiskManager], object], OrderIntent]] = [
    (R.UNKNOWN_INSTRUMENT, lambda m: None, make_intent(conversion=None)),
    (
        R.UNKNOWN_INSTRUMENT,
        lambda m: None,
        make_intent(conversion=Conversion(ETH_HOME, Price(d(10)))),
    ),
    (R.STOP_LOSS, lambda m: m.restore_stop(STOPPED[ETH_HOME]), make_intent()),
    (R.STOP_LOSS, lambda m: m.restore_stop(STOPPED[KEY]), make_intent(**SELL)),
    (R.COOLDOWN, lambda m: just_closed(m, cooldown_s=60.0), make_intent(**SELL)),
    (R.OPEN_TRADES, lambda m: tighten(m, open_trades_max=1), make_intent()),
    (R.BOOK_STALE, lambda m: m.on_book_lost(KEY), make_intent()),
    (R.BOOK_STALE, lambda m: m.on_quote(CROSS, Quote(0.0999, 1, 0.1001, 1), 0), make_intent()),
    (R.BOOK_CROSSED, lambda m: m.on_quote(KEY, Quote(101, 1, 100, 1), START_NS), make_intent()),
    (R.PRICE_COLLAR, lambda m: None, make_intent(price="0.1006")),
    (
        R.PRICE_COLLAR,
        lambda m: None,
        make_intent(conversion=Conversion(KEY, Price(d("100.51")))),
    ),
    (R.FILTER, lambda m: tighten(m, order_notional_max=d("9.9")), make_intent()),
    # What it gives is held; at 150 of ether there is room for 50 more.
    (R.POSITION_LIMIT, lambda m: m.on_position(KEY, d("0.09")), make_intent()),
    (R.POSITION_LIMIT, lambda m: m.on_position(ETH_HOME, d("0.9")), make_intent(**SELL)),
    (R.POSITION_LIMIT, lambda m: None, make_intent(amount="5.01")),
    (R.POSITION_LIMIT, lambda m: None, make_intent(amount="5.01", **SELL)),
    (R.ASSET_LIMIT, lambda m: tighten(m, asset_fraction_max=0.0155), make_intent()),
    (R.VENUE_LIMIT, lambda m: tighten(m, venue_fraction_max=0.0305), make_intent()),
    (R.EXPOSURE_LIMIT, lambda m: tighten(m, exposure_fraction_max=0.0305), make_intent(**SELL)),
    (R.BALANCE, lambda m: m.on_balances([make_balance(BTC, "0.09")]), make_intent()),
    (R.BALANCE, lambda m: m.on_balances([make_balance(ETH, "0.9")]), make_intent(**SELL)),
]


@pytest.mark.parametrize(("reason", "spoil", "intent"), CASES)
def test_each_reason_denies(
    reason: DenialReason, spoil: Callable[[RiskManager], object], intent: OrderIntent
) -> None:
    made = crossing()
    spoil(made)
    assert answer(made, intent) is reason


def test_what_an_open_order_gives_is_not_sold_twice() -> None:
    made = crossing()
    approve(made, make_intent(1, amount="5", price="0.1"))
    sell = make_order(2, amount="1", price="100", instrument=KEY, **SELL)  # 0.5005 are bound
    assert answer(made, sell) is R.POSITION_LIMIT
    less = make_order(2, amount="0.9996", price="100", instrument=KEY, **SELL)
    assert answer(made, less) is R.POSITION_LIMIT
    least = make_order(2, amount="0.9995", price="100", instrument=KEY, **SELL)
    assert answer(made, least) is ApprovedOrder


def test_what_an_open_order_brings_is_exposure_until_it_is_filled() -> None:
    made = crossing()
    approve(made, make_intent(1, amount="4", side=Side.SELL))
    assert made.state.exposure(KEY) == 190
    assert made.state.exposure(ETH_HOME) == 150
    buy = make_order(2, amount="0.11", price="100", instrument=KEY)
    assert answer(made, buy) is R.POSITION_LIMIT
    made.state.take_close(make_intent(1).client_order_id, d(0))
    assert answer(made, buy) is ApprovedOrder


def test_its_limits_are_those_of_what_it_brings_in(monkeypatch: pytest.MonkeyPatch) -> None:
    made = crossing()
    asked: list[InstrumentId] = []

    def limits_of(key: InstrumentId) -> RiskLimits:
        asked.append(key)
        return made.limits

    monkeypatch.setattr(made, "limits_of", limits_of)
    approve(made, make_intent(1))
    approve(made, make_intent(2, price="0.1003", side=Side.SELL))
    assert asked == [ETH_HOME, KEY]
