"""ccxt, which knows nothing of bot3, trades on the exchange with nothing changed but the host."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import ccxt
import pytest

from tests.adapters.simulated.ccxt_venue import BTC, assert_fills_agree, away, served


def client(rest_url: str, secret: str = "demo-secret") -> ccxt.binance:
    """Of the shop; its addresses are the venue's, with the same paths."""
    made = ccxt.binance(
        {
            "apiKey": "demo",
            "secret": secret,
            "enableRateLimit": False,
            "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}},
        }
    )
    api: dict[str, Any] = made.urls["api"]
    for name, url in api.items():
        if isinstance(url, str):
            api[name] = rest_url + urlsplit(url).path
    return made


@pytest.fixture(scope="module")
def rest_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("venue"), "binance") as url:
        yield url


@pytest.fixture
def exchange(rest_url: str) -> ccxt.binance:
    made = client(rest_url)
    made.load_markets()
    return made


def test_markets_with_their_filters(exchange: ccxt.binance) -> None:
    assert {*exchange.symbols} == {BTC, "ETH/USDT", "SOL/USDT"}
    market = exchange.market(BTC)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.01, 0.00001)
    assert (market["limits"]["cost"]["min"], market["active"]) == (5, True)


def test_public_data_agrees_with_itself(exchange: ccxt.binance) -> None:
    book = exchange.fetch_order_book(BTC, limit=20)
    assert len(book["bids"]) == len(book["asks"]) == 20
    assert book["bids"] == sorted(book["bids"], reverse=True)
    assert book["bids"][0][0] < book["asks"][0][0]
    ticker = exchange.fetch_ticker(BTC)
    assert ticker["bid"] < ticker["ask"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert set(exchange.fetch_tickers([BTC, "ETH/USDT"])) == {BTC, "ETH/USDT"}
    assert set(exchange.fetch_bids_asks([BTC])) == {BTC}
    trades = exchange.fetch_trades(BTC, limit=7)
    assert len(trades) == 7
    later = exchange.fetch_trades(BTC, params={"fromId": int(trades[3]["id"])}, limit=2)
    assert [trade["id"] for trade in later] == [trade["id"] for trade in trades[3:5]]
    bars = exchange.fetch_ohlcv(BTC, "1m", limit=30)
    assert [b[0] - a[0] for a, b in pairwise(bars)] == [60_000] * 29
    assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in bars)


def test_a_resting_order_from_placing_to_its_end(exchange: ccxt.binance) -> None:
    before = exchange.fetch_balance()["USDT"]
    price = away(exchange, -0.02)
    placed = exchange.create_order(
        BTC, "limit", "buy", 0.001, price, {"newClientOrderId": "mine-1"}
    )
    assert (placed["status"], placed["clientOrderId"], placed["price"]) == ("open", "mine-1", price)
    held = exchange.fetch_balance()["USDT"]
    assert held["used"] - before["used"] == pytest.approx(price * 0.001)
    assert [order["id"] for order in exchange.fetch_open_orders(BTC)] == [placed["id"]]
    by_client = exchange.fetch_order(None, BTC, {"origClientOrderId": "mine-1"})
    assert by_client["id"] == placed["id"]
    moved = exchange.edit_order(placed["id"], BTC, "limit", "buy", 0.001, away(exchange, -0.03))
    assert moved["id"] != placed["id"]
    assert exchange.fetch_order(placed["id"], BTC)["status"] == "canceled"
    assert exchange.cancel_order(moved["id"], BTC)["status"] == "canceled"
    assert exchange.fetch_balance()["USDT"]["total"] == before["total"]
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order(moved["id"], BTC)


def test_fills_fees_and_balances_agree(exchange: ccxt.binance) -> None:
    before = exchange.fetch_balance()
    bought = exchange.create_order(BTC, "market", "buy", 0.002)
    spent = exchange.create_market_buy_order_with_cost(BTC, 50)
    sold = exchange.create_order(
        BTC, "limit", "sell", 0.001, away(exchange, -0.01), {"timeInForce": "IOC"}
    )
    orders = [bought, spent, sold]
    assert [order["status"] for order in orders] == ["closed"] * 3
    assert_fills_agree(exchange, orders, before)
    assert exchange.fetch_trading_fee(BTC)["taker"] == 0.001


def test_post_only_cancel_all_and_refusals(exchange: ccxt.binance) -> None:
    price = away(exchange, -0.02)
    for _ in range(3):
        exchange.create_order(BTC, "limit", "buy", 0.001, price, {"postOnly": True})
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        exchange.create_order(BTC, "limit", "buy", 0.001, away(exchange, 0.01), {"postOnly": True})
    assert len(exchange.cancel_all_orders(BTC)) == 3
    with pytest.raises(ccxt.InsufficientFunds):
        exchange.create_order(BTC, "limit", "buy", 5, price)
    with pytest.raises(ccxt.BadRequest, match="NOTIONAL"):
        exchange.create_order(BTC, "limit", "buy", 0.00001, price)
    with pytest.raises(ccxt.BadSymbol):
        exchange.public_get_depth({"symbol": "NOPE"})
    with pytest.raises(ccxt.OrderNotFound):
        exchange.fetch_order("1", BTC)


def test_a_wrong_secret_and_a_late_stamp(exchange: ccxt.binance, rest_url: str) -> None:
    with pytest.raises(ccxt.AuthenticationError):
        client(rest_url, "wrong-secret").private_get_account()
    late = client(rest_url)
    late.nonce = lambda: exchange.milliseconds() - 60_000
    with pytest.raises(ccxt.InvalidNonce):
        late.private_get_account()


def test_ccxt_is_no_dependency_of_the_house() -> None:
    code = "import sys, bot3.app.run, adapters.simulated.embedded; print('ccxt' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
