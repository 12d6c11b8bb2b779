"""The HTTP face over a real loopback socket."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser

import httpx
import msgspec
import pytest
import trio

from bot3.domain.errors import UnavailableError
from bot3.telemetry.http import HttpActor, bind, url_of
from bot3.telemetry.metrics import Registry
from bot3.telemetry.status import Status


class Source:
    def __init__(self, status: Status) -> None:
        self.now = status

    def status(self) -> Status:
        return self.now


class Context:
    def __init__(self) -> None:
        self.is_ready = trio.Event()

    def ready(self) -> None:
        self.is_ready.set()

    def progress(self) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with bind("127.0.0.1", 0) as made:
        yield made


@asynccontextmanager
async def _serving(listener: socket.socket, source: Source) -> AsyncIterator[httpx.AsyncClient]:
    context = Context()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(HttpActor(listener, source, Registry()).run, context)
            await context.is_ready.wait()
            async with httpx.AsyncClient(base_url=url_of(listener)) as client:
                yield client
            nursery.cancel_scope.cancel()


async def test_pages_and_probes(listener: socket.socket, busy: Status) -> None:
    source = Source(busy)
    async with _serving(listener, source) as client:
        status = await client.get("status.json")
        assert status.headers["content-type"] == "application/json"
        assert json.loads(status.text)["equity"] == 10003.5
        assert msgspec.json.decode(status.content, type=Status) == busy
        health = await client.get("healthz")
        assert (health.status_code, health.json()["status"]) == (200, "alive")
        assert (await client.get("readyz")).status_code == 200
        source.now = msgspec.structs.replace(busy, is_ready=False, reasons=("no book yet",))
        ready = await client.get("readyz")
        assert (ready.status_code, ready.json()["reasons"]) == (503, ["no book yet"])
        assert (await client.get("healthz")).status_code == 200
        metrics = await client.get("metrics")
        assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "\nbot3_ready 0.0\n" in metrics.text
        assert (await client.get("nothing")).status_code == 404
        assert (await client.post("status.json")).status_code == 405


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)
        self.ids.add(found.get("id") or "")
        self.links += [value or "" for key, value in attrs if key in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_page_is_whole_and_self_contained(listener: socket.socket, busy: Status) -> None:
    async with _serving(listener, Source(busy)) as client:
        answer = await client.get("")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = _Page()
    page.feed(answer.text)
    assert page.open == []
    assert page.ids >= {"tiles", "instruments", "orders", "fills", "venues", "counts", "state"}
    assert page.links == ["data:,"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "innerHTML" not in answer.text


async def test_a_restarted_server_serves_on_the_same_socket(
    listener: socket.socket, busy: Status
) -> None:
    for _ in range(2):
        async with _serving(listener, Source(busy)) as client:
            assert (await client.get("healthz")).status_code == 200


async def test_stopping_is_bounded_by_open_connections(
    listener: socket.socket, busy: Status
) -> None:
    async with _serving(listener, Source(busy)) as client:
        assert (await client.get("healthz")).status_code == 200
        idle = await trio.open_tcp_stream("127.0.0.1", listener.getsockname()[1])
        await idle.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n")
        stop_start = trio.current_time()
    assert trio.current_time() - stop_start < 4
    await idle.aclose()


async def test_a_request_that_is_running_at_the_stop_is_answered(
    listener: socket.socket, busy: Status
) -> None:
    scope = trio.CancelScope()

    class Stopping(Source):
        def status(self) -> Status:
            scope.cancel()
            return self.now

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=url_of(listener)) as client:
            answers.append(await client.get("status.json"))

    context, answers = Context(), list[httpx.Response]()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            with scope:
                await HttpActor(listener, Stopping(busy), Registry()).run(context)
    assert answers[0].json()["run"] == "abcdefgh"


async def test_a_client_that_does_not_read_cannot_hold_the_server(
    listener: socket.socket, busy: Status
) -> None:
    async with _serving(listener, Source(busy)):
        stalled = socket.socket()
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        stalled.connect(listener.getsockname())
        stalled.setblocking(False)
        stalled_stream = trio.SocketStream(trio.socket.from_stdlib_socket(stalled))
        with trio.move_on_after(1):
            while True:
                await stalled_stream.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 50)
        stop_start = trio.current_time()
    assert trio.current_time() - stop_start < 8
    await stalled_stream.aclose()


async def test_a_status_that_fails_is_a_500_and_the_server_lives(
    listener: socket.socket, busy: Status, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Source):
        def status(self) -> Status:
            raise RuntimeError("no snapshot")

    async with _serving(listener, Broken(busy)) as client:
        assert (await client.get("status.json")).status_code == 500
        assert (await client.get("")).status_code == 200
    assert "no snapshot" in caplog.text


def test_a_taken_port_is_one_clear_line(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with pytest.raises(UnavailableError) as caught:
        bind("127.0.0.1", port)
    assert caught.value.exit_code == 1
    assert str(caught.value) == (
        f"telemetry: 127.0.0.1:{port} is in use: "
        "set [telemetry] port (0: any free one) or BOT3__TELEMETRY__PORT"
    )


@pytest.mark.parametrize("host", ["no.such.host.invalid", "300.1.1.1", "a" * 300])
def test_a_bad_host_is_one_clear_line(host: str) -> None:
    with pytest.raises(UnavailableError, match=r"no such host .* set \[telemetry\] host"):
        bind(host, 0)


def test_urls() -> None:
    with bind("0.0.0.0", 0) as everywhere:
        assert url_of(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}/"
