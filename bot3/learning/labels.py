"""What a forecast turns out to have been: labels that mature later.

Invariant: a label is decided by closes after the forecast only, and once; a move that does not pay
its costs has none.

Fixed horizon, or the triple barrier of López de Prado 2018 (3.3): whichever comes first of a
profit, a loss and the horizon.
"""

from __future__ import annotations

from enum import Enum, unique
from math import log, sqrt
from typing import NamedTuple

from attrs import field, frozen, validators


@unique
class LabelKind(Enum):
    """How a label is decided."""

    HORIZON = "horizon"
    TRIPLE_BARRIER = "triple_barrier"


@frozen
class LabelSettings:
    """`horizon_bars`: at the latest so much later. `threshold_bps`: the cost of a round trip,
    within which a move has no label; 0 for the plain sign, where only an unchanged price has none.
    `barrier_deviations`: distance of the barriers beyond the costs, in deviations of the return
    over the horizon.
    """

    kind: LabelKind = LabelKind.HORIZON
    horizon_bars: int = field(default=5, validator=validators.ge(1))
    threshold_bps: float = field(default=0.0, validator=validators.ge(0.0))
    barrier_deviations: float = field(default=1.0, validator=validators.gt(0.0))


class Opening(NamedTuple):
    """Where a forecast stood: `barrier` is a log distance, without one the horizon decides."""

    due_bar: int
    close: float
    barrier: float | None


class Outcome(NamedTuple):
    """The log return until the label was decided, and whether it went up; None: neither paid."""

    log_return: float
    is_up: bool | None


def open_label(settings: LabelSettings, bar: int, close: float, deviation: float) -> Opening:
    """Of a forecast at `bar`; `deviation` is that of one bar's log return."""
    due_bar = bar + settings.horizon_bars
    if settings.kind is LabelKind.HORIZON:
        return Opening(due_bar, close, None)
    spread = settings.barrier_deviations * deviation * sqrt(settings.horizon_bars)
    return Opening(due_bar, close, spread + settings.threshold_bps * 1e-4)


def outcome(settings: LabelSettings, opening: Opening, bar: int, close: float) -> Outcome | None:
    """Whether the label is decided at the close of `bar`; None: not yet."""
    moved = log(close / opening.close)
    if opening.barrier is not None and abs(moved) >= opening.barrier > 0.0:
        return Outcome(moved, moved > 0.0)
    if bar < opening.due_bar:
        return None
    return Outcome(moved, moved > 0.0 if abs(moved) > settings.threshold_bps * 1e-4 else None)
