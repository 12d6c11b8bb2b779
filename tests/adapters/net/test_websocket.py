from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import trio
import trio_websocket

from adapters.net.errors import ConnectionLostError, ConnectionSilentError
from adapters.net.network import SocketNetwork
from adapters.net.websocket import WebSocketLimits, open_websocket
from tests.adapters.net.memory_network import MemoryNetwork

Script = Callable[[trio_websocket.WebSocketConnection], Awaitable[None]]


class World:
    def __init__(self, network: MemoryNetwork) -> None:
        self.network = network
        self.paths: list[str] = []
        self.closed: list[object] = []

    def serve(self, script: Script) -> None:
        async def handle(stream: trio.abc.Stream) -> None:
            async with trio.open_nursery() as nursery:
                request = await trio_websocket.wrap_server_stream(nursery, stream)
                self.paths.append(request.path)
                connection = await request.accept()
                try:
                    await script(connection)
                    await connection.aclose()
                except trio_websocket.ConnectionClosed as error:
                    self.closed.append(error.reason)
                nursery.cancel_scope.cancel()

        self.network.servers["ws"] = handle

    def open(self, limits: WebSocketLimits | None = None):  # noqa: ANN201
        return open_websocket(
            self.network,
            "ws://ws:9443/stream?x=1",
            connect_timeout_s=3.0,
            silence_s=10.0,
            limits=limits or WebSocketLimits(),
        )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with trio.open_nursery() as nursery:
        yield World(MemoryNetwork(nursery))
        nursery.cancel_scope.cancel()


async def collect(world: World, count: int) -> list[list[str | bytes]]:
    batches: list[list[str | bytes]] = []
    async with world.open() as socket:
        while sum(map(len, batches)) < count:
            batches.append(await socket.receive_batch())
    return batches


