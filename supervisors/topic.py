"""Fan-out: one message to every subscriber, in the order they subscribed.

Invariant: publishing never waits, and no subscriber's full queue costs another one a message.
Where laggards crash, no subscriber ever handles a message after one that it missed: it dies, what
waits for it is void, and its next incarnation starts from a snapshot.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, final, runtime_checkable

from supervisors.actor import Address
from supervisors.errors import OverflowedError, SpecError
from supervisors.observe import Observer, TopicOverflowed

M = TypeVar("M")


@final
class Laggard(enum.Enum):
    """What becomes of a subscriber whose queue refused a message."""

    SKIPS = "skips"  # it misses that one and goes on
    CRASHES = "crashes"  # for what must not be missed


@runtime_checkable
class Crashable(Protocol):
    """What can be told that it missed a message: cells and mailboxes."""

    @property
    def is_refusing(self) -> bool:
        """While its actor is up it refuses what it has no room for, and drops nothing."""

    def overrun(self, error: Exception) -> None:
        """Its actor dies and what waits is void."""


@final
class Topic(Generic[M]):
    """Addresses subscribe, anybody publishes. Overflows are counted and told to the observer."""

    def __init__(
        self, name: str, observer: Observer | None = None, laggard: Laggard = Laggard.SKIPS
    ) -> None:
        self.name = name
        self.laggard = laggard
        self.published = 0
        self.overflowed = 0
        self._observer = observer
        self._subscribers: tuple[Address[M], ...] = ()

    @property
    def subscribers(self) -> tuple[Address[M], ...]:
        return self._subscribers

    def subscribe(self, address: Address[M]) -> Callable[[], None]:
        """From the next message on; returns what ends it.

        Subscribing an address again changes nothing, so that an actor may do it at each start.
        Raises `SpecError` where laggards crash and this one cannot, or would not notice.
        """
        if self.laggard is Laggard.CRASHES and not (
            isinstance(address, Crashable) and address.is_refusing
        ):
            raise SpecError(f"{self.name}: {address.name} cannot crash for what it misses")
        if not any(known is address for known in self._subscribers):
            self._subscribers = (*self._subscribers, address)

        def unsubscribe() -> None:
            self._subscribers = tuple(k for k in self._subscribers if k is not address)

        return unsubscribe

    def publish(self, message: M) -> None:
        """To all who are subscribed at this moment."""
        self.published += 1
        for address in self._subscribers:
            try:
                address.send(message)
            except OverflowedError as error:
                self.overflowed += 1
                if self._observer is not None:
                    now_ns = self._observer.now_ns()
                    self._observer.report(
                        TopicOverflowed(now_ns, self.name, address.name, str(error))
                    )
                if self.laggard is Laggard.CRASHES and isinstance(address, Crashable):
                    address.overrun(error)
