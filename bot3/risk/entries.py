"""Rules about when and what to enter: the protections that users of trading bots know.

Invariant: none binds an order that reduces; what a rule needs and nobody has told is a refusal.
"""

from __future__ import annotations

from bot3.domain.order import OrderIntent
from bot3.domain.values import Symbol
from bot3.risk.exits import sellable
from bot3.risk.limits import RiskLimits
from bot3.risk.state import RiskState, entered_by, raised_by, reduces

SECOND_NS = 1_000_000_000


def cooldown(state: RiskState, limits: RiskLimits, intent: OrderIntent, now_ns: int) -> str | None:
    """A position that was closed a moment ago is not opened again."""
    closed_ns = state.trips.closed_ns.get(entered_by(intent).symbol)
    if not limits.cooldown_s or closed_ns is None or reduces(state, intent):
        return None
    passed_s = (now_ns - closed_ns) / SECOND_NS
    if passed_s >= limits.cooldown_s:
        return None
    return f"closed {passed_s:.0f} s ago, {limits.cooldown_s:g} s are wanted"


def stop_guard(
    state: RiskState, limits: RiskLimits, intent: OrderIntent, now_ns: int
) -> str | None:
    """Many stops in a short time are the market's word on all our entries."""
    if not limits.stop_guard_stops or reduces(state, intent):
        return None
    count = limits.stop_guard_stops
    last = [*state.stops_hit_ns][-count:]
    is_many = len(last) == count and last[-1] - last[0] <= limits.stop_guard_window_s * SECOND_NS
    if not is_many or now_ns - last[-1] >= limits.stop_guard_pause_s * SECOND_NS:
        return None
    return f"{count} stops within {limits.stop_guard_window_s:g} s"


def open_trades(
    state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int
) -> str | None:
    """Only so many symbols at a time; what is being bought counts."""
    if not limits.open_trades_max or raised_by(intent) is None:
        return None
    symbols: set[Symbol] = {key.symbol for key in sellable(state)}
    symbols |= {
        order.raised.symbol
        for order in state.orders.values()
        if order.raised is not None and order.remaining > 0
    }
    symbols.discard(entered_by(intent).symbol)
    if len(symbols) < limits.open_trades_max:
        return None
    return f"{len(symbols)} others are open, {limits.open_trades_max} are allowed"


def pair_volume(
    state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int
) -> str | None:
    """A market that trades too little."""
    if not limits.pair_volume_min or reduces(state, intent):
        return None
    known = state.pairs.get(entered_by(intent))
    if known is None:
        return "the day's volume is not known yet"
    if known.volume >= limits.pair_volume_min:
        return None
    return f"a day's volume is {known.volume:.0f}, {limits.pair_volume_min:.0f} is wanted"


def pair_spread(
    state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int
) -> str | None:
    """A market too wide just now."""
    if not limits.pair_spread_max_bps or reduces(state, intent):
        return None
    quote = state.quotes[intent.instrument].quote
    spread_bps = (quote.ask - quote.bid) / quote.mid * 1e4
    if spread_bps <= limits.pair_spread_max_bps:
        return None
    return f"the spread is {spread_bps:.1f} bps, {limits.pair_spread_max_bps:g} is allowed"


def pair_age(state: RiskState, limits: RiskLimits, intent: OrderIntent, _now_ns: int) -> str | None:
    """A market too young."""
    if not limits.pair_age_min_days or reduces(state, intent):
        return None
    known = state.pairs.get(entered_by(intent))
    if known is None:
        return "its age is not known yet"
    if known.age_days >= limits.pair_age_min_days:
        return None
    return f"{known.age_days} days old, {limits.pair_age_min_days} are wanted"
