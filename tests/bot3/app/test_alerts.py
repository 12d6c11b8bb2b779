"""An operator is told by webhook of what happens in a whole engine over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import trio
from attrs import Factory, define

from adapters.net.network import SocketNetwork
from bot3.app.alerts.told import alerts_of
from bot3.app.beside import Beside
from bot3.app.config import load_config
from bot3.messages.control import HaltTrading, ResumeTrading
from supervisors.entropy import Entropy
from tests.adapters.net.http_server import Reply, Request, serve_http
from tests.bot3.app.engine_bench import Market, Running, open_engine, open_market

ALERTS = "bot3/operators/alerts"


@define
class Hook:
    """A webhook on loopback, and what it was sent."""

    url: str = ""
    reply: Reply = Factory(Reply)
    requests: list[Request] = Factory(list)

    def route(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.reply

    async def serve(self, stream: trio.abc.Stream) -> None:
        with suppress(trio.BrokenResourceError):  # whoever gave up waiting has gone
            await serve_http(stream, self.route)

    def told(self) -> list[tuple[str, str]]:
        bodies = [json.loads(each.body) for each in self.requests]
        return [(body["kind"], body["subject"]) for body in bodies]


@asynccontextmanager
async def open_hook() -> AsyncIterator[Hook]:
    hook = Hook()
    listener = await SocketNetwork().listen("127.0.0.1", 0)
    hook.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/hook?token=7"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, hook.serve, [listener])
        yield hook
        nursery.cancel_scope.cancel()


def paths(running: Running) -> set[str]:
    return {actor.path for actor in running.tree.snapshot()}


@asynccontextmanager
async def alerted(market: Market, hook: Hook, journal: Path) -> AsyncIterator[Running]:
    plan = alerts_of(market.config, SocketNetwork(), Entropy(1))
    assert plan is not None
    async with open_engine(market, journal, beside=Beside(alerts=plan)) as running:
        board = running.engine.board
        await running.until(lambda: board.fills > 0)
        assert ALERTS in paths(running)
        assert hook.requests == []  # that it started well is no alert
        yield running


async def test_a_halt_and_a_lost_venue_reach_the_webhook(tmp_path: Path) -> None:
    async with (
        open_hook() as hook,
        open_market(17, alerts__webhook_url=hook.url) as (market, nursery),
        alerted(market, hook, tmp_path / "j.sqlite") as running,
    ):
        engine = running.engine
        engine.core.risk.send(HaltTrading("by a test"))
        await running.until(lambda: ("halt", "trading") in hook.told())
        (request,) = hook.requests
        assert (request.method, request.path, request.query) == ("POST", "/hook", "token=7")
        body = json.loads(request.body)
        assert body["text"] == "bot3 (embedded) halt: trading: by a test"
        assert body["mode"] == "embedded"
        engine.core.risk.send(ResumeTrading("ann"))
        await running.until(lambda: ("resume", "trading") in hook.told())

        market.connections_end()
        lost = {("venue_lost", f"binance {what}") for what in ("market data", "account")}
        await running.until(lambda: lost <= set(hook.told()))
        await nursery.start(market.serve)
        back = {("venue_back", f"binance {what}") for what in ("market data", "account")}
        await running.until(lambda: back <= set(hook.told()))
        assert len(hook.told()) == len(set(hook.told()))
        await running.until(lambda: sum(engine.board.alerts.status().sent.values()) >= 6)
        assert engine.board.alerts.status().failed == 0


async def test_a_webhook_that_does_not_answer_disturbs_nobody(tmp_path: Path) -> None:
    async with (
        open_hook() as hook,
        open_market(17, alerts__webhook_url=hook.url) as (market, _),
        alerted(market, hook, tmp_path / "j.sqlite") as running,
    ):
        hook.reply = Reply(fate="hang")
        engine, observer = running.engine, running.tree.observer
        engine.core.risk.send(HaltTrading("by a test"))
        await running.until(lambda: bool(hook.requests))
        engine.core.risk.send(ResumeTrading("ann"))
        await running.until(lambda: engine.board.halted is None)
        fills = engine.board.fills
        await running.until(lambda: engine.board.fills > fills)
        assert observer.restarts_by_actor() == {}
        assert engine.board.alerts.status().sent == {}


async def test_the_tree_has_them_where_a_webhook_is_configured_only(tmp_path: Path) -> None:
    assert alerts_of(load_config(None, {}).config, SocketNetwork(), Entropy(1)) is None
    async with (
        open_market(17) as (market, _),
        open_engine(market, tmp_path / "j.sqlite") as running,
    ):
        assert ALERTS not in paths(running)
        assert running.engine.watched_board is running.engine.board_cell
