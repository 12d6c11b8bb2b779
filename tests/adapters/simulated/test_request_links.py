"""HTTP without framing: told to the client as by a real connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from adapters.net.errors import OutcomeUnclearError, TransportBrokenError
from adapters.net.http import HttpClient, HttpResponse
from adapters.simulated.network import SimulatedNetwork, UnframedNetwork
from adapters.simulated.wire import HttpReply, HttpRequest, NoReply, Outbox
from supervisors.entropy import Entropy
from supervisors.testing import VirtualClock, run_virtually

ADDRESS = ("venue", 443)


class Echo:
    """Answers with what it was sent; `/slow`, `/cut` and `/mute` misbehave."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def request(self, request: HttpRequest) -> HttpReply | NoReply:
        self.requests.append(request)
        if request.path in {"/cut", "/mute"}:
            return NoReply(is_cut=request.path == "/cut")
        delay_s = 3.0 if request.path == "/slow" else 0.0
        said = f"{request.method} {request.target} {request.headers['x-key']}".encode()
        return HttpReply(201, said + request.body, (("X-Used", "7"),), delay_s)

    def open_session(self, request: HttpRequest, outbox: Outbox) -> None:
        raise AssertionError(f"{request.target}, {outbox}: no websockets here")


class World:
    def __init__(self, network: SimulatedNetwork) -> None:
        self.network, self.front = network, Echo()
        network.fronts[ADDRESS] = self.front
        process = network.process()
        assert isinstance(process, UnframedNetwork)
        self.process = process
        self.client = HttpClient("http://venue:443", process, timeout_s=5.0)

    async def ask(self, target: str) -> HttpResponse:
        return await self.client.request("POST", target, headers={"X-Key": "k"}, body=b"!")


def run(test: Callable[[World], Awaitable[None]], *, is_listening: bool = True) -> None:
    """In virtual time."""
    clock = VirtualClock()

    async def main() -> None:
        world = World(SimulatedNetwork(clock.agenda, Entropy(1).dice))
        if not is_listening:
            await test(world)
            return
        async with await world.process.listen(*ADDRESS):
            await test(world)

    run_virtually(main, clock)


def test_a_request_and_its_reply() -> None:
    async def test(world: World) -> None:
        began_s = trio.current_time()
        reply = await world.ask("/a?b=%20")
        assert (reply.status, reply.body) == (201, b"POST /a?b=%20 k!")
        assert reply.headers["x-used"] == "7"
        assert 0.004 <= trio.current_time() - began_s <= 0.060
        assert not world.network.live_links()

    run(test)


@pytest.mark.parametrize("target", ["/slow", "/mute", "/cut"])
def test_what_came_to_the_venue_and_was_not_answered_is_unclear(target: str) -> None:
    async def test(world: World) -> None:
        with pytest.raises(OutcomeUnclearError, match=f"POST venue{target}"):
            await world.client.request(
                "POST", f"{target}?signature=secret", headers={"X-Key": "k"}, timeout_s=2.0
            )
        assert len(world.front.requests) == 1

    run(test)


def test_no_listener_and_a_dead_process_send_nothing() -> None:
    async def refused(world: World) -> None:
        with pytest.raises(TransportBrokenError, match="refused"):
            await world.ask("/a")

    async def dead(world: World) -> None:
        world.process.crash(is_power_lost=False)
        with pytest.raises(TransportBrokenError, match="dead"):
            await world.ask("/a")
        assert not world.front.requests

    run(refused, is_listening=False)
    run(dead)


def test_faults_of_the_link() -> None:
    async def asked_while(world: World, strike: Callable[[], None]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_later, strike)
            with pytest.raises(OutcomeUnclearError):
                await world.ask("/slow")

    async def _later(strike: Callable[[], None]) -> None:
        await trio.sleep(1.0)
        strike()

    async def reset(world: World) -> None:
        def strike() -> None:
            world.network.live_links()[0].reset()

        await asked_while(world, strike)
        assert trio.current_time() < 1.5

    async def silence(world: World) -> None:
        def strike() -> None:
            world.network.live_links()[0].is_silent = True

        await asked_while(world, strike)
        assert trio.current_time() >= 5.0

    run(reset)
    run(silence)
