"""The embedded exchange: one object that moves, serves and says where its data is from."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
import trio

from adapters.net.network import SocketNetwork
from adapters.simulated.agent_settings import AgentSettings
from adapters.simulated.embedded import EmbeddedExchange, EmbeddedSettings
from bot3.domain.errors import DataError
from bot3.domain.values import Side, Symbol
from supervisors.clock import ManualClock, SystemClock
from supervisors.entropy import Entropy

START_NS = 1_790_401_500_000_000_000


class TrioClock:
    def now_ns(self) -> int:
        return START_NS + round(trio.current_time() * 1e9)

    def monotonic_ns(self) -> int:
        return round(trio.current_time() * 1e9)


def build(settings: EmbeddedSettings, **changes: Any) -> EmbeddedExchange:
    values: dict[str, Any] = {
        "clock": TrioClock(),
        "dice_of": Entropy(9).dice,
        "api_key": "0123456789abcdef",
        "api_secret": "made up",
    }
    return EmbeddedExchange(settings, **(values | changes))


class SilentListener(trio.abc.Listener[trio.abc.Stream]):
    """Nobody ever connects."""

    async def accept(self) -> trio.abc.Stream:
        await trio.sleep_forever()
        raise AssertionError

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def run_for(embedded: EmbeddedExchange, seconds: float) -> None:
    async with trio.open_nursery() as nursery:
        ready = trio.Event()
        nursery.start_soon(partial(embedded.run, SilentListener(), ready=ready.set))
        await ready.wait()
        await trio.sleep(seconds)
        nursery.cancel_scope.cancel()


async def test_the_same_seed_and_clock_are_the_same_market(autojump_clock: Any) -> None:
    tapes = []
    for _ in range(2):
        embedded = build(EmbeddedSettings(symbols=(Symbol("ETH/USDT"),)))
        embedded.step()
        market = embedded.exchange.market(Symbol("ETH/USDT"))
        tapes.append((market.engine.top(Side.BUY, 30), market.candles.of("1m")[-2].close))
    assert tapes[0] == tapes[1]


async def test_the_market_moves_and_trades(autojump_clock: Any) -> None:
    embedded = build(EmbeddedSettings())
    assert embedded.data_source == "simulated: BTC/USDT, ETH/USDT, SOL/USDT, world regime"
    await run_for(embedded, 20)
    for market in embedded.exchange.markets.values():
        assert len(market.tape) > 10
        assert not embedded.is_replay_over


async def test_a_replay_ends_once_and_the_server_stays(autojump_clock: Any, tmp_path: Path) -> None:
    path = tmp_path / "SOL_USDT-1m.csv"
    close = 20 + np.round(np.sin(np.arange(20)), 2)
    frame = pd.DataFrame({"ts": 1_680_000_000_000 + 60_000 * np.arange(20), "open": close})
    frame = frame.assign(high=close + 0.1, low=close - 0.1, close=close, volume=5.5)
    frame.to_csv(path, index=False)
    ends: list[None] = []
    settings = EmbeddedSettings(replay_path=path)
    embedded = build(settings, on_replay_end=lambda: ends.append(None))
    assert embedded.data_source.startswith("replayed: SOL_USDT-1m.csv, SOL/USDT, 20 bars of 60 s")
    await run_for(embedded, 5)
    assert (embedded.is_replay_over, len(ends)) == (False, 0)
    await run_for(embedded, 10)
    assert (embedded.is_replay_over, len(ends)) == (True, 1)
    top = embedded.exchange.market(Symbol("SOL/USDT")).top()
    assert 0 < top.bid < top.ask


async def test_ids_of_a_later_run_do_not_repeat(autojump_clock: Any) -> None:
    settings = EmbeddedSettings(symbols=(Symbol("ETH/USDT"),))
    first = build(settings)
    await run_for(first, 30)
    second = build(settings)
    old, new = (e.exchange.market(Symbol("ETH/USDT")) for e in (first, second))
    second.step()
    assert new.last_order_id > old.last_order_id
    assert new.engine.trade_id > old.engine.trade_id


async def test_a_bad_recording_is_told_before_anything_runs(
    autojump_clock: Any, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no such file"):
        build(EmbeddedSettings(replay_path=tmp_path / "none.csv"))


async def test_it_serves_real_sockets() -> None:
    embedded = build(EmbeddedSettings(), clock=SystemClock())
    listener = await SocketNetwork().listen("127.0.0.1", 0)
    port = listener.socket.getsockname()[1]  # type: ignore[attr-defined]
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            ready = trio.Event()
            nursery.start_soon(partial(embedded.run, listener, ready=ready.set))
            await ready.wait()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                reply = await client.get("/api/v3/depth", params={"symbol": "SOLUSDT", "limit": 20})
                assert len(json.loads(reply.text)["bids"]) == 20
            nursery.cancel_scope.cancel()
    assert embedded.connections.requests == 1


def test_a_shorter_history_and_fewer_agents_are_as_asked() -> None:
    symbols = (Symbol("ETH/USDT"),)
    few = AgentSettings(maker_levels=2, patient_orders=10)
    found = []
    for changes in ({}, {"history_minutes": 60, "agents": few}):
        settings = EmbeddedSettings(symbols=symbols, **changes)
        market = build(settings, clock=ManualClock(START_NS)).exchange.market(symbols[0])
        found.append((len(market.candles.of("1m")), len(market.engine)))
    assert found[0][0] == pytest.approx(600, abs=2)
    assert found[1][0] == pytest.approx(60, abs=2)
    assert (found[0][1], found[1][1]) == (108, 14)
