"""What signals of a strength were followed by, regime by regime.

Invariant: a signal counts only once the bars after it have closed.
"""

from __future__ import annotations

from collections import deque

from attrs import define, field, frozen, validators

_BINS = 8


@frozen
class PayoffSettings:
    """`horizon_bars` after a signal its return is taken; `evidence` of as many signals is needed
    before anything is said not to pay; `memory` of so many signals.
    """

    horizon_bars: int = field(default=30, validator=validators.ge(1))
    evidence: int = field(default=300, validator=validators.ge(1))
    memory: int = field(default=2_000, validator=validators.ge(1))


@define
class _Bin:
    """Fading sums of the signals of one strength."""

    count: float = 0.0
    total: float = 0.0


class Payoff:
    """Mean returns in the signal's direction, by regime and strength."""

    __slots__ = ("_bins", "_log", "_settings", "_waiting")

    def __init__(self, settings: PayoffSettings) -> None:
        self._settings = settings
        self._bins: dict[str, list[_Bin]] = {}
        self._waiting: deque[tuple[str, float, float]] = deque()
        self._log = 0.0

    def learn(self, log_return: float) -> None:
        """A bar has closed."""
        self._log += log_return
        if len(self._waiting) >= self._settings.horizon_bars:
            regime, signal, log_before = self._waiting.popleft()
            if signal != 0.0:
                moved = self._log - log_before
                self._take(regime, abs(signal), moved if signal > 0.0 else -moved)

    def watch(self, regime: str, signal: float) -> None:
        """A signal at the close of this bar."""
        self._waiting.append((regime, signal, self._log))

    def pays(self, regime: str, strength: float, cost_bps: float) -> bool:
        """False where signals as strong, and stronger ones, are known to return less than
        `cost_bps` one way.
        """
        bins = self._bins.get(regime)
        if bins is None:
            return True
        as_strong = bins[_bin(strength) :]
        count = sum(each.count for each in as_strong)
        if count < self._settings.evidence:
            return True
        return sum(each.total for each in as_strong) > cost_bps * 1e-4 * count

    def _take(self, regime: str, strength: float, moved: float) -> None:
        bins = self._bins.setdefault(regime, [_Bin() for _ in range(_BINS)])
        fade = 1.0 - 1.0 / self._settings.memory
        for each in bins:
            each.count *= fade
            each.total *= fade
        chosen = bins[_bin(strength)]
        chosen.count += 1.0
        chosen.total += moved


def _bin(strength: float) -> int:
    return min(int(strength * _BINS), _BINS - 1)
