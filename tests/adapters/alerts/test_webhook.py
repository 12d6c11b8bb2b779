"""A webhook over an in-memory network: what it is sent, and that its URL is said nowhere."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import repeat

import pytest
import trio

from adapters.alerts.webhook import DEADLINE_S, WORDS_MAX, Webhook
from adapters.net.network import SocketNetwork
from bot3.domain.errors import AlertNotSentError, ConfigError
from bot3.messages.alerts import Alert, AlertKind
from tests.adapters.net.http_server import Reply, Request, serve_http
from tests.adapters.net.memory_network import MemoryNetwork

SECRET = "T0pS3cret"
HOST = "hooks.example"
URL = f"https://{HOST}/services/{SECRET}?token={SECRET}2"
ALERT = Alert(AlertKind.HALT, "trading", "halted: a test", 17)


class World:
    def __init__(self, network: MemoryNetwork) -> None:
        self.network = network
        self.requests: list[Request] = []
        self.reply: Callable[[], Reply] = lambda: Reply(204, b"")
        network.servers[HOST] = self._serve
        self.webhook = Webhook(URL, mode="paper", network=network)

    async def _serve(self, stream: trio.abc.Stream) -> None:
        await serve_http(stream, self._route)

    def _route(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.reply()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with trio.open_nursery() as nursery:
        yield World(MemoryNetwork(nursery))
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_a_post_of_json_that_slack_and_discord_show(
    autojump_clock: object, world: World, status: int
) -> None:
    world.reply = lambda: Reply(status, b"" if status == 204 else b"ok")
    await world.webhook.send(ALERT)
    (request,) = world.requests
    assert (request.method, request.path) == ("POST", f"/services/{SECRET}")
    assert request.query == f"token={SECRET}2"
    assert request.headers["content-type"] == "application/json"
    words = "bot3 (paper) halt: trading: halted: a test"
    assert json.loads(request.body) == {
        "kind": "halt",
        "subject": "trading",
        "text": words,
        "content": words,
        "ts_ns": 17,
        "mode": "paper",
    }
    assert world.network.connected == [(HOST, 443, True)]


async def test_long_words_are_cut(autojump_clock: object, world: World) -> None:
    await world.webhook.send(Alert(AlertKind.HALT, "trading", "x" * 5_000, 17))
    body = json.loads(world.requests[0].body)
    assert len(body["content"]) == WORDS_MAX
    assert body["content"].endswith("…")


@pytest.mark.parametrize(
    ("reply", "words", "took_s"),
    [
        (Reply(500, b"no"), "HTTP 500", 0.0),
        (Reply(302, b"", {"location": "/x"}), "HTTP 302", 0.0),
        (Reply(404, URL.encode()), "HTTP 404", 0.0),
        (Reply(fate="hang"), "no whole answer", DEADLINE_S),
        (Reply(fate="reset"), "no whole answer", 0.0),
        (Reply(fate="half"), "no whole answer", 0.0),
        (Reply(200, b"x" * 1_000_000), "no whole answer", 0.0),
    ],
)
async def test_anything_else_was_not_told(
    autojump_clock: object, world: World, reply: Reply, words: str, took_s: float
) -> None:
    world.reply = lambda: reply
    started = trio.current_time()
    with pytest.raises(AlertNotSentError, match=words):
        await world.webhook.send(ALERT)
    assert trio.current_time() - started == took_s
    assert len(world.requests) == 1


async def test_a_failure_is_followed_by_a_success(autojump_clock: object, world: World) -> None:
    replies = [Reply(500), Reply(200)]
    world.reply = lambda: replies.pop(0)
    with pytest.raises(AlertNotSentError):
        await world.webhook.send(ALERT)
    await world.webhook.send(ALERT)
    assert len(world.requests) == 2


async def test_the_url_is_said_nowhere(
    autojump_clock: object, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # what bot3 lets through of httpx
    said = [repr(world.webhook), str(world.webhook)]
    for reply in (Reply(500), Reply(fate="hang"), Reply(fate="reset"), None):
        if reply is None:
            del world.network.servers[HOST]
        else:
            world.reply = partial(next, repeat(reply))
        with pytest.raises(AlertNotSentError) as caught:
            await world.webhook.send(ALERT)
        said += traceback.format_exception(caught.value)
        assert caught.value.__context__ is None
    said.append(caplog.text)
    assert SECRET not in "".join(said)
    assert HOST not in "".join(said)
    with pytest.raises(TypeError):
        pickle.dumps(world.webhook)


@pytest.mark.parametrize("host", ["a..s3cret", "1.2.3.999", "xn--zz", "s3cret" * 11])
async def test_a_host_that_nobody_can_ask_for_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="not a URL that can be asked for") as caught:
        Webhook(f"https://{host}/hook", mode="live", network=SocketNetwork())
    assert host not in "".join(traceback.format_exception(caught.value))


async def test_nobody_listens_there() -> None:
    async with await SocketNetwork().listen("127.0.0.1", 0) as listener:
        port = listener.socket.getsockname()[1]
    webhook = Webhook(f"http://127.0.0.1:{port}", mode="live", network=SocketNetwork())
    with pytest.raises(AlertNotSentError, match="cannot be reached"):
        await webhook.send(ALERT)
