"""Websockets without frames: messages in order, silence, resets, closes; told as by real ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
import trio

from adapters.net.errors import ConnectionLostError, ConnectionSilentError
from adapters.net.websocket import MessageSocket, open_websocket
from adapters.simulated.links import Latency
from adapters.simulated.message_links import MessageLink
from adapters.simulated.network import SimulatedNetwork
from adapters.simulated.wire import HttpReply, HttpRequest, Outbox
from supervisors.entropy import Entropy
from supervisors.testing import VirtualClock, run_virtually

URL = "ws://venue:443/echo?loud=true"


class Echo:
    """A front with one path; its sessions answer in capitals."""

    def __init__(self) -> None:
        self.sessions: list[Echo.Session] = []

    class Session:
        messages_per_s_max = None

        def __init__(self, outbox: Outbox) -> None:
            self.outbox = outbox
            self.is_closed = False

        def received(self, text: str) -> None:
            self.outbox.send(text.upper())

        def closed(self) -> None:
            assert not self.is_closed, "told once"
            self.is_closed = True

    def request(self, request: HttpRequest) -> HttpReply:
        raise AssertionError(f"{request.target}: only websockets here")

    def open_session(self, request: HttpRequest, outbox: Outbox) -> Session | None:
        if request.path != "/echo":
            return None
        outbox.send(f"hello {request.query}")
        self.sessions.append(Echo.Session(outbox))
        return self.sessions[-1]


class World:
    def __init__(self, network: SimulatedNetwork) -> None:
        self.network, self.front = network, Echo()
        network.fronts["venue", 443] = self.front
        self.process = network.process()

    def open(
        self, url: str = URL, connect_timeout_s: float = 5.0
    ) -> AbstractAsyncContextManager[MessageSocket]:
        return open_websocket(
            self.process, url, connect_timeout_s=connect_timeout_s, silence_s=60.0
        )

    @property
    def link(self) -> MessageLink:
        (link,) = self.network.live_links()
        assert isinstance(link, MessageLink)
        return link


def run(test: Callable[[World], Awaitable[None]]) -> list[tuple[str, bytes]]:
    """In virtual time; what arrived."""
    clock, heard = VirtualClock(), list[tuple[str, bytes]]()

    async def main() -> None:
        network = SimulatedNetwork(
            clock.agenda, Entropy(1).dice, lambda *arrival: heard.append(arrival)
        )
        world = World(network)
        await network.process().listen("venue", 443)
        with trio.fail_after(1_000):
            await test(world)

    run_virtually(main, clock)
    return heard


async def pump_for_ever(socket: MessageSocket) -> None:
    await socket.pump(lambda _: False)


async def receive_once(socket: MessageSocket) -> None:
    await socket.receive_batch()


readers = pytest.mark.parametrize("read", [receive_once, pump_for_ever])
Read = Callable[[MessageSocket], Awaitable[None]]


async def receive(socket: MessageSocket, count: int) -> list[object]:
    got: list[object] = []
    while len(got) < count:
        got += await socket.receive_batch()
    return got


def test_messages_arrive_in_order_each_once_and_are_in_the_trace() -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:
            for word in "abc":
                await socket.send(word)
            assert await receive(socket, 4) == ["hello loud=true", "A", "B", "C"]

    heard = run(test)
    assert [data for name, data in heard if name.endswith(">")] == [b"a", b"b", b"c"]
    assert [data for name, data in heard if name.endswith("<")][1:] == [b"A", b"B", b"C"]


def test_leaving_the_block_closes_the_session_once() -> None:
    async def test(world: World) -> None:
        async with world.open():
            assert len(world.network.live_links()) == 1
        assert world.network.live_links() == []
        await trio.sleep(1)
        assert world.front.sessions[0].is_closed

    run(test)


def test_what_is_said_at_one_instant_arrives_together() -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:
            await receive(socket, 1)
            outbox = world.front.sessions[0].outbox
            for word in ("one", "two"):
                outbox.send(word)
            assert await socket.receive_batch() == ["one", "two"]
            outbox.send("three")
            await trio.sleep(1e-4)
            outbox.send("four")
            assert await receive(socket, 2) == ["three", "four"]

    run(test)


def test_what_is_said_at_the_instant_of_an_arrival_is_not_lost() -> None:
    async def test(world: World) -> None:
        world.network.latency = Latency(0.0, 0.0)
        async with world.open() as socket:
            await receive(socket, 1)
            for word in ("one", "two"):
                world.front.sessions[0].outbox.send(word)
                assert await socket.receive_batch() == [word]

    run(test)


def test_a_server_that_closes_is_heard_after_what_it_said() -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:
            world.front.sessions[0].outbox.send("bye")
            world.front.sessions[0].outbox.close(1008, "policy")
            assert await receive(socket, 2) == ["hello loud=true", "bye"]
            with pytest.raises(ConnectionLostError, match="1008 policy"):
                await socket.receive_batch()
            assert world.front.sessions[0].is_closed

    run(test)


@readers
def test_a_reset_is_a_lost_connection_on_both_sides(read: Read) -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:
            await receive(socket, 1)
            async with trio.open_nursery() as nursery:

                async def lost() -> None:
                    with pytest.raises(ConnectionLostError, match="1006"):
                        await read(socket)

                nursery.start_soon(lost)
                await trio.sleep(1)
                world.link.reset()
            with pytest.raises(ConnectionLostError):
                await socket.send("x")
            assert world.front.sessions[0].is_closed

    run(test)


@readers
def test_pings_are_life_and_silence_is_noticed(read: Read) -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:
            await receive(socket, 1)
            with trio.move_on_after(300) as waited:
                await read(socket)
            assert waited.cancelled_caught
            assert socket.quiet_s <= 20.0
            world.link.is_silent = True
            with pytest.raises(ConnectionSilentError, match="60 s"):
                await read(socket)

    run(test)


def test_a_pump_takes_each_batch_as_it_arrives_and_ends_when_it_is_told() -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:
            taken = list[str | bytes]()
            outbox = world.front.sessions[0].outbox
            await trio.sleep(1)  # the greeting is there before the pump

            async def say() -> None:
                for word in ("one", "two", "end", "late"):
                    await trio.sleep(1)
                    outbox.send(word)

            def take(batch: Sequence[str | bytes]) -> bool:
                taken.extend(batch)
                return "end" in batch

            async with trio.open_nursery() as nursery:
                nursery.start_soon(say)
                await socket.pump(take)
                assert taken == ["hello loud=true", "one", "two", "end"]
            assert await receive(socket, 1) == ["late"]

    run(test)


def test_what_the_taker_raises_is_raised_by_the_pump() -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:

            def take(batch: Sequence[str | bytes]) -> bool:
                raise ValueError(f"cannot read {batch[0]!r}")

            with pytest.raises(ValueError, match="cannot read 'hello"):
                await socket.pump(take)
            await socket.send("after")
            assert await receive(socket, 1) == ["AFTER"]

    run(test)


@pytest.mark.parametrize("is_power_lost", [False, True])
def test_a_process_that_crashes_leaves_its_server_told_or_not(is_power_lost: bool) -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:
            await receive(socket, 1)
            world.process.crash(is_power_lost=is_power_lost)
            with pytest.raises(ConnectionLostError):
                await socket.send("a finally block")
        await trio.sleep(5)
        assert world.front.sessions[0].is_closed is not is_power_lost

    run(test)


@pytest.mark.parametrize(
    ("url", "timeout_s", "words"),
    [
        ("ws://venue:443/nothing", 5.0, "HTTP 404"),
        ("ws://nowhere:1/echo", 5.0, "refused"),
        (URL, 0.001, "not open after 0.001 s"),
    ],
)
def test_what_cannot_be_opened_is_lost(url: str, timeout_s: float, words: str) -> None:
    async def test(world: World) -> None:
        with pytest.raises(ConnectionLostError, match=words):
            async with world.open(url, timeout_s):
                raise AssertionError("open")

    run(test)


def test_two_readers_of_one_socket_are_a_mistake_and_a_cancelled_one_is_forgotten() -> None:
    async def test(world: World) -> None:
        async with world.open() as socket:
            await receive(socket, 1)
            with trio.move_on_after(1):
                await socket.receive_batch()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(socket.receive_batch)
                await trio.sleep(1)
                with pytest.raises(trio.BusyResourceError, match="two tasks read"):
                    await socket.receive_batch()
                await socket.send("go")

    run(test)
