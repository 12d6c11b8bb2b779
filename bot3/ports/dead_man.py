"""What bot3 asks of a venue that cancels orders by itself when it hears nothing of us."""

from __future__ import annotations

from typing import Protocol


class DeadManPort(Protocol):
    """A venue's dead-man's switch. Both calls may raise `VenueError`."""

    @property
    def timeout_s(self) -> int:
        """How long the venue waits for a sign of life."""
        ...

    @property
    def renewal_s(self) -> float:
        """How often `arm` has to be called again, at the most."""
        ...

    @property
    def scope(self) -> str:
        """What it takes when it fires, in words."""
        ...

    async def arm(self) -> None:
        """Begins the wait anew."""
        ...

    async def disarm(self) -> None:
        """Ends it, where the venue lets us: nothing of ours rests there any more."""
        ...
