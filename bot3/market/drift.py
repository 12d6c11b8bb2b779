"""Notices that a stream's mean has changed: ADWIN (Bifet and Gavaldà 2007), as River has it.

Invariant: one detection per change; after it the window holds only what came since.
"""

from __future__ import annotations

from importlib import import_module
from math import isfinite

from attrs import field, frozen, validators


@frozen
class DriftSettings:
    """`delta`: bound on the probability of a false alarm at each check."""

    delta: float = field(default=0.002, validator=[validators.gt(0.0), validators.lt(1.0)])


class DriftMonitor:
    """Watches |log return| or a 0/1 forecast error; raises ValueError for what is not finite."""

    __slots__ = ("_adwin", "detections", "name")

    def __init__(self, name: str, settings: DriftSettings | None = None) -> None:
        self.name = name
        adwin = import_module("river.drift").ADWIN  # late: seconds, for learners only
        self._adwin = adwin(delta=(settings or DriftSettings()).delta)
        self.detections = 0

    @property
    def mean(self) -> float:
        """The mean since the last change."""
        return float(self._adwin.estimation)

    def update(self, value: float) -> bool:
        """Takes one value; True where the mean has changed."""
        if not isfinite(value):
            raise ValueError(f"the drift monitor {self.name} got {value}")
        self._adwin.update(value)
        has_drifted = bool(self._adwin.drift_detected)
        self.detections += has_drifted
        return has_drifted
