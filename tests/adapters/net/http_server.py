"""A scripted HTTP/1.1 server on h11, one request after another over kept-open streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import h11
import trio


@dataclass
class Request:
    """What arrived; `query` is the raw text."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass
class Reply:
    """What to answer. `fate`: "answer", "hang", "reset", or "half" (headers and part of it)."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    fate: str = "answer"
    after_s: float = 0.0


Route = Callable[[Request], Reply]


async def serve_http(stream: trio.abc.Stream, route: Route) -> None:
    """Until the peer closes."""
    connection = h11.Connection(h11.SERVER)
    while True:
        request = await _request(connection, stream)
        if request is None:
            return
        reply = route(request)
        await trio.sleep(reply.after_s)
        if reply.fate == "hang":
            await trio.sleep_forever()
        if reply.fate == "reset":
            return
        headers = {"content-length": str(len(reply.body)), **reply.headers}
        head = h11.Response(status_code=reply.status, headers=list(headers.items()))
        body = reply.body[: len(reply.body) // 2] if reply.fate == "half" else reply.body
        data = (connection.send(head) or b"") + (connection.send(h11.Data(data=body)) or b"")
        await stream.send_all(data)
        if reply.fate == "half":
            return
        await stream.send_all(connection.send(h11.EndOfMessage()) or b"")
        connection.start_next_cycle()


async def _request(connection: h11.Connection, stream: trio.abc.Stream) -> Request | None:
    request: Request | None = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some())
        elif isinstance(event, h11.Request):
            path, _, query = event.target.decode().partition("?")
            headers = {name.decode(): value.decode() for name, value in event.headers}
            request = Request(event.method.decode(), path, query, headers)
        elif isinstance(event, h11.Data):
            assert request is not None
            request.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return request
        elif isinstance(event, h11.ConnectionClosed):
            return None
