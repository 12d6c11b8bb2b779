"""One `bot3 venue` process for the tests of an independent client, and what they all ask of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bot3.app.processes import start

BTC = "BTC/USDT"


@contextmanager
def served(directory: Path, venue: str) -> Iterator[str]:
    """The REST address of one of its fronts."""
    running: subprocess.Popen[str] = start("venue", "--json", "--seed", "3", cwd=directory)
    assert running.stdout is not None
    try:
        yield json.loads(running.stdout.readline())["venues"][venue]["rest_url"]
    finally:
        running.kill()
        running.communicate()


def away(exchange: Any, share: float) -> float:
    """A price so far from the best bid, on the tick."""
    bid = exchange.fetch_order_book(BTC, limit=5)["bids"][0][0]
    return float(exchange.price_to_precision(BTC, bid * (1 + share)))


def assert_fills_agree(exchange: Any, orders: list[dict[str, Any]], before: dict[str, Any]) -> None:
    """The fills of these orders are what was filled, and what moved the balances since then."""
    ids = {order["id"] for order in orders}
    fills = [fill for fill in exchange.fetch_my_trades(BTC) if fill["order"] in ids]
    filled = sum(order["filled"] for order in orders)
    assert abs(sum(fill["amount"] for fill in fills) - filled) < 1e-9
    moved = {"BTC": 0.0, "USDT": 0.0}
    for fill in fills:
        sign = 1 if fill["side"] == "buy" else -1
        moved["BTC"] += sign * fill["amount"]
        moved["USDT"] -= sign * fill["cost"]
        moved[fill["fee"]["currency"]] -= fill["fee"]["cost"]
    after = exchange.fetch_balance()["total"]
    for asset, change in moved.items():
        assert abs(after[asset] - before["total"].get(asset, 0.0) - change) < 1e-6
    assert ids <= {order["id"] for order in exchange.fetch_closed_orders(BTC)}
