"""A gate that approves, and ways to spoil it."""

from __future__ import annotations

import attrs

from bot3.domain.book import Quote
from bot3.domain.order import OrderIntent
from bot3.domain.refusal import Denial
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.messages.healing import CircuitChanged, CircuitState
from bot3.messages.orders import OrderApproved, ProposeOrder
from bot3.messages.risk import PairExamined
from bot3.risk.gate import judge
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from tests.bot3.making import (
    BTC,
    KEY,
    SECOND_NS,
    START_NS,
    USDT,
    VENUE,
    d,
    make_balance,
    make_instrument,
    make_intent,
)

SELL = Side.SELL


def manager(limits: RiskLimits | None = None) -> RiskManager:
    """Equity 10000, so 200 may be held in one instrument; quote 99.9 at 100.1; 1 BTC in stock."""
    made = RiskManager(RiskLimits() if limits is None else limits)
    made.on_instruments([make_instrument()])
    made.on_quote(KEY, Quote(99.9, 1.0, 100.1, 1.0), START_NS)
    made.on_balances([make_balance(USDT, "10000"), make_balance(BTC, "1")])
    assert made.on_equity(d(10_000), START_NS) is None
    return made


def answer(made: RiskManager, intent: OrderIntent, now_ns: int = START_NS) -> object:
    judged = judge(made.state, made.limits, intent, now_ns)
    return judged.reason if isinstance(judged, Denial) else type(judged)


def approve(made: RiskManager, intent: OrderIntent) -> None:
    assert isinstance(made.judge(ProposeOrder(intent, 0), START_NS), OrderApproved)


def spoil_rate(made: RiskManager) -> None:
    for number in range(1, 21):
        approve(made, make_intent(number, amount="0.06", price="99.9"))
    for number in range(1, 21):
        made.state.take_close(make_intent(number).client_order_id, d(0))


def spoil_position(made: RiskManager) -> None:
    made.on_position(KEY, d("1.5"))


def spoil_exposure(made: RiskManager) -> None:
    for number in range(10):
        other = InstrumentId(VENUE, Symbol(f"X{number}/USDT"))
        made.on_quote(other, Quote(99.9, 1.0, 100.1, 1.0), START_NS)
        made.on_position(other, d("1.95"))


def spoil_self_trade(made: RiskManager) -> None:
    made.on_position(KEY, d("0.5"))
    approve(made, make_intent(1, amount="0.5", price="100", side=SELL, is_reducing=True))


def circuit(state: CircuitState) -> CircuitChanged:
    return CircuitChanged(VENUE, state, "5 failed calls")


def spoil_probe(made: RiskManager) -> None:
    made.on_circuit(circuit(CircuitState.HALF_OPEN))
    approve(made, make_intent(1, amount="0.1"))


def tighten(made: RiskManager, **limits: float) -> None:
    made.limits = attrs.evolve(made.limits, **limits)


def hold_elsewhere(made: RiskManager, **limits: float) -> None:
    """Three bitcoin on another venue, worth 300 of 10,000: no limit of this venue knows of them."""
    other = InstrumentId(VenueName("okx"), KEY.symbol)
    made.on_quote(other, Quote(99.9, 1.0, 100.1, 1.0), START_NS)
    made.on_position(other, d(3))
    tighten(made, **limits)


def just_closed(made: RiskManager, **limits: float) -> None:
    tighten(made, **limits)
    made.on_realized(KEY, d(1), d(0), START_NS)
    made.on_realized(KEY, d(0), d(1), START_NS)


def many_stops(made: RiskManager) -> None:
    tighten(made, stop_guard_stops=2, stop_guard_window_s=60.0, stop_guard_pause_s=30.0)
    made.state.stops_hit_ns.extend([START_NS - 60 * SECOND_NS, START_NS])


def another(made: RiskManager) -> InstrumentId:
    other = InstrumentId(VENUE, Symbol("ETH/USDT"))
    made.on_instruments([make_instrument(other)])
    made.on_quote(other, Quote(99.9, 1.0, 100.1, 1.0), START_NS)
    tighten(made, open_trades_max=1)
    return other


def hold_another(made: RiskManager) -> None:
    made.on_position(another(made), d("0.5"))


def buy_another(made: RiskManager) -> None:
    approve(made, make_intent(1, amount="0.1", instrument=another(made)))


def examined(made: RiskManager, **limits: float) -> None:
    """A million a day, for five days."""
    tighten(made, **limits)
    made.on_pair(PairExamined(KEY, START_NS, 1e6, 5))
