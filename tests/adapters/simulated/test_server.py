"""The server: keep-alive, limits, pings, fragments, slow readers, broken connections."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import wsproto
from wsproto import events as ws

from adapters.simulated.wire import Outbox


async def raw_http(venue: Any, *requests: bytes) -> list[Any]:
    """Everything the server answers to these bytes, until it closes or says nothing more."""
    stream = await venue.listener.connect()
    events: list[Any] = []
    for data in requests:
        await stream.send_all(data)
        await trio.sleep(0.01)
    with trio.move_on_after(0.5):
        while data := await stream.receive_some():
            events.append(bytes(data))
    await stream.aclose()
    return events


async def test_a_connection_is_kept_for_the_next_request(autojump_clock: Any, venue: Any) -> None:
    request = b"GET /api/v3/ping HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = b"".join(await raw_http(venue, request + request, request))
    assert answer.count(b"HTTP/1.1 200") == 3
    assert venue.connections.opened == 1
    last = b"GET /api/v3/ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    answer = b"".join(await raw_http(venue, last + request))
    assert answer.count(b"HTTP/1.1 200") == 1
    assert venue.connections.open == 0


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 40_000, b"431"),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 70000\r\n\r\n" + b"a" * 70_000, b"413"),
    ],
)
async def test_what_is_wrong_or_too_large_ends_alone(
    autojump_clock: Any, venue: Any, data: bytes, status: bytes
) -> None:
    (answer, *_) = await raw_http(venue, data)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert (await venue.call("GET", "ping")).status == 200


async def test_a_slow_body_and_an_expected_continue(autojump_clock: Any, venue: Any) -> None:
    head = b"POST /api/v3/order HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n"
    answer = b"".join(await raw_http(venue, head + b"expect: 100-continue\r\n\r\n", b"a", b"=1"))
    assert answer.startswith(b"HTTP/1.1 100")
    assert b"-2014" in answer


async def test_an_idle_or_half_sent_connection_is_closed(autojump_clock: Any, venue: Any) -> None:
    stream = await venue.listener.connect()
    await stream.send_all(b"GET /api/v3/ping HTTP/1.1\r\n")
    started = trio.current_time()
    with trio.fail_after(100):
        assert await stream.receive_some() == b""
    assert 70 < trio.current_time() - started < 80


class Socket:
    """A websocket client that does only what the test says."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.connection = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)

    async def send(self, *events: ws.Event) -> None:
        await self.stream.send_all(b"".join(self.connection.send(event) for event in events))

    async def receive(self, seconds: float) -> list[ws.Event]:
        found: list[ws.Event] = []
        with trio.move_on_after(seconds):
            while data := await self.stream.receive_some():
                self.connection.receive_data(bytes(data))
                found += list(self.connection.events())
                if any(isinstance(event, ws.CloseConnection) for event in found):
                    break
        return found


async def connect(venue: Any, path: str = "/ws-api/v3") -> Socket:
    socket = Socket(await venue.listener.connect())
    await socket.send(ws.Request(host="venue", target=path))
    assert isinstance((await socket.receive(0.1))[0], ws.AcceptConnection)
    return socket


async def test_fragments_and_pings_are_answered(autojump_clock: Any, venue: Any) -> None:
    socket = await connect(venue)
    await socket.send(
        ws.TextMessage(data='{"id":1,"meth', message_finished=False),
        ws.Ping(payload=b"hello"),
        ws.TextMessage(data='od":"ping"}', message_finished=True),
    )
    found = await socket.receive(0.1)
    assert [e.payload for e in found if isinstance(e, ws.Pong)] == [b"hello"]
    (text,) = [e.data for e in found if isinstance(e, ws.TextMessage)]
    assert '"id":1,"status":200' in text


async def test_no_pong_for_a_minute_closes_with_1008(autojump_clock: Any, venue: Any) -> None:
    socket = await connect(venue)
    found = await socket.receive(100)
    assert sum(isinstance(event, ws.Ping) for event in found) == 2
    (close,) = [event for event in found if isinstance(event, ws.CloseConnection)]
    assert (close.code, close.reason) == (1008, "Pong timeout")


async def test_pongs_keep_it_open(autojump_clock: Any, venue: Any) -> None:
    socket = await connect(venue)
    for _ in range(10):
        found = await socket.receive(20.5)
        await socket.send(*(e.response() for e in found if isinstance(e, ws.Ping)))
    await socket.send(ws.TextMessage(data='{"id":1,"method":"ping"}'))
    assert any(isinstance(event, ws.TextMessage) for event in await socket.receive(1))
    assert venue.connections.websockets == 1


@pytest.mark.parametrize(
    ("event", "code"),
    [(ws.BytesMessage(data=b"x"), 1003), (ws.TextMessage(data="x" * 70_000), 1009)],
)
async def test_messages_that_are_not_taken(
    autojump_clock: Any, venue: Any, event: ws.Event, code: int
) -> None:
    socket = await connect(venue)
    await socket.send(event)
    (close,) = [e for e in await socket.receive(1) if isinstance(e, ws.CloseConnection)]
    assert close.code == code


async def test_a_close_is_answered_and_a_vanished_client_is_forgotten(
    autojump_clock: Any, venue: Any
) -> None:
    socket = await connect(venue)
    await socket.send(ws.CloseConnection(code=1000))
    assert any(isinstance(event, ws.CloseConnection) for event in await socket.receive(1))
    gone = await connect(venue, "/ws/btcusdt@trade")
    await trio.aclose_forcefully(gone.stream)
    await trio.sleep(30)
    assert (venue.connections.websockets, venue.connections.open) == (0, 0)


def test_an_outbox_past_its_limit_closes_instead_of_growing() -> None:
    outbox = Outbox(limit_bytes=10)
    outbox.send("12345")
    outbox.send("123456")
    outbox.send("1")
    assert (outbox.take(), outbox.close_code, outbox.close_reason) == ([], 1008, "Too slow")
