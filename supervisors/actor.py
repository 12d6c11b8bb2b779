"""The two kinds of actor, and the address by which anybody reaches one.

Invariant: an actor's state is its own; only its messages come in, only its sends go out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)


class Address(Protocol[M_contra]):
    """Where to send: outlives the actor's restarts. Sending never waits."""

    @property
    def name(self) -> str: ...

    def send(self, message: M_contra) -> None:
        """Into the actor's queue, by its overflow policy; never runs the actor re-entrantly."""
        ...


class DecisionActor(ABC, Generic[M]):
    """Synchronous: asks a pure room, sends messages, never awaits. Built anew at each restart."""

    def started(self) -> None:
        """Before the first message of this incarnation. Also the recovery path."""

    @abstractmethod
    def handle(self, message: M) -> None:
        """One message, run to completion. Raising kills this actor, never the sender."""


class EdgeContext(Protocol):
    """What an edge actor may tell its supervisor."""

    def ready(self) -> None:
        """It can serve: its supervisor starts the next child."""
        ...

    def progress(self) -> None:
        """It got something done; silence with work waiting is a hang."""
        ...


class EdgeActor(ABC):
    """A task that awaits the outside world. Built anew at each restart."""

    @abstractmethod
    async def run(self, context: EdgeContext) -> None:
        """Calls `context.ready()` once it can serve; returns when done, raises when it cannot."""
