"""The gate: each reason has its case, their order holds, reducing orders pass what they may."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from bot3.domain.approval import ApprovedOrder
from bot3.domain.book import Quote
from bot3.domain.order import OrderIntent
from bot3.domain.refusal import Denial, DenialReason
from bot3.domain.values import InstrumentId, Price, Side, Symbol
from bot3.messages.account import ReconcileMatched, ReconcileMismatch
from bot3.messages.control import StopHit, StopKind
from bot3.messages.healing import CircuitState
from bot3.messages.orders import OrderDenied, ProposeOrder
from bot3.risk.gate import CHECKS, judge
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from tests.bot3.making import (
    KEY,
    SECOND_NS,
    START_NS,
    USDT,
    VENUE,
    d,
    make_balance,
    make_fill,
    make_intent,
)
from tests.bot3.risk.gates import (
    answer,
    approve,
    buy_another,
    circuit,
    examined,
    hold_another,
    hold_elsewhere,
    just_closed,
    manager,
    many_stops,
    spoil_exposure,
    spoil_position,
    spoil_probe,
    spoil_rate,
    spoil_self_trade,
    tighten,
)

R = DenialReason
SELL = Side.SELL
HIT = StopHit(KEY.symbol, d(100), d(95), START_NS, START_NS)
MISMATCH = ReconcileMismatch(VENUE, USDT, d(10), d(9), START_NS)


def hit(kind: StopKind) -> StopHit:
    return msgspec.structs.replace(HIT, kind=kind)


def test_the_table_is_in_the_order_of_the_reasons_and_complete() -> None:
    assert list(CHECKS) == list(DenialReason)


def test_a_sound_order_is_approved() -> None:
    assert answer(manager(), make_intent()) is ApprovedOrder


SPOILERS: list[tuple[DenialReason, Callable[[RiskManager], object], OrderIntent]] = [
    (R.TRADING_HALTED, lambda m: m.halt("by hand", START_NS), make_intent()),
    (
        R.UNKNOWN_INSTRUMENT,
        lambda m: None,
        make_intent(instrument=InstrumentId(VENUE, Symbol("ETH/USDT"))),
    ),
    (R.DUPLICATE_INTENT, lambda m: approve(m, make_intent(3, amount="0.1")), make_intent(3)),
    (R.VENUE_DOWN, lambda m: m.on_account_lost(VENUE, "closed"), make_intent()),
    (R.CIRCUIT_OPEN, lambda m: m.on_circuit(circuit(CircuitState.OPEN)), make_intent()),
    (R.CIRCUIT_OPEN, spoil_probe, make_intent(2)),
    (R.RECONCILE_MISMATCH, lambda m: m.on_reconciled(MISMATCH), make_intent()),
    (R.STOP_LOSS, lambda m: m.restore_stop(HIT), make_intent()),
    (R.TRAILING_STOP, lambda m: m.restore_stop(hit(StopKind.TRAILING)), make_intent()),
    (R.TAKE_PROFIT, lambda m: m.restore_stop(hit(StopKind.PROFIT)), make_intent()),
    (R.TIME_STOP, lambda m: m.restore_stop(hit(StopKind.TIME)), make_intent()),
    (R.COOLDOWN, lambda m: just_closed(m, cooldown_s=60.0), make_intent()),
    (R.STOP_GUARD, many_stops, make_intent()),
    (R.OPEN_TRADES, hold_another, make_intent()),
    (R.OPEN_TRADES, buy_another, make_intent(2)),
    (R.PAIR_VOLUME, lambda m: tighten(m, pair_volume_min=1.0), make_intent()),
    (R.PAIR_VOLUME, lambda m: examined(m, pair_volume_min=1e6 + 1), make_intent()),
    (R.PAIR_AGE, lambda m: tighten(m, pair_age_min_days=1), make_intent()),
    (R.PAIR_AGE, lambda m: examined(m, pair_age_min_days=6), make_intent()),
    (R.PAIR_SPREAD, lambda m: tighten(m, pair_spread_max_bps=19.9), make_intent()),
    (R.BOOK_STALE, lambda m: m.on_quote(KEY, Quote(99.9, 1, 100.1, 1), 0), make_intent()),
    (R.BOOK_STALE, lambda m: m.on_book_lost(KEY), make_intent()),
    (R.BOOK_STALE, lambda m: m.on_feed_lost(VENUE), make_intent()),
    (R.BOOK_CROSSED, lambda m: m.on_quote(KEY, Quote(101, 1, 100, 1), START_NS), make_intent()),
    (
        R.BOOK_CROSSED,
        lambda m: m.on_quote(KEY, Quote(float("nan"), 1, 100, 1), START_NS),
        make_intent(),
    ),
    (R.PRICE_COLLAR, lambda m: None, make_intent(price="100.51")),
    (R.PRICE_COLLAR, lambda m: None, make_intent(price="99.49")),
    (R.FILTER, lambda m: None, make_intent(amount="0.01")),
    (R.FILTER, lambda m: None, make_intent(price=None, order_type=make_intent().order_type)),
    (R.ORDER_RATE, spoil_rate, make_intent(21)),
    (R.POSITION_LIMIT, spoil_position, make_intent()),
    (R.POSITION_LIMIT, lambda m: None, make_intent(amount="2.01")),
    (R.POSITION_LIMIT, lambda m: None, make_intent(amount="0.1", side=SELL)),
    (R.ASSET_LIMIT, lambda m: hold_elsewhere(m, asset_fraction_max=0.03), make_intent()),
    (R.VENUE_LIMIT, lambda m: tighten(m, venue_fraction_max=0.005), make_intent()),
    (R.EXPOSURE_LIMIT, spoil_exposure, make_intent()),
    (R.BALANCE, lambda m: m.on_balances([make_balance(USDT, "100")]), make_intent()),
    (R.SELF_TRADE, spoil_self_trade, make_intent(2, amount="0.1", price="100")),
    (R.SELF_TRADE, spoil_self_trade, make_intent(2, amount="0.1", price=None)),
]


@pytest.mark.parametrize(("reason", "spoil", "intent"), SPOILERS)
def test_each_reason_denies(
    reason: DenialReason, spoil: Callable[[RiskManager], object], intent: OrderIntent
) -> None:
    made = manager()
    spoil(made)
    assert answer(made, intent) is reason


def test_every_reason_has_its_case() -> None:
    assert {reason for reason, _, _ in SPOILERS} == set(DenialReason)


def test_the_first_reason_decides() -> None:
    made = manager()
    made.on_book_lost(KEY)
    made.halt("by hand", START_NS)
    assert answer(made, make_intent(amount="999")) is R.TRADING_HALTED


def test_what_was_approved_counts_until_it_is_closed() -> None:
    made = manager()
    approve(made, make_intent(1, amount="1.5"))
    assert answer(made, make_intent(2)) is R.POSITION_LIMIT
    made.state.take_close(make_intent(1).client_order_id, d(0))
    assert answer(made, make_intent(2)) is ApprovedOrder


def test_a_fill_moves_from_open_to_position_in_one_step() -> None:
    made = manager()
    approve(made, make_intent(1, amount="1.5"))
    before = made.state.exposure_total()
    made.on_position(KEY, d("0.5"), make_fill("a", 1, amount="0.5"))
    assert made.state.exposure_total() == before


def test_a_close_that_overtakes_its_fills_keeps_them_counted() -> None:
    made = manager()
    approve(made, make_intent(1, amount="1.5"))
    made.state.take_close(make_intent(1).client_order_id, d("1.2"))
    assert made.state.exposure_total() == 120
    made.on_position(KEY, d("1.2"), make_fill("a", 1, amount="1.2"))
    assert made.state.exposure_total() == 120
    assert made.state.orders == {}


def test_funds_that_the_venue_does_not_hold_yet_are_bound_already() -> None:
    made = manager()
    made.on_balances([make_balance(USDT, "200")])
    approve(made, make_intent(1, amount="1.2"))
    assert answer(made, make_intent(2, amount="0.8", price="99.9")) is R.BALANCE
    made.on_balances([make_balance(USDT, "79.88", "120.12")])  # now it holds them: the same
    assert made.state.available(VENUE, USDT) == d("79.88")


def reducing(amount: str = "1", number: int = 1) -> OrderIntent:
    return make_intent(number, amount=amount, side=SELL, is_reducing=True)


def test_an_exit_passes_the_limits_of_entries() -> None:
    made = manager(RiskLimits(order_notional_max=d(50)))
    made.on_equity(d(9_990), START_NS)
    made.on_position(KEY, d(1))
    assert answer(made, make_intent(amount="0.6")) is R.FILTER
    assert answer(made, reducing()) is ApprovedOrder


def test_an_exit_passes_an_open_circuit_and_uses_up_no_probe() -> None:
    made = manager()
    made.on_position(KEY, d(1))
    made.on_circuit(circuit(CircuitState.OPEN))
    assert answer(made, make_intent(3, amount="0.5")) is R.CIRCUIT_OPEN
    approve(made, reducing("0.5", 1))
    made.on_circuit(circuit(CircuitState.HALF_OPEN))
    approve(made, reducing("0.2", 2))
    approve(made, make_intent(3, amount="0.5", price="99.9"))
    assert answer(made, make_intent(4, amount="0.1", price="99.9")) is R.CIRCUIT_OPEN
    made.on_circuit(circuit(CircuitState.CLOSED))
    assert answer(made, make_intent(4, amount="0.1", price="99.9")) is ApprovedOrder


def test_an_asset_counts_over_venues_and_a_venue_over_assets() -> None:
    made = manager()
    hold_elsewhere(made, asset_fraction_max=0.0401, venue_fraction_max=0.0101)
    assert answer(made, make_intent(amount="1")) is ApprovedOrder
    assert answer(made, make_intent(amount="1.05")) is R.ASSET_LIMIT
    tighten(made, asset_fraction_max=1.0)
    assert answer(made, make_intent(amount="1.05")) is R.VENUE_LIMIT
    assert answer(made, make_intent(amount="1", side=SELL)) is not R.VENUE_LIMIT


def test_a_mismatch_stops_entries_but_not_exits_until_it_is_gone() -> None:
    made = manager()
    made.on_equity(d(9_990), START_NS)
    made.on_position(KEY, d(1))
    made.on_reconciled(MISMATCH)
    assert answer(made, make_intent(1, amount="0.1", price="99.9")) is R.RECONCILE_MISMATCH
    assert answer(made, reducing("0.5", 1)) is ApprovedOrder
    made.on_reconciled(ReconcileMatched(VENUE, USDT, START_NS))
    assert answer(made, make_intent(2, amount="0.1", price="99.9")) is ApprovedOrder


def test_a_probe_that_another_check_denies_is_not_used_up() -> None:
    made = manager()
    made.on_circuit(circuit(CircuitState.HALF_OPEN))
    denied = made.judge(ProposeOrder(make_intent(1, price="100.51"), 0), START_NS)
    assert isinstance(denied, OrderDenied)
    assert answer(made, make_intent(2, amount="0.5")) is ApprovedOrder


def test_an_exit_passes_a_halt_only_where_the_limits_say_so() -> None:
    for is_allowed, expected in ((False, R.TRADING_HALTED), (True, ApprovedOrder)):
        made = manager(RiskLimits(is_exit_allowed_when_halted=is_allowed))
        made.on_position(KEY, d(1))
        made.halt("by hand", START_NS)
        assert answer(made, reducing()) is expected
        assert answer(made, make_intent()) is R.TRADING_HALTED


def test_an_exit_of_more_than_there_is_is_none() -> None:
    made = manager(RiskLimits(is_exit_allowed_when_halted=True))
    made.on_position(KEY, d("0.5"))
    assert answer(made, reducing("0.6")) is R.POSITION_LIMIT
    approve(made, reducing("0.3"))
    assert answer(made, reducing("0.3", 2)) is R.POSITION_LIMIT
    made.halt("by hand", START_NS)
    assert answer(made, reducing("0.3", 2)) is R.TRADING_HALTED


def test_the_rate_is_per_window() -> None:
    made = manager()
    spoil_rate(made)
    assert answer(made, make_intent(21)) is R.ORDER_RATE
    made.on_quote(KEY, Quote(99.9, 1.0, 100.1, 1.0), START_NS + 10 * SECOND_NS)
    assert answer(made, make_intent(21), START_NS + 10 * SECOND_NS) is ApprovedOrder


def test_a_price_that_does_not_meet_ours_is_no_self_trade() -> None:
    made = manager()
    spoil_self_trade(made)
    assert answer(made, make_intent(2, amount="0.1", price="99.99")) is ApprovedOrder


def test_a_denial_says_what_decided() -> None:
    denial = judge(manager().state, RiskLimits(), make_intent(amount="3"), START_NS)
    assert isinstance(denial, Denial)
    assert denial.detail == "position of 300.00 is above 200.00"
    assert denial.client_order_id == make_intent().client_order_id
    assert Price(d(100)) == make_intent().price


def test_what_is_held_at_no_known_price_lets_nothing_in_and_everything_out() -> None:
    made = manager()
    made.on_position(KEY, d("0.5"))
    made.on_position(InstrumentId(VENUE, Symbol("X/USDT")), d(1))  # of a gate that has just begun
    assert answer(made, make_intent(1)) is R.VENUE_LIMIT
    out = make_intent(2, amount="0.5", side=SELL, is_reducing=True)
    assert answer(made, out) is ApprovedOrder
    made.on_quote(InstrumentId(VENUE, Symbol("X/USDT")), Quote(0.9, 1.0, 1.1, 1.0), START_NS)
    assert answer(made, make_intent(3)) is ApprovedOrder
