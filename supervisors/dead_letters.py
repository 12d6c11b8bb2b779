"""Messages that died with their actor: the newest are kept with their traceback, all are counted.

Invariant: bounded; `total` counts every letter ever added, kept or not.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterator
from typing import Any, final

from attrs import frozen


@final
@frozen
class DeadLetter:
    """One message that was in an actor's hands when it died, for the `tries`-th and last time."""

    to: str
    message: Any
    error: str
    traceback: str
    ts_ns: int
    tries: int = 1


@final
class DeadLetters:
    """The newest dead letters of one actor, oldest first when iterated."""

    def __init__(self, capacity: int = 100) -> None:
        self.total = 0
        self._reported = 0
        self._kept: deque[DeadLetter] = deque(maxlen=capacity)

    def __iter__(self) -> Iterator[DeadLetter]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, to: str, message: Any, error: BaseException, ts_ns: int, tries: int = 1) -> None:
        self.total += 1
        self._kept.append(
            DeadLetter(
                to=to,
                message=message,
                error=describe(error),
                traceback="".join(traceback.format_exception(error)),
                ts_ns=ts_ns,
                tries=tries,
            )
        )

    def unreported(self) -> tuple[DeadLetter, ...]:
        """The letters kept since the last call."""
        fresh = min(self.total - self._reported, len(self._kept))
        self._reported = self.total
        return tuple(self._kept)[len(self._kept) - fresh :]


def describe(error: BaseException | None) -> str:
    """One line: the error's type and words, even if it cannot say them; empty for None."""
    return "" if error is None else traceback.format_exception_only(error)[0].strip()
