"""What bot3 asks of a chain: to be told of its blocks. Nothing is ever sent to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot3.messages.chain import ChainEvent


class ChainPort(Protocol):
    """One node's view of a chain."""

    async def run(
        self, publish: Callable[[ChainEvent], None], *, ready: Callable[[], None]
    ) -> None:
        """Streams until cancelled; reconnects by itself. `publish` never waits.

        `ready` is called once, when the first subscription is confirmed.
        """
        ...
