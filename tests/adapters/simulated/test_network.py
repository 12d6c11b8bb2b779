"""The simulated network: bytes in order, windows, resets, silence, crashes; all in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from adapters.simulated.links import WINDOW_BYTES, Latency
from adapters.simulated.network import ProcessNetwork, SimulatedNetwork
from supervisors.entropy import Entropy
from supervisors.testing import VirtualClock, run_virtually

HOST, PORT = "venue", 443
Ends = tuple[trio.abc.Stream, trio.abc.Stream]


class World:
    def __init__(self, network: SimulatedNetwork) -> None:
        self.network = network
        self.client_side, self.server_side = network.process(), network.process()

    async def ends(self) -> Ends:
        """A connection: the client's end and the server's."""
        if (HOST, PORT) not in self.network.listeners:
            await self.server_side.listen(HOST, PORT)
        listener = self.network.listeners[HOST, PORT]
        client = await self.client_side.connect(HOST, PORT, is_tls=False)
        return client, await listener.accept()


def run(test: Callable[[World], Awaitable[None]], seed: int = 1) -> list[tuple[str, bytes]]:
    """Runs `test` in a world; what arrived."""
    clock, heard = VirtualClock(), list[tuple[str, bytes]]()

    async def main() -> None:
        network = SimulatedNetwork(
            clock.agenda, Entropy(seed).dice, lambda *arrival: heard.append(arrival)
        )
        with trio.fail_after(1_000):
            await test(World(network))

    run_virtually(main, clock)
    return heard


async def read_exactly(stream: trio.abc.Stream, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = await stream.receive_some()
        assert part, "ended early"
        received += bytes(part)
    return received


def test_bytes_arrive_in_order_after_their_latency_in_both_directions() -> None:
    async def test(world: World) -> None:
        client, server = await world.ends()
        sent_s = trio.current_time()
        for number in range(50):
            await client.send_all(b"%02d" % number)
            await server.send_all(b"%02d" % (99 - number))
        assert await read_exactly(server, 100) == b"".join(b"%02d" % n for n in range(50))
        assert await read_exactly(client, 100) == b"".join(b"%02d" % (99 - n) for n in range(50))
        assert 0.002 <= trio.current_time() - sent_s <= 0.031

    assert len(run(test)) == 100


def test_the_same_seed_gives_the_same_arrivals() -> None:
    async def test(world: World) -> None:
        for _ in range(5):
            client, server = await world.ends()
            await client.send_all(b"hello")
            await read_exactly(server, 5)
            await trio.sleep(world.network.links[-1].dice.random())

    assert run(test, 1) == run(test, 1)


def test_a_writer_waits_for_a_reader_that_does_not_read() -> None:
    async def test(world: World) -> None:
        client, server = await world.ends()
        sent = 0
        with trio.move_on_after(60):
            while True:
                await client.send_all(bytes(1_000))
                sent += 1_000
        assert WINDOW_BYTES <= sent <= WINDOW_BYTES + 1_000
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read_exactly, server, sent + 5_000)
            await client.send_all(bytes(5_000))

    run(test)


def test_what_is_cancelled_is_not_sent() -> None:
    async def test(world: World) -> None:
        client, server = await world.ends()
        with trio.CancelScope() as scope:
            scope.cancel()
            await client.send_all(b"never")
        assert scope.cancelled_caught
        await client.send_all(b"then")
        assert await read_exactly(server, 4) == b"then"

    run(test)


def test_a_reset_breaks_both_ends_at_once_also_those_that_wait() -> None:
    async def test(world: World) -> None:
        client, server = await world.ends()

        async def broken(stream: trio.abc.Stream) -> None:
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(broken, client)
            nursery.start_soon(broken, server)
            await trio.sleep(1)
            world.network.links[0].reset()
        with pytest.raises(trio.BrokenResourceError):
            await client.send_all(b"x")
        assert world.network.live_links() == []

    run(test)


def test_a_silent_link_tells_nobody() -> None:
    async def test(world: World) -> None:
        client, server = await world.ends()
        world.network.links[0].is_silent = True
        await client.send_all(b"lost")
        await client.aclose()
        with trio.move_on_after(600) as waited:
            await server.receive_some()
        assert waited.cancelled_caught

    run(test)


def test_a_close_arrives_after_what_was_sent_and_writing_to_it_breaks() -> None:
    async def test(world: World) -> None:
        client, server = await world.ends()
        await client.send_all(b"bye")
        await client.aclose()
        assert await read_exactly(server, 3) == b"bye"
        assert await server.receive_some() == b""
        with pytest.raises(trio.ClosedResourceError):
            await client.send_all(b"x")
        await server.send_all(b"to nobody")
        await trio.sleep(1)
        with pytest.raises(trio.BrokenResourceError):
            await server.send_all(b"x")

    run(test)


def test_nobody_listening_refuses_and_a_taken_port_is_an_error() -> None:
    async def test(world: World) -> None:
        with pytest.raises(ConnectionRefusedError):
            await world.client_side.connect(HOST, PORT, is_tls=True)
        listener = await world.server_side.listen(HOST, 0)
        with pytest.raises(OSError, match="in use"):
            await world.server_side.listen(*listener.address)
        client = await world.client_side.connect(*listener.address, is_tls=False)
        await listener.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await client.receive_some()
        await world.server_side.listen(*listener.address)

    run(test)


@pytest.mark.parametrize("is_power_lost", [False, True])
def test_what_a_process_sent_before_its_crash_arrives_and_nothing_after(
    is_power_lost: bool,
) -> None:
    async def test(world: World) -> None:
        client, server = await world.ends()
        await client.send_all(b"order")
        world.client_side.crash(is_power_lost=is_power_lost)
        with pytest.raises(trio.BrokenResourceError):
            await client.send_all(b"a finally block")
        await client.aclose()
        assert await server.receive_some() == b"order"
        if is_power_lost:
            with trio.move_on_after(600) as waited:
                await server.receive_some()
            assert waited.cancelled_caught
        else:
            with pytest.raises(trio.BrokenResourceError):
                await server.receive_some()
        with pytest.raises(ConnectionRefusedError):
            await world.client_side.connect(HOST, PORT, is_tls=False)

    run(test)


def test_a_new_process_connects_where_the_old_one_is_dead() -> None:
    async def test(world: World) -> None:
        await world.ends()
        world.client_side.crash(is_power_lost=True)
        world.client_side = ProcessNetwork(world.network)
        client, server = await world.ends()
        await client.send_all(b"again")
        assert await read_exactly(server, 5) == b"again"

    run(test)


def test_latency_may_change_while_connected_and_order_is_kept() -> None:
    async def test(world: World) -> None:
        client, server = await world.ends()
        world.network.links[0].latency = Latency(5.0, 5.0)
        await client.send_all(b"slow ")
        world.network.links[0].latency = Latency(0.001, 0.001)
        await client.send_all(b"fast")
        started_s = trio.current_time()
        assert await read_exactly(server, 9) == b"slow fast"
        assert trio.current_time() - started_s == pytest.approx(5.0)

    run(test)
