from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable

import pytest
import trio

from adapters.net.errors import OutcomeUnclearError, TransportBrokenError
from adapters.net.http import HttpClient, HttpLimits
from adapters.net.network import SocketNetwork
from tests.adapters.net.http_server import Reply, Request, serve_http
from tests.adapters.net.memory_network import MemoryNetwork


class World:
    def __init__(self, network: MemoryNetwork) -> None:
        self.network = network
        self.requests: list[Request] = []
        self.reply: Callable[[Request], Reply] = lambda _: Reply()
        network.servers["rest"] = self._serve
        self.client = HttpClient(
            "http://rest", network, timeout_s=5.0, limits=HttpLimits(response_bytes=1_000)
        )

    async def _serve(self, stream: trio.abc.Stream) -> None:
        await serve_http(stream, self._route)

    def _route(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.reply(request)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with trio.open_nursery() as nursery:
        world = World(MemoryNetwork(nursery))
        yield world
        await world.client.aclose()
        nursery.cancel_scope.cancel()


async def test_a_target_is_sent_byte_for_byte(autojump_clock: trio.abc.Clock, world: World) -> None:
    world.reply = lambda _: Reply(201, b"[1]", {"X-Mbx-Used-Weight-1m": "7"})
    target = "/api/v3/order?symbol=%EF%BC%91&note=a%2Fb%2Bc%7E%20-_.&signature=ab"
    reply = await world.client.request("POST", target, headers={"X-MBX-APIKEY": "k"})
    assert (reply.status, reply.body) == (201, b"[1]")
    assert reply.headers["x-mbx-used-weight-1m"] == "7"
    (request,) = world.requests
    assert f"{request.path}?{request.query}" == target
    assert request.method == "POST"
    assert request.headers["x-mbx-apikey"] == "k"
    assert request.headers["host"] == "rest"


async def test_a_connection_is_used_again(autojump_clock: trio.abc.Clock, world: World) -> None:
    world.reply = lambda _: Reply(body=b"x" * 1_000)
    for _ in range(100):  # more than one reply may have: the limit is a reply's, not a connection's
        await world.client.request("GET", "/")
    assert len(world.network.connected) == 1


async def test_tls_is_the_networks(autojump_clock: trio.abc.Clock, world: World) -> None:
    client = HttpClient("https://rest", world.network, timeout_s=5.0)
    assert (await client.request("GET", "/")).status == 200
    await client.aclose()
    assert world.network.connected == [("rest", 443, True)]


async def test_refused_is_certainly_not_sent(autojump_clock: trio.abc.Clock, world: World) -> None:
    del world.network.servers["rest"]
    with pytest.raises(TransportBrokenError, match="refused"):
        await world.client.request("GET", "/")


async def test_no_connection_in_time_is_certainly_not_sent(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    world.network.is_silent = True
    started = trio.current_time()
    with pytest.raises(TransportBrokenError, match="within 5 s"):
        await world.client.request("GET", "/")
    assert trio.current_time() - started == pytest.approx(5.0)


@pytest.mark.parametrize("fate", ["hang", "reset", "half"])
async def test_no_complete_answer_is_unclear(
    autojump_clock: trio.abc.Clock, world: World, fate: str
) -> None:
    world.reply = lambda _: Reply(body=b"x" * 100, fate=fate)
    with pytest.raises(OutcomeUnclearError):
        await world.client.request("POST", "/api/v3/order?secret=1")
    assert len(world.requests) == 1, "nothing is sent twice"
    world.reply = lambda _: Reply()
    assert (await world.client.request("GET", "/")).status == 200


async def test_the_deadline_holds_for_the_whole_request(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    world.reply = lambda _: Reply(after_s=4.9)
    assert (await world.client.request("GET", "/")).status == 200
    world.reply = lambda _: Reply(after_s=5.1)
    started = trio.current_time()
    with pytest.raises(OutcomeUnclearError, match="within 5 s"):
        await world.client.request("GET", "/")
    assert trio.current_time() - started == pytest.approx(5.0)


async def test_a_connection_that_ended_unseen_while_idle_is_unclear(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    await world.client.request("GET", "/")
    await trio.aclose_forcefully(world.network.streams[0])
    with pytest.raises(OutcomeUnclearError):
        await world.client.request("GET", "/")
    assert (await world.client.request("GET", "/")).status == 200


@pytest.mark.parametrize("length", [1_001, 200_000])
async def test_a_reply_is_bounded(
    autojump_clock: trio.abc.Clock, world: World, length: int
) -> None:
    world.reply = lambda _: Reply(body=b"x" * length)
    with pytest.raises(OutcomeUnclearError, match=r"exceeds \d+ bytes"):
        await world.client.request("GET", "/")
    world.reply = lambda _: Reply(body=b"x" * 1_000)
    assert len((await world.client.request("GET", "/")).body) == 1_000


async def test_nothing_is_decompressed(autojump_clock: trio.abc.Clock, world: World) -> None:
    world.reply = lambda _: Reply(body=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})
    with pytest.raises(OutcomeUnclearError, match="compressed"):
        await world.client.request("GET", "/")
    assert world.requests[0].headers["accept-encoding"] == "identity"


async def test_what_is_not_http_is_unclear(autojump_clock: trio.abc.Clock, world: World) -> None:
    async def nonsense(stream: trio.abc.Stream) -> None:
        await stream.receive_some()
        await stream.send_all(b"\x00\x01 nonsense\r\n\r\n")

    world.network.servers["rest"] = nonsense
    with pytest.raises(OutcomeUnclearError):
        await world.client.request("GET", "/")


async def test_errors_and_replies_show_no_query_and_no_header(
    autojump_clock: trio.abc.Clock, world: World
) -> None:
    world.reply = lambda _: Reply(fate="reset")
    with pytest.raises(OutcomeUnclearError) as caught:
        await world.client.request("GET", "/path?signature=S3CRET", headers={"k": "S3CRET"})
    assert "/path" in str(caught.value)
    assert "S3CRET" not in str(caught.value)
    world.reply = lambda _: Reply(body=b"S3CRET", headers={"h": "S3CRET"})
    assert "S3CRET" not in repr(await world.client.request("GET", "/"))


async def test_over_real_sockets_an_idle_connection_that_was_closed_is_not_used() -> None:
    served: list[Request] = []

    async def once(stream: trio.SocketStream) -> None:
        def route(request: Request) -> Reply:
            served.append(request)
            return Reply()

        with trio.move_on_after(0.1):
            await serve_http(stream, route)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, once, [listener])
        port = listener.socket.getsockname()[1]
        client = HttpClient(f"http://127.0.0.1:{port}", SocketNetwork(), timeout_s=5.0)
        assert (await client.request("GET", "/1")).status == 200
        await trio.sleep(0.3)
        assert (await client.request("GET", "/2")).status == 200
        await client.aclose()
        nursery.cancel_scope.cancel()
    assert [request.path for request in served] == ["/1", "/2"]
