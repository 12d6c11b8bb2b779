"""Rate limits as so many requests within a sliding window, by whatever key a venue counts.

Invariant: a refused request is not counted.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import final


@final
class SlidingLimits:
    """Each key's window forgets what is past."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._seen: defaultdict[tuple[object, ...], deque[int]] = defaultdict(deque)

    def take(self, key: tuple[object, ...], limit: int, now_ns: int) -> bool:
        """Whether one more is within the limit; then it is counted."""
        seen = self._fresh(key, now_ns)
        if len(seen) >= limit:
            return False
        seen.append(now_ns)
        return True

    def left(self, key: tuple[object, ...], limit: int, now_ns: int) -> int:
        """How many more there may be now."""
        return limit - len(self._fresh(key, now_ns))

    def _fresh(self, key: tuple[object, ...], now_ns: int) -> deque[int]:
        seen = self._seen[key]
        while seen and seen[0] <= now_ns - self._window_ns:
            seen.popleft()
        return seen
