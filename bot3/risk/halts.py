"""When the gate is shut, and what opens it again.

Invariant: once shut it stays so until an operator resumes, or the rule of the ladder does, which
ends only what one of our own limits began.
"""

from __future__ import annotations

from decimal import Decimal

from bot3.messages.control import HaltCause, TradingHalted, TradingResumed
from bot3.risk.adaptive.ladder import DrawdownLadder
from bot3.risk.exits import is_flat
from bot3.risk.limits import RiskLimits
from bot3.risk.state import RiskState


def mark_equity(
    state: RiskState, limits: RiskLimits, equity: Decimal, now_ns: int
) -> TradingHalted | None:
    """Halts where drawdown or daily loss reach their limits, and sells what is held where the
    limits say so; reported once.
    """
    state.watch = watch = state.watch.mark(equity, now_ns)
    if watch.drawdown >= limits.drawdown_max:
        reason = f"drawdown {watch.drawdown:.2%} from {watch.peak:.2f}"
        return _by_limit(state, limits, reason, now_ns, HaltCause.DRAWDOWN)
    if watch.daily_loss >= limits.daily_loss_max:
        reason = f"loss of {watch.daily_loss:.2%} since the day began"
        return _by_limit(state, limits, reason, now_ns, HaltCause.DAILY_LOSS)
    return None


def _by_limit(
    state: RiskState, limits: RiskLimits, reason: str, now_ns: int, cause: HaltCause
) -> TradingHalted | None:
    if state.halted is not None:
        return None
    state.halted = TradingHalted(reason, now_ns, limits.is_flattened_at_limit, cause)
    return state.halted


def halt(state: RiskState, reason: str, now_ns: int) -> TradingHalted | None:
    """By an order. None where it was shut by one before: the first reason stands.

    One of our own limits' halts becomes an ordered one: from now on no rule ends it.
    """
    before = state.halted
    if before is not None and before.cause is HaltCause.ORDERED:
        return None
    is_flattening = before is not None and before.is_flattening
    words = reason if before is None else f"{reason}; {before.reason}"
    state.halted = TradingHalted(words, now_ns, is_flattening)
    return state.halted


def flatten(state: RiskState, reason: str, now_ns: int) -> TradingHalted | None:
    """Shuts the gate for entries alone. None where that was ordered before."""
    before = state.halted
    if before is not None and before.is_flattening and before.cause is HaltCause.ORDERED:
        return None
    state.halted = TradingHalted(reason, now_ns, is_flattening=True)
    return state.halted


def resume(state: RiskState, operator: str, now_ns: int) -> TradingResumed | None:
    """Opens the gate; drawdown and daily loss count anew from here, the venues' balances are
    taken over, and stops that were hit are over. None where it was open.
    """
    if state.halted is None and not state.mismatches and not state.stops:
        return None
    state.halted = None
    state.stops.clear()
    state.watch = state.watch.rebase()
    return TradingResumed(operator, now_ns)


def reopen(state: RiskState, ladder: DrawdownLadder, now_ns: int) -> TradingResumed | None:
    """Opens the gate by rule; sizes stay smaller. None where the rule does not allow it (yet), and
    while there is something left to sell.
    """
    halted = state.halted
    if halted is None or (halted.is_flattening and not is_flat(state)):
        return None
    if not ladder.may_reopen(halted, state.watch.reopens, now_ns):
        return None
    state.halted = None
    state.watch = state.watch.rebase(is_by_rule=True)
    return TradingResumed(f"by rule, time {state.watch.reopens}", now_ns, is_by_rule=True)
