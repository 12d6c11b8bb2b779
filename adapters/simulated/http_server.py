"""An HTTP/1.1 server over any byte streams: h11, keep-alive, websocket upgrades.

Invariant: every wait has a deadline (a request that is never answered ends with the client, or
after the idle time-out), every input a limit; a connection that breaks, or speaks
nonsense, ends alone.
"""

from __future__ import annotations

from functools import partial
from typing import final

import h11
import trio
from attrs import evolve

from adapters.simulated.wire import HttpReply, HttpRequest, NoReply, Outbox, WireFront
from adapters.simulated.ws_server import serve_websocket

IDLE_TIMEOUT_S = 75.0
SEND_TIMEOUT_S = 10.0
_HEAD_BYTES_MAX = 32_768
_BODY_BYTES_MAX = 65_536
_RECEIVE_BYTES = 65_536
_CLOSE = ("connection", "close")


class _TooLargeError(Exception):
    """A request body over the limit."""


@final
class Connections:
    """How many connections there are and were."""

    def __init__(self) -> None:
        self.open = 0
        self.opened = 0
        self.requests = 0
        self.websockets = 0
        self.failures = 0


async def serve(
    listener: trio.abc.Listener[trio.abc.Stream], front: WireFront, connections: Connections
) -> None:
    """Serves until cancelled."""
    handler = partial(_serve_connection, front, connections)
    await trio.serve_listeners(handler, [listener])


async def _serve_connection(
    front: WireFront, connections: Connections, stream: trio.abc.Stream
) -> None:
    connections.open += 1
    connections.opened += 1
    try:
        await _HttpConnection(stream, front, connections).run()
    except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
        connections.failures += 1
    finally:
        connections.open -= 1
        await trio.aclose_forcefully(stream)


@final
class _HttpConnection:
    """One connection: request, reply, request, reply."""

    def __init__(self, stream: trio.abc.Stream, front: WireFront, connections: Connections) -> None:
        self._stream, self._front, self._connections = stream, front, connections
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES_MAX)

    async def run(self) -> None:
        while True:
            try:
                with trio.move_on_after(IDLE_TIMEOUT_S) as idle:
                    request = await self._next_request()
                if idle.cancelled_caught or request is None:
                    return
                self._connections.requests += 1
                if request.headers.get("upgrade", "").lower() == "websocket":
                    await self._upgrade(request)
                    return
                reply = self._front.request(request)
                if isinstance(reply, NoReply):
                    await self._end_silently(reply)
                    return
                await trio.sleep(reply.delay_s)
                await self._reply(reply)
            except h11.RemoteProtocolError as error:
                await self._refuse(error.error_status_hint or 400)
                return
            except _TooLargeError:
                await self._refuse(413)
                return
            if self._h11.our_state is h11.MUST_CLOSE:
                return
            self._h11.start_next_cycle()

    async def _next_request(self) -> HttpRequest | None:
        head = await self._next_event()
        if not isinstance(head, h11.Request):
            return None
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > _BODY_BYTES_MAX:
                raise _TooLargeError
        if isinstance(event, h11.ConnectionClosed):
            return None
        return HttpRequest(
            method=head.method.decode("ascii"),
            target=head.target.decode("ascii"),
            headers={name.decode("ascii"): value.decode("latin-1") for name, value in head.headers},
            body=bytes(body),
        )

    async def _next_event(self) -> object:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            if self._h11.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._h11.receive_data(bytes(await self._stream.receive_some(_RECEIVE_BYTES)))
        return event

    async def _reply(self, reply: HttpReply) -> None:
        headers = [*reply.headers, ("content-length", str(len(reply.body)))]
        await self._send(
            h11.Response(status_code=reply.status, headers=headers),
            h11.Data(data=reply.body),
            h11.EndOfMessage(),
        )

    async def _end_silently(self, reply: NoReply) -> None:
        if reply.is_cut:
            return
        with trio.move_on_after(IDLE_TIMEOUT_S):
            while await self._stream.receive_some(_RECEIVE_BYTES):
                pass

    async def _refuse(self, status: int) -> None:
        if self._h11.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            await self._reply(HttpReply(status, b"", (_CLOSE,)))

    async def _send(self, *events: h11.Event) -> None:
        data = b"".join(self._h11.send(event) or b"" for event in events)
        with trio.fail_after(SEND_TIMEOUT_S):
            await self._stream.send_all(data)

    async def _upgrade(self, request: HttpRequest) -> None:
        outbox = Outbox()
        session = self._front.open_session(request, outbox)
        if session is None:
            session = HttpReply(404, b"")
        if isinstance(session, HttpReply):
            await self._reply(evolve(session, headers=(*session.headers, _CLOSE)))
            return
        self._connections.websockets += 1
        try:
            trailing, _ = self._h11.trailing_data
            await serve_websocket(self._stream, request, trailing, session, outbox)
        finally:
            self._connections.websockets -= 1
            session.closed()
