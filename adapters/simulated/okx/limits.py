"""OKX's rate limits: so many requests within two seconds, by endpoint and who asks (okx.md, 11).

Invariant: a refused request is not counted, and was not executed.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Final, final

from adapters.simulated.okx.errors import TOO_FAST, OkxApiError

WINDOW_NS: Final = 2_000_000_000


@final
class Limits:
    """Sliding windows; each forgets what is past."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[object, ...], deque[int]] = defaultdict(deque)

    def count(self, key: tuple[object, ...], limit: int, now_ns: int, weight: int = 1) -> None:
        """Raises `OkxApiError` 50011 with HTTP 429."""
        seen = self._seen[key]
        while seen and seen[0] <= now_ns - WINDOW_NS:
            seen.popleft()
        if len(seen) + weight > limit:
            raise OkxApiError(*TOO_FAST, status=429)
        seen.extend([now_ns] * weight)
