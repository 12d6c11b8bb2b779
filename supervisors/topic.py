"""Fan-out: one message to every subscriber, in the order they subscribed.

Invariant: publishing never waits, and no subscriber's full queue costs another one a message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, final

from supervisors.actor import Address
from supervisors.errors import OverflowedError
from supervisors.observe import Observer, TopicOverflowed

M = TypeVar("M")


@final
class Topic(Generic[M]):
    """Addresses subscribe, anybody publishes. Overflows are counted and told to the observer."""

    def __init__(self, name: str, observer: Observer | None = None) -> None:
        self.name = name
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
        """
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
