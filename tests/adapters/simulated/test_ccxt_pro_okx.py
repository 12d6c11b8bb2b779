"""ccxt.pro follows and trades on the OKX front's websockets, nothing changed but the host."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import ccxt.pro
import pytest

from tests.adapters.simulated.ccxt_venue import BTC, served

WAIT_S = 90.0


@pytest.fixture(scope="module")
def rest_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("venue"), "okx") as url:
        yield url


async def _watched(exchange: Any) -> dict[str, Any]:
    """Everything that a trader watches, while an order rests, is canceled, and another takes."""
    await exchange.load_markets()
    books = [await exchange.watch_order_book(BTC) for _ in range(5)]
    watched: dict[str, Any] = {
        "books": [(book["bids"][0][0], book["asks"][0][0]) for book in books],
        "trades": await exchange.watch_trades(BTC),
        "ticker": await exchange.watch_ticker(BTC),
        "bars": await exchange.watch_ohlcv(BTC, "1m"),
        "balance": await exchange.watch_balance(),
    }
    orders = asyncio.ensure_future(exchange.watch_orders(BTC))
    await asyncio.sleep(0.5)
    low = float(exchange.price_to_precision(BTC, books[-1]["bids"][0][0] * 0.9))
    placed = await exchange.create_order_ws(BTC, "limit", "buy", 0.01, low)
    watched["open"] = [order["status"] for order in await orders]
    orders = asyncio.ensure_future(exchange.watch_orders(BTC))
    await asyncio.sleep(0)
    await exchange.cancel_order_ws(placed["id"], BTC)
    watched["canceled"] = [order["status"] for order in await orders]
    mine = asyncio.ensure_future(exchange.watch_my_trades(BTC))
    await asyncio.sleep(0)
    await exchange.create_order(BTC, "market", "buy", 0.01)
    watched["mine"] = await mine
    return watched


async def _run(rest_url: str) -> dict[str, Any]:
    keys = {"apiKey": "demo", "secret": "demo-secret", "password": "demo-pass"}
    exchange = ccxt.pro.okx(keys)
    exchange.urls["api"]["rest"] = rest_url
    exchange.urls["api"]["ws"] = rest_url.replace("http", "ws", 1) + "/ws/v5"
    try:
        async with asyncio.timeout(WAIT_S):
            return await _watched(exchange)
    finally:
        await exchange.close()


def test_a_trader_watches_and_trades(rest_url: str) -> None:
    watched = asyncio.run(_run(rest_url))
    assert all(bid < ask for bid, ask in watched["books"])
    assert watched["ticker"]["bid"] < watched["ticker"]["ask"]
    assert watched["trades"][-1]["price"] > 0
    assert len(watched["bars"][-1]) == 6
    assert watched["balance"]["USDT"]["total"] == 10_000
    assert watched["open"] == ["open"]
    assert watched["canceled"] == ["canceled"]
    assert sum(trade["amount"] for trade in watched["mine"]) == pytest.approx(0.01)
