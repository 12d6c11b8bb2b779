"""A simulated connection: two byte streams with latency between them, and what can befall it.

Invariant: bytes arrive in the order of their sending, each once, or the connection breaks, or it is
silent; no more than a window's bytes are under way to a reader that does not read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import trio
from attrs import frozen

from adapters.simulated.waiter import Waiter
from supervisors.entropy import Dice
from supervisors.testing.agenda import Agenda

WINDOW_BYTES = 65_536


@frozen
class Latency:
    """One way, in seconds, uniformly between the two."""

    shortest_s: float = 0.002
    longest_s: float = 0.030

    def draw(self, dice: Dice) -> float:
        """One delay."""
        return dice.uniform(self.shortest_s, self.longest_s)


@final
class SimulatedLink:
    """One connection. `is_silent`: half-open, bytes vanish and nobody is told."""

    def __init__(
        self,
        name: str,
        agenda: Agenda,
        dice: Dice,
        latency: Latency,
        on_bytes: Callable[[str, bytes], None],
    ) -> None:
        self.name = name
        self.latency = latency
        self.is_silent = False
        self.agenda, self.dice, self.on_bytes = agenda, dice, on_bytes
        self.client = SimulatedStream(self, f"{name}>")
        self.server = SimulatedStream(self, f"{name}<")
        self.client.peer, self.server.peer = self.server, self.client

    @property
    def is_over(self) -> bool:
        """Broken, or closed from either side."""
        return any(end.is_closed or end.is_broken for end in (self.client, self.server))

    def abandon(self, *, is_told: bool) -> None:
        """The client's process is dead; the server hears of it, or does not."""
        self.client.abandon(is_told=is_told)

    def reset(self) -> None:
        """Both ends break at once, and what is under way is lost."""
        self.client.shatter()
        self.server.shatter()


@final
class SimulatedStream(trio.abc.Stream):
    """One end. Errors are those of `trio.abc.Stream`."""

    peer: SimulatedStream

    def __init__(self, link: SimulatedLink, name: str) -> None:
        self.is_closed = self.is_broken = self.is_fenced = False
        self._link = link
        self._name = name
        self.received = bytearray()
        self._has_ended = False
        self._under_way = 0  # bytes sent and not yet arrived
        self._last_arrival_s = 0.0
        self._reader = Waiter("read from one stream")
        self._writer = Waiter("write to one stream")

    def is_readable(self) -> bool:
        """Whether a read would return at once: also at the end, and when broken."""
        return bool(self.received) or self._has_ended or self.is_broken

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """What the window has room for is taken at once, without a turn for others."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self._check_open()
        while self._under_way + len(self.peer.received) > WINDOW_BYTES:
            await self._writer.wait()
            self._check_open()
        if self.is_fenced or self._link.is_silent or not data:
            return
        sent = bytes(data)
        self._under_way += len(sent)
        self._link.agenda.at(self._next_arrival_s(), lambda: self._arrive(sent))

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self.is_closed or self.is_readable():
            await trio.lowlevel.checkpoint()  # to wait is one by itself
        while not self.received:
            if self.is_closed:
                raise trio.ClosedResourceError("closed here")
            if self.is_broken:
                raise trio.BrokenResourceError("connection reset by peer")
            if self._has_ended:
                return b""
            await self._reader.wait()
        taken = bytes(self.received[:max_bytes])
        del self.received[: len(taken)]
        self.peer.wake_writer()
        return taken

    async def aclose(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            if not (self.is_broken or self.is_fenced or self._link.is_silent):
                self._link.agenda.at(self._next_arrival_s(), self.peer.end)
            self.wake_reader()
            self.wake_writer()
        await trio.lowlevel.checkpoint()

    def shatter(self) -> None:
        """The connection was reset: nothing that was not read yet is read any more."""
        self.received.clear()
        self.is_broken = True
        self.wake_reader()
        self.wake_writer()

    def abandon(self, *, is_told: bool) -> None:
        """This end's process is dead. What it had sent still arrives, then perhaps a reset."""
        if is_told and not (self.is_closed or self._link.is_silent):
            self._link.agenda.at(self._next_arrival_s(), self.peer.shatter)
        self.is_fenced = True
        self.shatter()

    def _check_open(self) -> None:
        if self.is_closed:
            raise trio.ClosedResourceError("closed here")
        if self.is_broken:
            raise trio.BrokenResourceError("connection reset by peer")

    def _next_arrival_s(self) -> float:
        link = self._link
        arrival_s = trio.current_time() + link.latency.draw(link.dice)
        self._last_arrival_s = max(self._last_arrival_s, arrival_s)
        return self._last_arrival_s

    def _arrive(self, data: bytes) -> None:
        self._under_way -= len(data)
        peer = self.peer
        if peer.is_closed and not self._link.is_silent:
            self.shatter()  # as the peer's system would answer
        if peer.is_closed or peer.is_broken or peer.is_fenced or self._link.is_silent:
            self.wake_writer()
            return
        self._link.on_bytes(self._name, data)
        peer.received += data
        peer.wake_reader()

    def end(self) -> None:
        """The peer has closed, and everything it sent has arrived."""
        self._has_ended = True
        self.wake_reader()

    def wake_reader(self) -> None:
        """Something has arrived, or nothing ever will."""
        self._reader.wake()

    def wake_writer(self) -> None:
        """There may be room in the window."""
        self._writer.wake()
