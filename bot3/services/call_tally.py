"""How a venue's order entry answers: for the operator, beside what healing is told.

Invariant: holds at most the last `KEPT` calls.
"""

from __future__ import annotations

from collections import deque
from typing import Final, final

KEPT: Final = 200
NS_PER_MS: Final = 1_000_000


@final
class CallTally:
    """Written by one actor, read between its steps."""

    def __init__(self) -> None:
        self._failed: deque[bool] = deque(maxlen=KEPT)
        self._acks_ns: deque[int] = deque(maxlen=KEPT)

    def ended(self, *, is_answered: bool) -> None:
        """A call came to its end; not answered is a time-out, a 5xx, a lost connection."""
        self._failed.append(not is_answered)

    def acknowledged(self, elapsed_ns: int) -> None:
        """An order was taken, so long after it left."""
        self._acks_ns.append(elapsed_ns)

    def error_rate(self) -> float | None:
        """The share of the last calls that were not answered; None before the first."""
        return sum(self._failed) / len(self._failed) if self._failed else None

    def ack_latency_ms(self) -> float | None:
        """The median of the last acknowledgements; None before the first."""
        if not self._acks_ns:
            return None
        return sorted(self._acks_ns)[len(self._acks_ns) // 2] / NS_PER_MS