async def test_messages_arrive_once_in_order_and_a_burst_in_few_batches(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    async def script(connection: trio_websocket.WebSocketConnection) -> None:
        for number in range(500):
            await connection.send_message(f"{number}")
        await connection.send_message(b"\x01")
        await trio.sleep(100)

    world.serve(script)
    batches = await collect(world, 501)
    assert [m for batch in batches for m in batch] == [*map(str, range(500)), b"\x01"]
    assert world.paths == ["/stream?x=1"]
    assert world.network.connected == [("ws", 9443, False)]


async def test_a_full_queue_holds_the_reader_back_and_loses_nothing(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    async def script(connection: trio_websocket.WebSocketConnection) -> None:
        for number in range(500):
            await connection.send_message(f"{number}")
        await connection.aclose()

    world.serve(script)
    received: list[str | bytes] = []
    async with world.open(WebSocketLimits(message_queue=3, receive_buffer_bytes=12)) as socket:
        await trio.sleep(5)
        while len(received) < 500:
            batch = await socket.receive_batch()
            assert len(batch) <= 6, "the queue, and what one read may bring"
            received += batch
    assert received == [*map(str, range(500))]


async def test_one_read_is_one_batch(autojump_clock: trio.abc.Clock, world: World) -> None:
    async def handle(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as nursery:
            request = await trio_websocket.wrap_server_stream(nursery, stream)
            await request.accept()
            await stream.send_all(b"".join(bytes([0x81, 1, 48 + n]) for n in range(10)))
            await trio.sleep_forever()

    world.network.servers["ws"] = handle
    assert await collect(world, 10) == [[str(n) for n in range(10)]]


async def test_what_was_sent_arrives(autojump_clock: trio.abc.Clock, world: World) -> None:
    async def echo(connection: trio_websocket.WebSocketConnection) -> None:
        while True:
            await connection.send_message(await connection.get_message())

    world.serve(echo)
    async with world.open() as socket:
        await socket.send("hello")
        assert await socket.receive_batch() == ["hello"]


async def test_a_close_hands_out_what_came_before_it(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    async def script(connection: trio_websocket.WebSocketConnection) -> None:
        await connection.send_message("last")
        await connection.aclose(1008, "Too many requests")

    world.serve(script)
    async with world.open() as socket:
        assert await socket.receive_batch() == ["last"]
        with pytest.raises(ConnectionLostError, match="1008"):
            await socket.receive_batch()
        with pytest.raises(ConnectionLostError):
            await socket.send("x")


async def test_a_cut_is_a_lost_connection(autojump_clock: trio.abc.Clock, world: World) -> None:
    async def script(connection: trio_websocket.WebSocketConnection) -> None:
        await trio.aclose_forcefully(world.network.streams[0])
        await trio.sleep_forever()

    world.serve(script)
    with pytest.raises(ConnectionLostError):
        async with world.open() as socket:
            await socket.receive_batch()


async def test_silence_is_noticed_and_pings_are_not_silence(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    async def script(connection: trio_websocket.WebSocketConnection) -> None:
        for _ in range(3):
            await trio.sleep(9)
            await connection.ping(b"payload")
        await trio.sleep_forever()

    world.serve(script)
    async with world.open() as socket:
        with pytest.raises(ConnectionSilentError, match="10 s"):
            await socket.receive_batch()
        assert trio.current_time() == pytest.approx(37.0)
        assert socket.quiet_s == pytest.approx(10.0)


async def test_pings_are_answered_while_nobody_reads(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    answered: list[float] = []

    async def script(connection: trio_websocket.WebSocketConnection) -> None:
        for _ in range(500):
            await connection.send_message("x")
        await connection.ping(b"20 s")
        answered.append(trio.current_time())
        await trio.sleep_forever()

    world.serve(script)
    async with world.open():
        await trio.sleep(50)
    assert answered == [pytest.approx(0.0)]


@pytest.mark.parametrize("kind", ["refused", "silent", "rejected", "closed", "mute", "nonsense"])
async def test_not_opening_is_one_error_within_the_time_out(
    autojump_clock: trio.abc.Clock, world: World, kind: str
) -> None:
    async def rejecting(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as nursery:
            request = await trio_websocket.wrap_server_stream(nursery, stream)
            await request.reject(429, body=b"slow down")
            await trio.sleep(100)
            nursery.cancel_scope.cancel()

    async def mute(stream: trio.abc.Stream) -> None:
        await trio.sleep_forever()

    async def closing(stream: trio.abc.Stream) -> None:
        await stream.receive_some()

    async def nonsense(stream: trio.abc.Stream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/9.9 what\r\n\r\n\x00")
        await trio.sleep_forever()

    handlers = {"rejected": rejecting, "mute": mute, "closed": closing, "nonsense": nonsense}
    world.network.is_silent = kind == "silent"
    if kind in handlers:
        world.network.servers["ws"] = handlers[kind]
    with pytest.raises(ConnectionLostError):
        async with world.open():
            pytest.fail("it did open")
    takes_all_of_it = kind in ("silent", "mute")
    assert trio.current_time() == pytest.approx(3.0 if takes_all_of_it else 0.0, abs=0.01)


async def test_an_oversized_message_ends_the_connection(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    async def script(connection: trio_websocket.WebSocketConnection) -> None:
        await connection.send_message("x" * 1_000)
        await connection.send_message("x" * 1_001)
        await trio.sleep_forever()

    world.serve(script)
    async with world.open(WebSocketLimits(message_bytes=1_000)) as socket:
        assert await socket.receive_batch() == ["x" * 1_000]
        with pytest.raises(ConnectionLostError):
            await socket.receive_batch()


async def test_a_frame_against_the_protocol_ends_the_connection(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    async def handle(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as nursery:
            request = await trio_websocket.wrap_server_stream(nursery, stream)
            await request.accept()
            await stream.send_all(b"\x81\x02\xff\xfe" + b"\xf7\x00" * 9)
            await trio.sleep_forever()

    world.network.servers["ws"] = handle
    async with world.open() as socket:
        with pytest.raises(ConnectionLostError):
            await socket.receive_batch()


async def test_closing_on_a_dead_link_is_bounded(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    async def handle(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as nursery:
            request = await trio_websocket.wrap_server_stream(nursery, stream)
            await request.accept()
            nursery.cancel_scope.cancel()
        await trio.sleep_forever()

    world.network.servers["ws"] = handle
    async with world.open():
        pass
    assert trio.current_time() == pytest.approx(1.0)


async def test_an_error_of_the_body_comes_out_as_it_is(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    world.serve(lambda connection: connection.get_message())
    with pytest.raises(KeyError):
        async with world.open():
            raise KeyError("mine")


async def test_cancelling_the_body_leaves_nothing_behind(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    world.serve(lambda connection: connection.get_message())
    with trio.move_on_after(5):
        async with world.open() as socket:
            await socket.receive_batch()
            await trio.sleep_forever()
    await trio.sleep(5)
    assert len(world.closed) == 1


async def test_over_real_sockets() -> None:
    async def echo(request: trio_websocket.WebSocketRequest) -> None:
        connection = await request.accept()
        await connection.send_message(await connection.get_message())

    async with trio.open_nursery() as nursery:
        server = await nursery.start(trio_websocket.serve_websocket, echo, "127.0.0.1", 0, None)
        url = f"ws://127.0.0.1:{server.port}/stream"
        async with open_websocket(
            SocketNetwork(), url, connect_timeout_s=5.0, silence_s=5.0
        ) as socket:
            await socket.send("hello")
            assert await socket.receive_batch() == ["hello"]
        nursery.cancel_scope.cancel()
