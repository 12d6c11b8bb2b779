"""What the actors of a run queue were told from outside, which times they read, and what they said.

Invariant: a turn is a function of the message that began it, of the times read in it and of what
the actors know; so the same actors, told the same and reading the same, say the same. Only what
comes from outside of a turn is an event; only what is read or said in a turn is kept beside.
"""

from __future__ import annotations

from enum import Enum, unique
from typing import Any, Final, NamedTuple, final

from supervisors.actor import Address
from supervisors.clock import Clock
from supervisors.dispatch import Recipient, RunQueue


@unique
class TapeMark(Enum):
    """What happened from outside."""

    SENT = "sent"
    STARTED = "started"
    ENDED = "ended"
    TOLD = "told"  # somebody who is no actor: called at once, in no turn


class TapeEvent(NamedTuple):
    """`place` is the cell, or whoever was told."""

    mark: TapeMark
    place: Any
    message: Any = None


@final
class Tape:
    """As `watcher` of a run queue it hears of every event; `clock` and `address` keep the rest.

    `said` are words, `name: message`, for messages need not be comparable.
    """

    def __init__(self, runs: RunQueue) -> None:
        self._runs = runs
        self.events: list[TapeEvent] = []
        self.readings: list[int] = []
        self.said: list[str] = []
        self.is_over = False

    @property
    def is_in_turn(self) -> bool:
        """Whether a handler is at work."""
        return self._runs.turn_started_ns is not None

    def on_sent(self, cell: Recipient, message: Any) -> None:
        """See `Watcher`."""
        self._note(TapeMark.SENT, cell, message)

    def on_started(self, cell: Recipient) -> None:
        """See `Watcher`."""
        self._note(TapeMark.STARTED, cell)

    def on_ended(self, cell: Recipient) -> None:
        """See `Watcher`."""
        self._note(TapeMark.ENDED, cell)

    def told(self, place: Any, message: Any) -> None:
        """Somebody who is no actor was told something."""
        self._note(TapeMark.TOLD, place, message)

    def _note(self, mark: TapeMark, place: Any, message: Any = None) -> None:
        """Kept where no handler did it, and the tape is not over."""
        if not self.is_in_turn and not self.is_over:
            self.events.append(TapeEvent(mark, place, message))

    def clock(self, clock: Clock) -> Clock:
        """The same clock, whose readings in turns are kept."""
        return _TapedClock(clock, self)

    def address(self, address: Address[Any]) -> Address[Any]:
        """The same address; what handlers send there is kept."""
        return _TapedAddress(address, self)


@final
class _TapedClock:
    def __init__(self, clock: Clock, tape: Tape) -> None:
        self._clock, self._tape = clock, tape

    def now_ns(self) -> int:
        return self._kept(self._clock.now_ns())

    def monotonic_ns(self) -> int:
        return self._kept(self._clock.monotonic_ns())

    def _kept(self, value: int) -> int:
        if self._tape.is_in_turn and not self._tape.is_over:
            self._tape.readings.append(value)
        return value


@final
class _TapedAddress:
    def __init__(self, address: Address[Any], tape: Tape) -> None:
        self._address, self._tape = address, tape

    @property
    def name(self) -> str:
        return self._address.name

    def send(self, message: Any) -> None:
        if self._tape.is_in_turn and not self._tape.is_over:
            self._tape.said.append(words_of(self.name, message))
        self._address.send(message)


_RECORD: Final = "record"


def words_of(name: str, message: Any) -> str:
    """An entry that is to be delivered further is told by its record."""
    return f"{name}: {getattr(message, _RECORD, message)!r}"


@final
class ReplayClock:
    """Reads a tape's readings, one after the other; raises `TapeError` when there are no more."""

    def __init__(self, readings: list[int]) -> None:
        self._readings, self._at, self._asked = readings, 0, 0

    @property
    def is_exact(self) -> bool:
        """Whether as many times were read as are on the tape."""
        return self._asked == len(self._readings)

    def now_ns(self) -> int:
        return self._next()

    def monotonic_ns(self) -> int:
        return self._next()

    def _next(self) -> int:
        self._asked += 1
        if self._at >= len(self._readings):
            raise TapeError("more times were read than on the tape")
        self._at += 1
        return self._readings[self._at - 1]


class TapeError(Exception):
    """What is replayed is not what was taped."""
