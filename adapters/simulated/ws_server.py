"""The websocket side of the server: wsproto over a byte stream that already sent its upgrade.

Invariant: a client is pinged every 20 s and closed (1008) when no pong came for 60 s; messages may
be fragmented, up to a limit; every send has a deadline.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import final

import trio
import wsproto
from wsproto import events as ws
from wsproto.connection import ConnectionState
from wsproto.utilities import RemoteProtocolError

from adapters.simulated.wire import POLICY_VIOLATION, HttpRequest, Outbox, SocketSession

PING_INTERVAL_S = 20.0
PONG_TIMEOUT_S = 60.0
SEND_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 5.0
_MESSAGE_CHARACTERS_MAX = 65_536
_MESSAGE_TOO_BIG = 1009
_UNSUPPORTED_DATA = 1003
_RECEIVE_BYTES = 65_536
_DATA = (ws.TextMessage, ws.Ping, ws.Pong)
_FINAL_TEXT, _MEDIUM, _LONG = 0x81, 126, 127


async def serve_websocket(
    stream: trio.abc.Stream,
    request: HttpRequest,
    trailing: bytes,
    session: SocketSession,
    outbox: Outbox,
) -> None:
    """Accepts the upgrade and serves until either side closes."""
    connection = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in request.headers.items()]
    try:
        connection.initiate_upgrade_connection(headers, request.target)
    except RemoteProtocolError as error:
        refusal = error.event_hint or ws.RejectConnection(status_code=400)
        await stream.send_all(connection.send(refusal))
        return
    await _Socket(stream, connection, session, outbox).run(trailing)


def text_frame(text: str) -> bytes:
    """A whole text message as a server sends it: one frame, not masked (RFC 6455, 5.2).

    wsproto makes the same bytes for ten times the work, and nearly all that is sent is text.
    """
    payload = text.encode()
    length = len(payload)
    if length < _MEDIUM:
        return bytes((_FINAL_TEXT, length)) + payload
    if length < 1 << 16:
        return bytes((_FINAL_TEXT, _MEDIUM)) + length.to_bytes(2, "big") + payload
    return bytes((_FINAL_TEXT, _LONG)) + length.to_bytes(8, "big") + payload


@final
class _Socket:
    """One accepted websocket: a reader, a writer and a pinger that end together."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        connection: wsproto.WSConnection,
        session: SocketSession,
        outbox: Outbox,
    ) -> None:
        self._stream, self._connection = stream, connection
        self._session, self._outbox = session, outbox
        self._wake = trio.Event()
        self._send_lock = trio.Lock()
        self._parts: list[str] = []
        self._length = 0
        self._frame_times: deque[float] = deque()
        self._last_pong_s = trio.current_time()

    async def run(self, trailing: bytes) -> None:
        await self._handle_events()
        self._outbox.on_wake(self._wake_writer)
        self._wake.set()
        async with trio.open_nursery() as nursery:
            parts = (partial(self._read, trailing), self._write, self._ping)
            for part in parts:
                nursery.start_soon(self._run_part, part, nursery.cancel_scope)

    async def _run_part(self, part: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
        """The socket ends with the first of its parts; a broken stream is an end like another."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            await part()
        scope.cancel()

    def _wake_writer(self) -> None:
        self._wake.set()

    async def _read(self, trailing: bytes) -> None:
        if trailing:
            self._connection.receive_data(trailing)
        try:
            while not await self._handle_events():
                data = await self._stream.receive_some(_RECEIVE_BYTES)
                self._connection.receive_data(bytes(data) or None)
        except RemoteProtocolError as error:
            await self._send(error.event_hint or ws.CloseConnection(code=1002))

    async def _handle_events(self) -> bool:
        """True where the connection is over."""
        for event in self._connection.events():
            if isinstance(event, ws.Request):
                await self._send(ws.AcceptConnection())
            elif isinstance(event, ws.CloseConnection):
                if self._connection.state is ConnectionState.REMOTE_CLOSING:
                    await self._send(event.response())
                return True
            else:
                await self._handle_frame(event)
        return False

    async def _handle_frame(self, event: ws.Event) -> None:
        self._count_frame(event)
        if isinstance(event, ws.Ping):
            await self._send(event.response())
        elif isinstance(event, ws.Pong):
            self._last_pong_s = trio.current_time()
        elif isinstance(event, ws.TextMessage):
            self._take_text(event)
        elif isinstance(event, ws.BytesMessage):
            self._outbox.close(_UNSUPPORTED_DATA, "Text only")

    def _take_text(self, event: ws.TextMessage) -> None:
        self._parts.append(event.data)
        self._length += len(event.data)
        if self._length > _MESSAGE_CHARACTERS_MAX:
            self._outbox.close(_MESSAGE_TOO_BIG, "Message too big")
            self._parts.clear()
        elif event.message_finished:
            text = "".join(self._parts)
            self._parts.clear()
            self._length = 0
            if self._outbox.close_code is None:
                self._session.received(text)

    def _count_frame(self, event: ws.Event) -> None:
        limit = self._session.messages_per_s_max
        if limit is None or (isinstance(event, ws.TextMessage) and not event.message_finished):
            return
        now_s = trio.current_time()
        self._frame_times.append(now_s)
        while self._frame_times[0] <= now_s - 1.0:
            self._frame_times.popleft()
        if len(self._frame_times) > limit:
            self._outbox.close(POLICY_VIOLATION, "Too many requests")

    async def _write(self) -> None:
        """One cancel scope for all sends: moving its deadline costs less than a new one each."""
        with trio.CancelScope() as scope:
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                texts = self._outbox.take()
                if texts and self._connection.state is ConnectionState.OPEN:
                    scope.deadline = trio.current_time() + SEND_TIMEOUT_S
                    await self._send_data(partial(self._frames, texts))
                    scope.deadline = float("inf")
                if self._outbox.close_code is not None:
                    await self._close(self._outbox.close_code, self._outbox.close_reason)
                    return

    async def _close(self, code: int, reason: str) -> None:
        """Says goodbye and gives the reader a moment to hear the answer."""
        if self._connection.state is ConnectionState.OPEN:
            await self._send(ws.CloseConnection(code=code, reason=reason))
        with trio.move_on_after(CLOSE_TIMEOUT_S):
            await trio.sleep_forever()

    async def _ping(self) -> None:
        while True:
            await trio.sleep(PING_INTERVAL_S)
            if trio.current_time() - self._last_pong_s >= PONG_TIMEOUT_S:
                self._outbox.close(POLICY_VIOLATION, "Pong timeout")
                await trio.sleep(CLOSE_TIMEOUT_S + SEND_TIMEOUT_S)
                return
            if self._connection.state is ConnectionState.OPEN:
                await self._send(ws.Ping(payload=str(int(trio.current_time())).encode()))

    async def _send(self, *events: ws.Event) -> None:
        with trio.fail_after(SEND_TIMEOUT_S):
            await self._send_data(
                lambda: b"".join(self._connection.send(e) for e in events if self._may_send(e))
            )

    async def _send_data(self, made: Callable[[], bytes]) -> None:
        """What `made` gives once nobody else sends."""
        if self._send_lock.locked():
            await self._send_lock.acquire()
        else:
            self._send_lock.acquire_nowait()  # a checkpoint fewer than to acquire a free lock
        try:
            await self._stream.send_all(made())
        finally:
            self._send_lock.release()

    def _frames(self, texts: Sequence[str]) -> bytes:
        is_open = self._connection.state is ConnectionState.OPEN
        return b"".join(map(text_frame, texts)) if is_open else b""

    def _may_send(self, event: ws.Event) -> bool:
        """Nothing but the answer to a close goes out once a close has begun."""
        state = self._connection.state
        if isinstance(event, ws.CloseConnection):
            return state in {ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING}
        return state is ConnectionState.OPEN or not isinstance(event, _DATA)
