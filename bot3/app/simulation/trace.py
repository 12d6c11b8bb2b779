"""What happened in a simulation, as a digest, as counts and as its last lines.

Invariant: two runs with the same digest had the same bytes on the wire, records on the disk,
reports at the exchange, faults and lives of actors, each at the same virtual time.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable
from typing import final

import trio

LINES_KEPT = 60


@final
class Trace:
    """Time-stamped lines; bytes on the wire count for the digest alone. `time_s` is Trio's."""

    def __init__(self, time_s: Callable[[], float] = trio.current_time) -> None:
        self._time_s = time_s
        self.faults: Counter[str] = Counter()
        self.healing: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=LINES_KEPT)
        self._digest = hashlib.sha256()

    def line(self, text: str) -> None:
        """Something worth telling."""
        stamped = f"{self._time_s():12.6f} {text}"
        self.last.append(stamped)
        self._digest.update(stamped.encode())

    def bytes_arrived(self, direction: str, data: bytes) -> None:
        """On the wire."""
        self._digest.update(f"{self._time_s()!r} {direction} ".encode())
        self._digest.update(data)

    def fault(self, kind: str, detail: str = "") -> None:
        """Something was made to go wrong."""
        self.faults[kind] += 1
        self.line(f"fault {kind} {detail}".rstrip())

    def sha256(self) -> str:
        """Of everything so far."""
        return self._digest.hexdigest()
