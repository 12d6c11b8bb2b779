"""Change points of a stream of returns whose size nobody knows beforehand.

Invariant: each change is told once, a few bars after it, when the segmentation has kept it.
"""

from __future__ import annotations

from statistics import fmean, stdev

from bot3.regime.change_points import ChangePointDetector, ChangePointSettings

START_BARS = 60  # from which the scale is taken
CONFIRMED_PROBABILITY = 0.5  # that the last change was about then, or later
NEARLY_BARS = 2
CONFIRMED_BARS = 5  # a change younger than this may still be one outlier
SCALE_MIN = 1e-9  # of a market that does not move


class ReturnChanges:
    """A `ChangePointDetector` of returns in units of their first bars' deviation."""

    __slots__ = ("_center", "_detector", "_scale", "_start", "_told")

    def __init__(self, settings: ChangePointSettings) -> None:
        self._detector = ChangePointDetector(settings)
        self._start: list[float] = []
        self._center, self._scale = 0.0, 1.0
        self._told = 0

    def update(self, log_return: float) -> bool:
        """Takes a bar's return; True where a change is told."""
        if len(self._start) < START_BARS:
            self._start.append(log_return)
            if len(self._start) == START_BARS:
                self._begin()
            return False
        return self._take(log_return)

    def _begin(self) -> None:
        self._center = fmean(self._start)
        self._scale = max(stdev(self._start, self._center), SCALE_MIN)
        for log_return in self._start:
            self._take(log_return)

    def _take(self, log_return: float) -> bool:
        self._detector.update((log_return - self._center) / self._scale)
        last, age = self._detector.last_change, self._detector.rows - self._detector.last_change
        if last <= self._told or age < CONFIRMED_BARS:
            return False
        if self._detector.probability_since(age + NEARLY_BARS) < CONFIRMED_PROBABILITY:
            return False  # the best segmentation has it, most others do not
        self._told = last
        return True
