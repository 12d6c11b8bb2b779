"""The gate: one ordered table of checks; the only place where an order becomes approved.

Invariant: an intent is approved where every check of `CHECKS` passes, and denied by the first that
does not, in the order of `DenialReason`.

A reducing order (a sell that the position covers, `bot3.risk.state.reduces`) passes the limits on
entries: position, exposure, order notional, an open circuit, books that differ from the venue's, a
stop that was hit, the rules of `bot3.risk.entries`, and a halt where the limits allow exits,
positions are being flattened, or its symbol's protective stop was hit: a halt strips nothing of its
protection. An order of a cross symbol never reduces: it is an entry of what it brings in, and what
it gives must be held. A reducing order does not pass a stale or crossed book, a venue that is down,
the collar, the rate or the balance: those say that we do not know what we are doing.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bot3.domain.approval import ApprovedOrder, grant
from bot3.domain.order import OrderIntent, OrderType
from bot3.domain.refusal import Denial, DenialReason
from bot3.domain.values import ZERO, InstrumentId, Price, decimal_of
from bot3.messages.control import StopKind
from bot3.portfolio.positions import base_and_quote
from bot3.risk import entries
from bot3.risk.limits import RiskLimits
from bot3.risk.state import RiskState, entered_by, lowered_by, raised_by, reduces

SECOND_NS = 1_000_000_000
Check = Callable[[RiskState, RiskLimits, OrderIntent, int], str | None]


def _halted(state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    if state.halted_reason is None:
        return None
    is_stopped = intent.instrument.symbol in state.stops
    is_exit_allowed = limits.is_exit_allowed_when_halted or state.is_flattening or is_stopped
    if is_exit_allowed and reduces(state, intent):
        return None
    return state.halted_reason


def _unknown(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    known, rate = state.instruments.get(intent.instrument), intent.conversion
    if known is None:
        return f"{intent.instrument} is not loaded"
    if rate is not None:
        is_sound = (
            rate.instrument in state.instruments and rate.home(known.quote) == rate.instrument
        )
        return None if is_sound else f"{rate.instrument} does not value {known.quote}"
    is_cross = any(
        each.base == known.quote and key.venue == intent.instrument.venue
        for key, each in state.instruments.items()
    )
    return f"nobody said what {known.quote} is worth" if is_cross else None


def _duplicate(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    """Numbers only count up, so the last approved one tells every duplicate from a new intent."""
    if intent.number > state.last_intent_number:
        return None
    return f"intent {intent.number}, but {state.last_intent_number} was approved before"


def _venue_down(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    return state.venues_down.get(intent.instrument.venue)


def _circuit(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    circuit = state.circuits.get(intent.instrument.venue)
    if circuit is None or circuit.probes or reduces(state, intent):
        return None
    return circuit.reason


def _mismatch(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    """On a venue whose books and ours differ we do not know what an entry would do."""
    for (venue, _), mismatch in state.mismatches.items():
        if venue == intent.instrument.venue and not reduces(state, intent):
            return mismatch.words
    return None


def _stopped_by(kind: StopKind) -> Check:
    """A symbol whose exit of that kind was met is not entered."""

    def check(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
        hit = state.stops.get(entered_by(intent).symbol)
        if hit is None or hit.kind is not kind or reduces(state, intent):
            return None
        return hit.words

    return check


def _books(intent: OrderIntent) -> tuple[InstrumentId, ...]:
    """Those that it is judged by."""
    rate = intent.conversion
    return (intent.instrument,) if rate is None else (intent.instrument, rate.instrument)


def _stale(state: RiskState, limits: RiskLimits, intent: OrderIntent, now_ns: int) -> str | None:
    for key in _books(intent):
        seen = state.quotes.get(key)
        if seen is None:
            return "no quote"
        age_s = (now_ns - seen.ts_local_ns) / SECOND_NS
        # A quote from the future (a stepped clock) is as unfit as an old one.
        if abs(age_s) > limits.book_age_max_s:
            return f"quote is {age_s:.3f} s old"
    return None


def _crossed(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    for seen in (state.quotes[key] for key in _books(intent)):
        if not seen.is_sound:
            return f"bid {seen.quote.bid}, ask {seen.quote.ask}"
    return None


def _off(state: RiskState, key: InstrumentId, price: Price, bound_bps: float) -> str | None:
    mid = state.quotes[key].mid
    off = abs(price.amount - mid) * 10_000
    if off <= decimal_of(bound_bps) * mid:
        return None
    return f"{price.amount} is {off / mid:.1f} bps off the mid {mid}"


def _collar(state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    is_exit = state.is_flattening or intent.instrument.symbol in state.stops
    is_wide = is_exit and reduces(state, intent)
    bound_bps = limits.exit_collar_bps if is_wide else limits.price_collar_bps
    off = _off(state, intent.instrument, intent.worst_price, bound_bps)
    rate = intent.conversion
    if off is not None or rate is None:
        return off
    return _off(state, rate.instrument, rate.price, bound_bps)


def _filter(state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    is_market = intent.order_type is OrderType.MARKET
    if is_market == (intent.price is not None):
        return f"{intent.order_type.value} with price {intent.price}"
    refusal = state.instruments[intent.instrument].refusal_of(
        intent.amount, intent.worst_price, is_market=is_market
    )
    if refusal is not None:
        return f"{refusal.value}: {intent.amount.amount} at {intent.worst_price.amount}"
    rate = intent.conversion
    in_currency = 1 if rate is None else state.value_price(rate.instrument, rate.price)
    ours, notional = limits.order_notional_max, intent.notional.amount * in_currency
    if ours and notional > ours and not reduces(state, intent):
        return f"notional {notional} is above order_notional_max {ours}"
    return None


def _rate(state: RiskState, limits: RiskLimits, intent: OrderIntent, now_ns: int) -> str | None:
    times = state.order_times_ns.get(intent.instrument.venue)
    if times is None:
        return None
    since = now_ns - int(limits.order_rate_window_s * SECOND_NS)
    while times and times[0] <= since:
        times.popleft()
    if len(times) < limits.order_rate_max:
        return None
    return f"{len(times)} orders in {limits.order_rate_window_s} s"


def _fraction_of_equity(state: RiskState, fraction: float) -> Decimal:
    equity = state.watch.equity
    return ZERO if equity is None or equity <= 0 else equity * decimal_of(fraction)


def _position(
    state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int
) -> str | None:
    if reduces(state, intent):
        return None
    raised, lowered = raised_by(intent), lowered_by(intent)
    if lowered is not None:
        held = state.positions.get(lowered, ZERO)
        asset, unit_cost = state.cost_of(intent)
        selling = state.bound(lowered.venue, asset) + intent.amount.amount * unit_cost
        if selling > held:
            return f"would sell {selling} of {held}"
    if raised is None:
        return None
    value = state.exposure(raised) + intent.amount.amount * state.unit_value(intent)
    bound = _fraction_of_equity(state, limits.position_fraction_max)
    return f"position of {value:.2f} is above {bound:.2f}" if value > bound else None


def _exposed(
    state: RiskState,
    intent: OrderIntent,
    fraction: float,
    what: str,
    is_counted: Callable[[InstrumentId], bool],
) -> str | None:
    """Exposure of the instruments that are counted, with this order, against a share of equity."""
    if raised_by(intent) is None:
        return None
    unpriced = state.unpriced(is_counted)
    if unpriced is not None:
        return f"{what} is unknown: {unpriced} is held, and no price of it has come yet"
    value = state.exposure_total(is_counted) + intent.amount.amount * state.unit_value(intent)
    bound = _fraction_of_equity(state, fraction)
    return f"{what} of {value:.2f} is above {bound:.2f}" if value > bound else None


def _asset(state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    base = base_and_quote(entered_by(intent))[0]
    what = f"exposure to {base}"
    return _exposed(
        state,
        intent,
        limits.asset_fraction_max,
        what,
        lambda key: base_and_quote(key)[0] == base,
    )


def _venue(state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    venue = intent.instrument.venue
    what = f"exposure on {venue}"
    return _exposed(state, intent, limits.venue_fraction_max, what, lambda key: key.venue == venue)


def _exposure(
    state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int
) -> str | None:
    return _exposed(state, intent, limits.exposure_fraction_max, "exposure", lambda _: True)


def _balance(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    asset, unit_cost = state.cost_of(intent)
    needed = intent.amount.amount * unit_cost
    available = state.available(intent.instrument.venue, asset)
    return f"needs {needed} {asset}, {available} available" if needed > available else None


def _self_trade(state: RiskState, _l: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    for other in state.open_orders(intent.instrument, intent.side.opposite):
        if other.is_closed:
            continue
        theirs = other.intent.price
        if intent.price is None or theirs is None:
            return f"would meet our own {other.intent.client_order_id}"
        if intent.side.sign * (intent.price.amount - theirs.amount) >= 0:
            return f"crosses our own {other.intent.client_order_id} at {theirs.amount}"
    return None


CHECKS: dict[DenialReason, Check] = {
    DenialReason.TRADING_HALTED: _halted,
    DenialReason.UNKNOWN_INSTRUMENT: _unknown,
    DenialReason.DUPLICATE_INTENT: _duplicate,
    DenialReason.VENUE_DOWN: _venue_down,
    DenialReason.CIRCUIT_OPEN: _circuit,
    DenialReason.RECONCILE_MISMATCH: _mismatch,
    DenialReason.STOP_LOSS: _stopped_by(StopKind.LOSS),
    DenialReason.TRAILING_STOP: _stopped_by(StopKind.TRAILING),
    DenialReason.TAKE_PROFIT: _stopped_by(StopKind.PROFIT),
    DenialReason.TIME_STOP: _stopped_by(StopKind.TIME),
    DenialReason.COOLDOWN: entries.cooldown,
    DenialReason.STOP_GUARD: entries.stop_guard,
    DenialReason.OPEN_TRADES: entries.open_trades,
    DenialReason.PAIR_VOLUME: entries.pair_volume,
    DenialReason.PAIR_AGE: entries.pair_age,
    DenialReason.BOOK_STALE: _stale,
    DenialReason.BOOK_CROSSED: _crossed,
    DenialReason.PAIR_SPREAD: entries.pair_spread,
    DenialReason.PRICE_COLLAR: _collar,
    DenialReason.FILTER: _filter,
    DenialReason.ORDER_RATE: _rate,
    DenialReason.POSITION_LIMIT: _position,
    DenialReason.ASSET_LIMIT: _asset,
    DenialReason.VENUE_LIMIT: _venue,
    DenialReason.EXPOSURE_LIMIT: _exposure,
    DenialReason.BALANCE: _balance,
    DenialReason.SELF_TRADE: _self_trade,
}


def judge(
    state: RiskState, limits: RiskLimits, intent: OrderIntent, now_ns: int
) -> ApprovedOrder | Denial:
    """The first check that refuses decides. Counting an approved order is the caller's."""
    for reason, check in CHECKS.items():
        detail = check(state, limits, intent, now_ns)
        if detail is not None:
            return Denial(intent.client_order_id, reason, detail)
    return grant(intent)
