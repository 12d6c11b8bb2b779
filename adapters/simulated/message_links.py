"""Websockets without their framing: whole messages between a client and a front, with latency.

For long simulations: bytes, frames and handshakes are left out, nothing else. Invariant: texts
arrive in the order of their sending, each once, or the connection is over, or it is silent. What
the front says at one instant arrives at one: the client wakes once for all of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, final

import trio

from adapters.net.errors import ConnectionLostError, ConnectionSilentError
from adapters.net.websocket import Take
from adapters.simulated.links import Latency
from adapters.simulated.waiter import Waiter
from adapters.simulated.wire import HttpReply, HttpRequest, Outbox, SocketSession, WireFront
from adapters.simulated.ws_server import PING_INTERVAL_S
from supervisors.entropy import Dice
from supervisors.testing.agenda import Agenda

_ABNORMAL: Final = 1006


@final
class MessageLink:
    """One connection; the client's end has the interface of `adapters.net.websocket.WebSocket`.

    `is_silent` and `reset` as of a `SimulatedLink`. Raises `ConnectionLostError` where the front
    has no such path.
    """

    def __init__(
        self,
        name: str,
        front: WireFront,
        target: str,
        agenda: Agenda,
        dice: Dice,
        latency: Latency,
        on_bytes: Callable[[str, bytes], None],
        *,
        silence_s: float,
    ) -> None:
        self.name = name
        self._to_client, self._to_server = f"{name}<", f"{name}>"
        self.latency = latency
        self.is_silent = False
        self.is_over = False
        self._agenda, self._dice, self._silence_s = agenda, dice, silence_s
        self._on_bytes = on_bytes
        self._outbox = Outbox()
        session = front.open_session(HttpRequest("GET", target), self._outbox)
        if session is None or isinstance(session, HttpReply):
            status = 404 if session is None else session.status
            raise ConnectionLostError(f"{target}: handshake refused with HTTP {status}")
        self._session: SocketSession = session
        self._inbox: deque[str] = deque()
        self._leaving: list[str] = []  # said at `_left_at_s`, on its way
        self._left_at_s = -1.0
        self._reason = ""
        self._heard_at_s = self._agenda.now_s
        self._last_arrival_s = [0.0, 0.0]  # at the server, at the client
        self._reader = Waiter("read from one websocket")
        self._take: Take | None = None
        self._failure: Exception | None = None  # of `_take`
        self._outbox.on_wake(self._flush)
        self._flush()
        self._ping()
        self._notice_silence()

    @property
    def quiet_s(self) -> float:
        """Seconds since anything arrived, pings included."""
        return self._agenda.now_s - self._heard_at_s

    @property
    def _silent_at_s(self) -> float:
        return self._heard_at_s + self._silence_s

    async def send(self, text: str) -> None:
        """Raises `ConnectionLostError`."""
        await trio.lowlevel.checkpoint()
        self._check()
        if not self.is_silent:
            self._agenda.at(self._arrival_s(to_client=False), partial(self._reach_server, text))

    async def receive_batch(self) -> list[str]:
        """All that is here, when something is; raises `ConnectionLostError`."""
        if self._inbox:
            await trio.lowlevel.checkpoint()
        while not self._inbox:
            await self._until_woken()
        batch = list(self._inbox)
        self._inbox.clear()
        return batch

    async def pump(self, take: Take) -> None:
        """See `WebSocket.pump`: what arrives is taken in its event, and the task sleeps on."""
        while self._inbox:
            if take(await self.receive_batch()):
                return
        self._take, self._failure = take, None
        try:
            while self._take is not None:
                await self._until_woken()
        finally:
            self._take = None
        if self._failure is not None:
            raise self._failure

    async def _until_woken(self) -> None:
        self._check()
        if self._agenda.now_s >= self._silent_at_s:
            raise ConnectionSilentError(f"nothing heard for {self._silence_s:g} s")
        await self._reader.wait()

    def close(self) -> None:
        """The client leaves; a server that cannot be reached never hears of it."""
        if not self.is_over:
            self._end("closed here")
            if not self.is_silent:
                self._agenda.at(self._arrival_s(to_client=False), self._session.closed)

    def abandon(self, *, is_told: bool) -> None:
        """The client's process is dead; the server hears of it, or does not."""
        self.is_silent = self.is_silent or not is_told
        self.close()

    def reset(self) -> None:
        """Both ends know at once; what is under way is lost."""
        if not self.is_over:
            self._end(f"closed: {_ABNORMAL}")
            self._session.closed()

    def _check(self) -> None:
        if self.is_over:
            raise ConnectionLostError(self._reason)

    def _end(self, reason: str) -> None:
        self.is_over, self._reason = True, reason
        self._inbox.clear()
        self._reader.wake()

    def _flush(self) -> None:
        """The front has something to say."""
        if self.is_over:
            return
        texts, now_s = self._outbox.take(), self._agenda.now_s
        if self.is_silent:
            texts = []
        if self._leaving and self._left_at_s == now_s:
            self._leaving += texts
        elif texts:
            self._leaving, self._left_at_s = texts, now_s
            self._agenda.at(self._arrival_s(to_client=True), partial(self._reach_client, texts))
        if self._outbox.close_code is not None:
            self._agenda.at(self._arrival_s(to_client=True), self._closed_by_server)

    def _reach_client(self, texts: list[str]) -> None:
        if texts is self._leaving:
            self._leaving = []
        if self.is_over or self.is_silent:
            return
        self._heard_at_s = self._agenda.now_s
        on_bytes, direction = self._on_bytes, self._to_client
        for text in texts:
            on_bytes(direction, text.encode())
        if self._take is not None:
            self._hand_over(self._take, texts)
        else:
            self._inbox += texts
            self._reader.wake()

    def _hand_over(self, take: Take, texts: list[str]) -> None:
        try:
            is_enough = take(texts)
        except Exception as error:  # the reader's, who raises it
            is_enough, self._failure = True, error
        if is_enough:
            self._take = None
            self._reader.wake()

    def _reach_server(self, text: str) -> None:
        if not (self.is_over or self.is_silent or self._outbox.close_code is not None):
            self._on_bytes(self._to_server, text.encode())
            self._session.received(text)

    def _closed_by_server(self) -> None:
        if not self.is_over:
            self._end(f"closed: {self._outbox.close_code} {self._outbox.close_reason}")
            self._session.closed()

    def _ping(self) -> None:
        """The server's pings, as far as the client notices: they count as life."""
        if self.is_over:
            return
        if not self.is_silent:
            self._heard_at_s = self._agenda.now_s
        self._agenda.after(PING_INTERVAL_S, self._ping)

    def _notice_silence(self) -> None:
        """Wakes the reader when nothing has been heard for too long; looks again until then."""
        if self.is_over:
            return
        if self._agenda.now_s >= self._silent_at_s:
            self._reader.wake()
        else:
            self._agenda.at(self._silent_at_s, self._notice_silence)

    def _arrival_s(self, *, to_client: bool) -> float:
        arrival_s = self._agenda.now_s + self.latency.draw(self._dice)
        last_s = self._last_arrival_s
        if arrival_s < last_s[to_client]:
            return last_s[to_client]
        last_s[to_client] = arrival_s
        return arrival_s
