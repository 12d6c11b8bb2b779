"""Protective stops: how far a symbol's holding may fall below its entry before it is sold.

Invariant: where a stop lies is a function of our fills alone, so every restart has it again. One
that was hit holds, through restarts, until nothing that can be sold is left and its pause is over;
as long as it holds, the symbol has no target but zero and no entry passes the gate.

The stop is the bot's own, of the symbol over all its venues (which are worked together): while no
process runs, none acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from bot3.domain.values import ZERO, InstrumentId, Symbol, decimal_of
from bot3.messages.control import StopHit
from bot3.risk.limits import RiskLimits
from bot3.risk.state import RiskState

SECOND_NS = 1_000_000_000


def hits(
    state: RiskState, limits: RiskLimits, sellable: Mapping[InstrumentId, Decimal], now_ns: int
) -> Iterator[StopHit]:
    """Symbols whose stop is hit now and was not before. Dust has none: it could not be sold."""
    if not limits.stop_loss:
        return
    share = 1 - decimal_of(limits.stop_loss)
    until_ns = now_ns + int(limits.stop_pause_s * SECOND_NS)
    for symbol, (cost, value) in _worth(state, sellable).items():
        if symbol not in state.stops and value <= cost * share:
            yield StopHit(symbol, cost, value, now_ns, until_ns)


def over(
    state: RiskState, sellable: Mapping[InstrumentId, Decimal], now_ns: int
) -> tuple[Symbol, ...]:
    """Stops that were hit and hold no longer."""
    held = {instrument.symbol for instrument in sellable}
    return tuple(
        symbol
        for symbol, hit in state.stops.items()
        if now_ns >= hit.until_ns and symbol not in held
    )


def _worth(
    state: RiskState, sellable: Mapping[InstrumentId, Decimal]
) -> dict[Symbol, tuple[Decimal, Decimal]]:
    """What each symbol's holding cost, and what it is worth at the marks.

    An instrument without a mark or an entry says nothing: the others' loss counts.
    """
    worth: dict[Symbol, tuple[Decimal, Decimal]] = {}
    for instrument, held in sellable.items():
        mark, entry = state.marks.get(instrument), state.entries.get(instrument)
        if mark is not None and entry is not None:
            cost, value = worth.get(instrument.symbol, (ZERO, ZERO))
            worth[instrument.symbol] = (cost + held * entry, value + held * mark)
    return worth
