"""A venue's rate budget: read in a steady beat, told to healing, and shed when healing says so.

Invariant: the budget keeps what it was told last; this actor has no opinion on it.
"""

from __future__ import annotations

from typing import Protocol, assert_never, final

import trio

from bot3.domain.values import VenueName
from bot3.messages.healing import BudgetRead, ResumeData, ShedData
from bot3.ports.budget import BudgetPort
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock

READ_INTERVAL_S = 1.0


class BudgetCommands(Protocol):
    """The mailbox of what healing wants."""

    async def receive(self) -> ShedData | ResumeData: ...


@final
class BudgetActor(EdgeActor):
    """Stands before one `BudgetPort`."""

    def __init__(
        self,
        venue: VenueName,
        port: BudgetPort,
        commands: BudgetCommands,
        listener: Address[BudgetRead],
        clock: Clock,
    ) -> None:
        self._venue = venue
        self._port = port
        self._commands = commands
        self._listener = listener
        self._clock = clock

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._obey)
            while True:
                await trio.sleep(READ_INTERVAL_S)
                share = self._port.used_share(self._clock.now_ns())
                self._listener.send(BudgetRead(self._venue, share))
                context.progress()

    async def _obey(self) -> None:
        while True:
            match await self._commands.receive():
                case ShedData():
                    self._port.shed_data(is_shed=True)
                case ResumeData():
                    self._port.shed_data(is_shed=False)
                case other:
                    assert_never(other)
