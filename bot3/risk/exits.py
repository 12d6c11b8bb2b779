"""What is to be sold now: everything while flattening, a symbol whose exit was met.

Invariant: a holding that a venue would take no order for is not asked to be sold.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot3.domain.values import ZERO, InstrumentId
from bot3.messages.orders import TargetSized
from bot3.risk.state import RiskState

FLATTEN, STOP = "flatten", "stop"  # in the place of a strategy's name
_DUST: Final = Decimal("1.01")


def exits(state: RiskState, now_ns: int) -> tuple[TargetSized, ...]:
    """While flattening: no position, at once, wherever a venue would take an order for it.

    Where a stop was hit: on no venue of the symbol.
    """
    if state.is_flattening:
        return tuple(
            TargetSized(key, FLATTEN, ZERO, now_ns, 0, is_urgent=True) for key in sellable(state)
        )
    return tuple(
        TargetSized(key, STOP, ZERO, now_ns, 0, is_urgent=True)
        for key in state.instruments
        if key.symbol in state.stops
    )


def is_flat(state: RiskState) -> bool:
    """Flattening, and nothing is left to do."""
    return state.is_flattening and not state.orders and not sellable(state)


def sellable(state: RiskState) -> dict[InstrumentId, Decimal]:
    """What is held and no dust."""
    return {
        key: held
        for key, held in state.positions.items()
        if held > 0 and _is_sellable(state, key, held)
    }


def _is_sellable(state: RiskState, key: InstrumentId, held: Decimal) -> bool:
    """An instrument that nobody knows yet may be: the next look tells.

    The margin is for a crossing price below the mark.
    """
    instrument, mark = state.instruments.get(key), state.mark(key)
    if instrument is None or mark is None:
        return True
    amount = instrument.round_amount(held).amount
    is_dust = amount < instrument.amount_min or amount * mark < instrument.notional_min * _DUST
    return amount > 0 and not is_dust
