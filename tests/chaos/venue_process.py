"""The simulated exchange as a process, and its books by its own REST API, asked directly."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import httpx
import trio
from attrs import define, field

from tests.bot3.app.processes import environment
from tests.chaos.books import FillBooked, OrderBooked, VenueBooks

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
FUNDING = MappingProxyType({"USDT": Decimal(10_000)})
PAGE = 1_000
START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 10.0
FATES = {
    "NEW": "open",
    "PARTIALLY_FILLED": "open",
    "FILLED": "filled",
    "CANCELED": "canceled",
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "expired",
}


@define
class VenueProcess:
    """`python -m bot3 venue`."""

    process: trio.Process
    port: int
    api_key: str
    api_secret: str = field(repr=False)
    client: httpx.AsyncClient

    @classmethod
    async def start(cls, directory: Path, seed: int) -> VenueProcess:
        """Serves when this returns."""
        with (directory / "venue.log").open("wb") as log:
            process = await trio.lowlevel.open_process(
                [sys.executable, "-m", "bot3", "venue", "--json", "--seed", str(seed)],
                cwd=directory,
                env=environment(PYTHONUNBUFFERED="1"),
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            said = await _first_line(process)
        except BaseException:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
            print((directory / "venue.log").read_text())
            raise
        (account,) = said["accounts"]
        port = httpx.URL(said["venues"]["binance"]["rest_url"]).port
        assert port is not None
        client = httpx.AsyncClient(
            base_url=said["venues"]["binance"]["rest_url"], timeout=10.0, trust_env=False
        )
        return cls(process, port, account["api_key"], account["api_secret"], client)

    async def stop(self) -> int:
        """Its exit code."""
        await self.client.aclose()
        self.process.terminate()
        with trio.move_on_after(STOP_DEADLINE_S):
            return await self.process.wait()
        self.process.kill()
        return await self.process.wait()

    async def ask(self, path: str, **params: object) -> Any:
        """A signed question."""
        query = urlencode({**params, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.new(self.api_secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        reply = await self.client.get(
            f"{path}?{query}&signature={signature}", headers={"X-MBX-APIKEY": self.api_key}
        )
        assert reply.is_success, reply.text
        return reply.json()

    async def books(self) -> VenueBooks:
        """All orders and fills there ever were, and what is held."""
        orders: list[OrderBooked] = []
        fills: list[FillBooked] = []
        for symbol in SYMBOLS:
            wire = symbol.replace("/", "")
            trades = await self._pages("/api/v3/myTrades", wire, "fromId", "id")
            rows = await self._pages("/api/v3/allOrders", wire, "orderId", "orderId")
            names = {row["orderId"]: row["clientOrderId"] for row in rows}
            orders += [_order(symbol, row) for row in rows]
            fills += [_fill(symbol, row, names[row["orderId"]]) for row in trades]
        balances = (await self.ask("/api/v3/account"))["balances"]
        totals = {row["asset"]: Decimal(row["free"]) + Decimal(row["locked"]) for row in balances}
        return VenueBooks(tuple(orders), tuple(fills), totals)

    async def open_ids(self) -> set[str]:
        """Client ids of what rests there."""
        rows = await self.ask("/api/v3/openOrders")
        return {row["clientOrderId"] for row in rows}

    async def _pages(self, path: str, wire: str, since: str, number: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        first = 0
        while True:
            page = await self.ask(path, symbol=wire, limit=PAGE, **{since: first})
            rows += page
            if len(page) < PAGE:
                return rows
            first = page[-1][number] + 1


async def _first_line(process: trio.Process) -> Any:
    """What it says once it serves."""
    assert process.stdout is not None
    told = b""
    with trio.fail_after(START_DEADLINE_S):
        while not told.endswith(b"\n"):
            data = await process.stdout.receive_some()
            assert data, "it ended"
            told += data
    return json.loads(told)


def _order(symbol: str, row: dict[str, Any]) -> OrderBooked:
    return OrderBooked(
        client_order_id=row["clientOrderId"],
        symbol=symbol,
        side=row["side"].lower(),
        amount=Decimal(row["origQty"]),
        filled=Decimal(row["executedQty"]),
        fate=FATES[row["status"]],
    )


def _fill(symbol: str, row: dict[str, Any], client_order_id: str) -> FillBooked:
    return FillBooked(
        symbol=symbol,
        trade_id=str(row["id"]),
        client_order_id=client_order_id,
        side="buy" if row["isBuyer"] else "sell",
        price=Decimal(row["price"]),
        amount=Decimal(row["qty"]),
        fee=Decimal(row["commission"]),
        fee_asset=row["commissionAsset"],
    )
