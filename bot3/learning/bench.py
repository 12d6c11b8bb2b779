"""When a learner is not to be listened to for a while.

Invariant: while benched its forecasts count for nothing; it goes on learning, and comes back by
itself.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, unique

from attrs import field, frozen, validators

SECOND_NS = 1_000_000_000


@unique
class BenchReason(Enum):
    """Why."""

    NOT_A_NUMBER = "not a number"
    TOO_SLOW = "too slow"
    DRIFT_STORM = "drift storm"


@frozen
class BenchSettings:
    """`latency_budget_us` of a forecast, `slow_max` of the last `looks` may exceed it; so many
    `drifts_max` within `drift_window_s`, or `faults_max` forecasts in that time that were no
    probability. Benched for `bench_s`.
    """

    latency_budget_us: float = field(default=5_000.0, validator=validators.gt(0.0))
    looks: int = field(default=20, validator=validators.ge(1))
    slow_max: int = field(default=5, validator=validators.ge(0))
    drifts_max: int = field(default=8, validator=validators.ge(0))
    faults_max: int = field(default=3, validator=validators.ge(0))
    drift_window_s: float = field(default=300.0, validator=validators.gt(0.0))
    bench_s: float = field(default=120.0, validator=validators.gt(0.0))


class Bench:
    """The policy for one learner; times are those of its bars."""

    __slots__ = ("_drifts", "_faults", "_settings", "_slow", "until_ns")

    def __init__(self, settings: BenchSettings | None = None) -> None:
        self._settings = settings or BenchSettings()
        self._slow: deque[bool] = deque(maxlen=self._settings.looks)
        self._drifts: deque[int] = deque(maxlen=self._settings.drifts_max + 1)
        self._faults: deque[int] = deque(maxlen=self._settings.faults_max + 1)
        self.until_ns = 0

    def is_benched(self, ts_ns: int) -> bool:
        """At a bar's close."""
        return ts_ns < self.until_ns

    def on_forecast(self, ts_ns: int, took_us: float, faults: int) -> BenchReason | None:
        """A forecast took so long, and so many models said what is no probability."""
        self._slow.append(took_us > self._settings.latency_budget_us)
        self._faults.extend([ts_ns] * faults)
        if self._is_crowded(self._faults, ts_ns):
            return self._bench(ts_ns, BenchReason.NOT_A_NUMBER)
        if sum(self._slow) > self._settings.slow_max:
            return self._bench(ts_ns, BenchReason.TOO_SLOW)
        return None

    def on_drift(self, ts_ns: int) -> BenchReason | None:
        """A model's error rose for good."""
        self._drifts.append(ts_ns)
        if self._is_crowded(self._drifts, ts_ns):
            return self._bench(ts_ns, BenchReason.DRIFT_STORM)
        return None

    def _is_crowded(self, times: deque[int], ts_ns: int) -> bool:
        """More than are allowed, all of them recent."""
        window_ns = int(self._settings.drift_window_s * SECOND_NS)
        return len(times) == times.maxlen and ts_ns - times[0] <= window_ns

    def _bench(self, ts_ns: int, reason: BenchReason) -> BenchReason | None:
        """Told once; what led to it counts no more."""
        self._slow.clear()
        self._drifts.clear()
        self._faults.clear()
        is_news = not self.is_benched(ts_ns)
        self.until_ns = ts_ns + int(self._settings.bench_s * SECOND_NS)
        return reason if is_news else None
