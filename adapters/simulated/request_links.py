"""HTTP without its framing: one whole request to a front and one whole reply, with latency.

For long simulations: connections, heads and chunks are left out, nothing else. Invariant: a request
reaches the front at most once; its client hears one reply, or that the connection is over, or
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import final

import trio

from adapters.simulated.links import Latency
from adapters.simulated.wire import HttpReply, HttpRequest, WireFront
from supervisors.entropy import Dice
from supervisors.testing.agenda import Agenda


@final
class RequestLink:
    """One exchange; `is_silent` and `reset` as of a `SimulatedLink`."""

    def __init__(
        self,
        name: str,
        front: WireFront,
        agenda: Agenda,
        dice: Dice,
        latency: Latency,
        on_bytes: Callable[[str, bytes], None],
    ) -> None:
        self.name = name
        self.latency = latency
        self.is_silent = False
        self.is_over = False
        self._front, self._agenda, self._dice = front, agenda, dice
        self._on_bytes = on_bytes
        self._reply: HttpReply | None = None
        self._waiter = trio.lowlevel.ParkingLot()

    async def exchange(self, request: HttpRequest) -> HttpReply:
        """The caller's deadline bounds it. Raises `trio.BrokenResourceError` where it was cut."""
        if not self.is_silent:
            self._later(0.0, partial(self._reach_server, request))
        while self._reply is None:
            if self.is_over:
                raise trio.BrokenResourceError("the connection was reset")
            await self._waiter.park()
        self.is_over = True
        return self._reply

    def abandon(self, *, is_told: bool) -> None:
        """The client's process is dead; what it sent before arrives all the same."""
        del is_told
        self.is_silent = True

    def reset(self) -> None:
        """What is under way to the client is lost."""
        self.is_over = True
        self._waiter.unpark_all()

    def _later(self, delay_s: float, event: Callable[[], None]) -> None:
        self._agenda.after(delay_s + self.latency.draw(self._dice), event)

    def _reach_server(self, request: HttpRequest) -> None:
        if self.is_over:
            return
        self._on_bytes(f"{self.name}>", f"{request.method} {request.target}".encode())
        reply = self._front.request(request)
        if isinstance(reply, HttpReply):
            self._later(reply.delay_s, partial(self._reach_client, reply))
        elif reply.is_cut:
            self._later(0.0, self.reset)

    def _reach_client(self, reply: HttpReply) -> None:
        if self.is_over or self.is_silent:
            return
        self._on_bytes(f"{self.name}<", b"%d " % reply.status + reply.body)
        self._reply = reply
        self._waiter.unpark_all()
