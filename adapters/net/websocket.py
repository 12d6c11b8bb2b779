"""A websocket client over a `Network`: bounded in every wait and every size.

Invariant: while the context is open, every complete message is handed out once and in order; when
the link fails, what arrived before is handed out first, then `ConnectionLostError` is raised. All
frames of one read are one batch. Errors of the reader never escape as anything else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, final, runtime_checkable
from urllib.parse import urlsplit

import trio
import trio_websocket
from attrs import frozen
from wsproto import ConnectionType, WSConnection

from adapters.net.errors import ConnectionLostError, ConnectionSilentError
from adapters.net.frame_stream import FrameStream, Message
from adapters.net.network import Network


@frozen
class WebSocketLimits:
    """Sizes and waits. The library's own receive buffer (4 KiB) costs a read per few messages."""

    message_queue: int = 1_000
    receive_buffer_bytes: int = 64 * 1024
    message_bytes: int = 4 * 1024 * 1024
    close_timeout_s: float = 1.0


class _Connection(trio_websocket.WebSocketConnection):
    """The library's connection, for the handshake and control frames, with an end that is seen.

    Relies on its private reader: the library is pinned, and tests watch this.
    """

    failure: str | None = None

    async def read_until_closed(self, frames: FrameStream) -> None:
        """The reader task; whatever ends it becomes `failure`, and wakes the handshake."""
        try:
            await self._reader_task()
        except trio_websocket.ConnectionRejected as error:
            self.failure = f"handshake refused with HTTP {error.status_code}"
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
        finally:
            self.failure = frames.problem or self.failure
            frames.end()
            self._open_handshake.set()

    async def opened(self) -> None:
        """After the handshake; raises `ConnectionLostError`."""
        await self._open_handshake.wait()
        if self.failure is not None or self.closed is not None:
            raise ConnectionLostError(self.failure or f"closed: {self.closed}")


Take = Callable[[Sequence[Message]], bool]  # of a batch; True when that was enough


class MessageSocket(Protocol):
    """An open connection. One task receives; any may send. See `WebSocket`."""

    @property
    def quiet_s(self) -> float: ...

    async def send(self, text: str) -> None: ...

    async def receive_batch(self) -> Sequence[Message]: ...

    async def pump(self, take: Take) -> None: ...


@runtime_checkable
class MessageNetwork(Protocol):
    """A network that carries messages as they are, without frames: for simulations."""

    def open_messages(
        self, url: str, *, connect_timeout_s: float, silence_s: float
    ) -> AbstractAsyncContextManager[MessageSocket]: ...


@final
class WebSocket:
    """An open connection. One task receives; any may send."""

    def __init__(self, connection: _Connection, stream: FrameStream, *, silence_s: float) -> None:
        self._connection = connection
        self._stream = stream
        self._silence_s = silence_s

    @property
    def quiet_s(self) -> float:
        """Seconds since anything arrived, pings included."""
        return trio.current_time() - self._stream.heard_at

    async def send(self, text: str) -> None:
        """Raises `ConnectionLostError`, also where the peer takes nothing for `silence_s`."""
        try:
            with trio.fail_after(self._silence_s):
                await self._connection.send_message(text)
        except trio_websocket.ConnectionClosed as error:
            raise ConnectionLostError(self._why()) from error
        except trio.TooSlowError:
            raise ConnectionSilentError(f"nothing taken for {self._silence_s:g} s") from None

    async def receive_batch(self) -> list[Message]:
        """The next message and all that came with it; raises `ConnectionLostError`.

        `ConnectionSilentError` where not one byte arrived for `silence_s`.
        """
        while not (batch := await self._stream.next_batch()):
            if self._stream.is_over:
                raise ConnectionLostError(self._why())
            if trio.current_time() >= self._stream.heard_at + self._silence_s:
                raise ConnectionSilentError(f"nothing heard for {self._silence_s:g} s")
        return batch

    async def pump(self, take: Take) -> None:
        """`take` gets every batch, until it is enough; raises what `take` or `receive_batch` raise.

        Where messages come without a socket, no task has to wake for each of them.
        """
        while not take(await self.receive_batch()):
            pass

    async def watch_silence(self) -> None:
        """Makes the receiver look at the time whenever a silence may be over, until cancelled.

        One task's sleep now and then costs less than a time-out for every batch.
        """
        while True:
            # The same sum as the receiver's: their difference, rounded, may be short of the silence
            # for ever, while the deadline has passed.
            due_s = self._stream.heard_at + self._silence_s
            if trio.current_time() >= due_s:
                self._stream.look_up()
                due_s = trio.current_time() + self._silence_s
            await trio.sleep_until(due_s)

    def _why(self) -> str:
        return self._connection.failure or f"closed: {self._connection.closed}"


@asynccontextmanager
async def open_websocket(
    network: Network,
    url: str,
    *,
    connect_timeout_s: float,
    silence_s: float,
    limits: WebSocketLimits = WebSocketLimits(),
) -> AsyncIterator[MessageSocket]:
    """An open websocket to `url` (ws or wss); raises `ConnectionLostError`.

    On the way out it closes within `limits.close_timeout_s`, however the peer behaves.
    """
    if isinstance(network, MessageNetwork):
        opened = network.open_messages(
            url, connect_timeout_s=connect_timeout_s, silence_s=silence_s
        )
        async with opened as socket:
            yield socket
        return
    raised: Exception | None = None
    async with trio.open_nursery() as nursery:
        try:
            with trio.fail_after(connect_timeout_s):
                connection, stream = await _connect(network, url, nursery, limits)
        except trio.TooSlowError:
            nursery.cancel_scope.cancel()
            raised = ConnectionLostError(f"{url}: not open after {connect_timeout_s:g} s")
        except (OSError, trio.BrokenResourceError, ConnectionLostError) as error:
            nursery.cancel_scope.cancel()
            raised = ConnectionLostError(f"{url}: {str(error) or type(error).__name__}")
        else:
            try:
                yield _watched(WebSocket(connection, stream, silence_s=silence_s), nursery)
            except Exception as error:
                raised = error
            finally:
                await _close(connection, stream, limits.close_timeout_s)
                nursery.cancel_scope.cancel()
    if raised is not None:
        raise raised


def _watched(socket: WebSocket, nursery: trio.Nursery) -> WebSocket:
    nursery.start_soon(socket.watch_silence)
    return socket


async def _connect(
    network: Network, url: str, nursery: trio.Nursery, limits: WebSocketLimits
) -> tuple[_Connection, FrameStream]:
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "wss"
    port = parts.port or (443 if is_tls else 80)
    stream = FrameStream(
        await network.connect(host, port, is_tls=is_tls),
        message_bytes=limits.message_bytes,
        queue=limits.message_queue,
    )
    connection = _Connection(
        stream,
        WSConnection(ConnectionType.CLIENT),
        host=parts.netloc,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        max_message_size=limits.message_bytes,
        receive_buffer_size=limits.receive_buffer_bytes,
    )
    nursery.start_soon(connection.read_until_closed, stream)
    try:
        await connection.opened()
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return connection, stream


async def _close(connection: _Connection, stream: FrameStream, timeout_s: float) -> None:
    """A close frame and the peer's answer within the time-out, then the stream by force."""
    with trio.move_on_after(timeout_s, shield=True):
        await connection.aclose()
    with trio.CancelScope(shield=True):
        await trio.aclose_forcefully(stream)
