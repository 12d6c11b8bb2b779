"""Protective exits: a stop below the entry, one below the peak, a profit, a longest time.

Invariant: what they go by (entries, peaks, when a position was opened) is in the journal, so every
restart has it again. One that was met holds, through restarts, until nothing that can be sold is
left and its pause is over; as long as it holds, the symbol has no target but zero and no entry
passes the gate.

They are the bot's own, of the symbol over all its venues (which are worked together): while no
process runs, none acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from attrs import define

from bot3.domain.values import ZERO, InstrumentId, Symbol, decimal_of
from bot3.messages.control import PeakRaised, StopHit, StopKind
from bot3.risk.limits import RiskLimits
from bot3.risk.state import RiskState

SECOND_NS = 1_000_000_000
# A peak is written when it has risen by so much: a restart may lose a tenth of a percent of it.
_PEAK_STEP: Final = Decimal("1.001")


@define
class _Held:
    cost: Decimal = ZERO
    value: Decimal = ZERO
    amount: Decimal = ZERO
    opened_ns: int | None = None

    @property
    def price(self) -> Decimal:
        return self.value / self.amount


def hits(
    state: RiskState, limits: RiskLimits, sellable: Mapping[InstrumentId, Decimal], now_ns: int
) -> Iterator[StopHit]:
    """Symbols whose exit is met now and was not before. Dust has none: it could not be sold."""
    until_ns = now_ns + int(limits.stop_pause_s * SECOND_NS)
    for symbol, held in _held(state, sellable).items():
        kind = None if symbol in state.stops else _met(state, limits, symbol, held, now_ns)
        if kind is not None:
            yield StopHit(symbol, held.cost, held.value, now_ns, until_ns, kind)


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


def raise_peaks(
    state: RiskState, limits: RiskLimits, sellable: Mapping[InstrumentId, Decimal], now_ns: int
) -> tuple[PeakRaised, ...]:
    """Takes note of higher mids while held; those to write down. What is not held has no peak."""
    if not limits.trailing_stop:
        return ()
    held = _held(state, sellable)
    for symbol in [each for each in state.peaks if each not in held]:
        del state.peaks[symbol]
    raised = []
    for symbol, each in held.items():
        known = state.peaks.get(symbol)
        if known is None or each.price >= known * _PEAK_STEP:
            state.peaks[symbol] = each.price
            raised.append(PeakRaised(symbol, each.price, now_ns))
    return tuple(raised)


def _met(
    state: RiskState, limits: RiskLimits, symbol: Symbol, held: _Held, now_ns: int
) -> StopKind | None:
    if limits.stop_loss and held.value <= held.cost * (1 - decimal_of(limits.stop_loss)):
        return StopKind.LOSS
    if limits.take_profit and held.value >= held.cost * (1 + decimal_of(limits.take_profit)):
        return StopKind.PROFIT
    if limits.trailing_stop and _has_fallen(state, limits, symbol, held):
        return StopKind.TRAILING
    if not limits.holding_max_s or held.opened_ns is None:
        return None
    is_old = now_ns - held.opened_ns >= limits.holding_max_s * SECOND_NS
    return StopKind.TIME if is_old else None


def _has_fallen(state: RiskState, limits: RiskLimits, symbol: Symbol, held: _Held) -> bool:
    peak, entry = state.peaks.get(symbol), held.cost / held.amount
    if peak is None or peak < entry * (1 + decimal_of(limits.trailing_from)):
        return False
    return held.price <= peak * (1 - decimal_of(limits.trailing_stop))


def _held(state: RiskState, sellable: Mapping[InstrumentId, Decimal]) -> dict[Symbol, _Held]:
    """What each symbol's holding cost, and what it is worth at the marks.

    An instrument without a mark or an entry says nothing: the others' loss counts.
    """
    found: dict[Symbol, _Held] = {}
    for instrument, amount in sellable.items():
        mark, entry = state.mark(instrument), state.entries.get(instrument)
        if mark is None or entry is None:
            continue
        held = found.setdefault(instrument.symbol, _Held())
        held.cost += amount * entry
        held.value += amount * mark
        held.amount += amount
        opened_ns = state.trips.opened_ns(instrument)
        if opened_ns is not None:
            held.opened_ns = min(held.opened_ns or opened_ns, opened_ns)
    return found
