"""ccxt.pro follows and trades on the Bybit front's websockets, nothing changed but the host."""

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
    with served(tmp_path_factory.mktemp("venue"), "bybit") as url:
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
    }
    orders = asyncio.ensure_future(exchange.watch_orders(BTC))
    balance = asyncio.ensure_future(exchange.watch_balance())
    mine = asyncio.ensure_future(exchange.watch_my_trades(BTC))
    await asyncio.sleep(0.5)
    low = float(exchange.price_to_precision(BTC, books[-1]["bids"][0][0] * 0.9))
    placed = await exchange.create_order_ws(BTC, "limit", "buy", 0.01, low)
    watched["open"] = [order["status"] for order in await orders]
    watched["used"] = (await balance)["USDT"]["used"]
    orders = asyncio.ensure_future(exchange.watch_orders(BTC))
    await asyncio.sleep(0)
    await exchange.cancel_order_ws(placed["id"], BTC)
    watched["canceled"] = [order["status"] for order in await orders]
    await exchange.create_order(BTC, "market", "buy", 0.01)
    watched["mine"] = await mine
    return watched


async def _run(rest_url: str) -> dict[str, Any]:
    keys = {"apiKey": "demo", "secret": "demo-secret"}
    options = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}
    exchange = ccxt.pro.bybit({**keys, "options": options})
    where = rest_url.replace("http", "ws", 1)
    for name in ("public", "private", "spot", "futures", "v2"):
        exchange.urls["api"][name] = rest_url
    exchange.urls["api"]["ws"]["public"]["spot"] = f"{where}/v5/public/spot"
    exchange.urls["api"]["ws"]["private"]["contract"] = f"{where}/v5/private"
    exchange.urls["api"]["ws"]["private"]["spot"]["unified"] = f"{where}/v5/private"
    exchange.urls["api"]["ws"]["private"]["trade"] = f"{where}/v5/trade"
    try:
        async with asyncio.timeout(WAIT_S):
            return await _watched(exchange)
    finally:
        await exchange.close()


def test_a_trader_watches_and_trades(rest_url: str) -> None:
    watched = asyncio.run(_run(rest_url))
    assert all(bid < ask for bid, ask in watched["books"])
    assert watched["ticker"]["last"] > 0
    assert watched["trades"][-1]["price"] > 0
    assert len(watched["bars"][-1]) == 6
    assert watched["open"] == ["open"]
    assert watched["used"] > 0
    assert watched["canceled"] == ["canceled"]
    assert sum(trade["amount"] for trade in watched["mine"]) > 0
