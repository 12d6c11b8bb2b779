"""ccxt, which knows nothing of bot3, trades on the OKX front with nothing changed but the host."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import ccxt
import httpx
import pytest

from tests.adapters.simulated.ccxt_venue import BTC, assert_fills_agree, away, served


def client(rest_url: str, secret: str = "demo-secret", password: str = "demo-pass") -> ccxt.okx:
    """Of the shop; its address is the venue's."""
    made = ccxt.okx(
        {"apiKey": "demo", "secret": secret, "password": password, "enableRateLimit": False}
    )
    made.urls["api"]["rest"] = rest_url
    return made


@pytest.fixture(scope="module")
def rest_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("venue"), "okx") as url:
        yield url


@pytest.fixture(scope="module")
def exchange(rest_url: str) -> ccxt.okx:
    made = client(rest_url)
    made.load_markets()
    return made


def test_what_stock_clients_ask_besides(exchange: ccxt.okx) -> None:
    balance = exchange.fetch_balance()["info"]["data"][0]
    worth = sum(float(each["eqUsd"]) for each in balance["details"])
    assert float(balance["totalEq"]) == pytest.approx(worth)
    assert exchange.fetch_positions() == []
    assert exchange.fetch_status()["status"] == "ok"
    named = {"instId": "BTC-USDT", "tdMode": "cash"}
    [most] = exchange.private_get_account_max_size(named)["data"]
    [free] = exchange.private_get_account_max_avail_size(named)["data"]
    assert float(most["maxBuy"]) * exchange.fetch_ticker(BTC)["last"] == pytest.approx(
        float(free["availBuy"]), rel=0.01
    )
    newest = exchange.fetch_trades(BTC, limit=5)
    older = exchange.public_get_market_history_trades({**named, "after": newest[-1]["id"]})["data"]
    assert int(older[0]["tradeId"]) == int(newest[-1]["id"]) - 1


def test_markets_with_their_filters(exchange: ccxt.okx) -> None:
    assert {*exchange.symbols} == {BTC, "ETH/USDT", "SOL/USDT"}
    market = exchange.market(BTC)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.01, 0.00001)
    assert (market["limits"]["amount"]["min"], market["active"]) == (0.00001, True)


def test_public_data_agrees_with_itself(exchange: ccxt.okx) -> None:
    book = exchange.fetch_order_book(BTC, limit=20)
    assert len(book["bids"]) == len(book["asks"]) == 20
    prices = [level[0] for level in book["bids"]]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] < book["asks"][0][0]
    ticker = exchange.fetch_ticker(BTC)
    assert ticker["bid"] < ticker["ask"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert set(exchange.fetch_tickers([BTC, "ETH/USDT"])) == {BTC, "ETH/USDT"}
    trades = exchange.fetch_trades(BTC, limit=7)
    assert len(trades) == 7
    assert [int(b["id"]) - int(a["id"]) for a, b in pairwise(trades)] == [1] * 6
    bars = exchange.fetch_ohlcv(BTC, "1m", limit=30)
    assert [b[0] - a[0] for a, b in pairwise(bars)] == [60_000] * 29
    older = exchange.fetch_ohlcv(BTC, "1m", since=bars[10][0], limit=5)
    assert [bar[0] for bar in older] == [bar[0] for bar in bars[10:15]]
    hours = exchange.fetch_ohlcv(BTC, "1h", limit=3)
    assert [b[0] - a[0] for a, b in pairwise(hours)] == [3_600_000] * 2


def test_a_resting_order_from_placing_to_its_end(exchange: ccxt.okx) -> None:
    before = exchange.fetch_balance()["USDT"]
    price = away(exchange, -0.02)
    placed = exchange.create_order(BTC, "limit", "buy", 0.001, price, {"clOrdId": "mine1"})
    found = exchange.fetch_order(placed["id"], BTC)
    assert (found["status"], found["clientOrderId"], found["price"]) == ("open", "mine1", price)
    held = exchange.fetch_balance()["USDT"]
    assert held["used"] - before["used"] == pytest.approx(price * 0.001)
    assert [order["id"] for order in exchange.fetch_open_orders(BTC)] == [placed["id"]]
    with pytest.raises(ccxt.InvalidOrder, match="51016"):
        exchange.create_order(BTC, "limit", "buy", 0.001, price, {"clOrdId": "mine1"})
    exchange.cancel_order(placed["id"], BTC)
    assert exchange.fetch_order(placed["id"], BTC)["status"] == "canceled"
    again = exchange.create_order(BTC, "limit", "buy", 0.001, price, {"clOrdId": "mine1"})
    newest = exchange.fetch_order(None, BTC, {"clOrdId": "mine1"})
    assert newest["id"] == again["id"]
    exchange.cancel_orders([again["id"]], BTC)
    assert exchange.fetch_balance()["USDT"]["total"] == before["total"]
    assert placed["id"] in {order["id"] for order in exchange.fetch_canceled_orders(BTC)}
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order(again["id"], BTC)


def test_fills_fees_and_balances_agree(exchange: ccxt.okx) -> None:
    before = exchange.fetch_balance()
    placed = [
        exchange.create_order(BTC, "market", "buy", 0.002),
        exchange.create_market_buy_order_with_cost(BTC, 50),
        exchange.create_order(BTC, "ioc", "sell", 0.001, away(exchange, -0.01)),
    ]
    orders = [exchange.fetch_order(order["id"], BTC) for order in placed]
    assert [order["status"] for order in orders] == ["closed"] * 3
    assert_fills_agree(exchange, orders, before)
    assert exchange.fetch_trading_fee(BTC)["taker"] == 0.001


def test_post_only_and_refusals(exchange: ccxt.okx) -> None:
    crossing = exchange.create_order(
        BTC, "limit", "buy", 0.001, away(exchange, 0.01), {"postOnly": True}
    )
    ended = exchange.fetch_order(crossing["id"], BTC)
    assert (ended["status"], ended["filled"], ended["info"]["cancelSource"]) == (
        "canceled",
        0,
        "31",
    )
    price = away(exchange, -0.02)
    with pytest.raises(ccxt.InsufficientFunds):
        exchange.create_order(BTC, "limit", "buy", 5, price)
    small = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit"}
    with pytest.raises(ccxt.InvalidOrder, match="51020"):
        exchange.private_post_trade_order({**small, "px": "50000", "sz": "0.000001"})
    with pytest.raises(ccxt.BadSymbol):
        exchange.public_get_market_books({"instId": "NOPE"})
    with pytest.raises(ccxt.OrderNotFound):
        exchange.fetch_order("1", BTC)
    with pytest.raises(ccxt.ExchangeError, match="clOrdId"):
        exchange.create_order(BTC, "limit", "buy", 0.001, price, {"clOrdId": "not-allowed"})


def test_a_batch_has_a_verdict_for_each(exchange: ccxt.okx) -> None:
    order = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit"}
    good = {**order, "px": "50000", "sz": "0.001", "clOrdId": ""}
    reply = exchange.private_post_trade_batch_orders([good, {**good, "sz": "0"}])
    assert (reply["code"], [item["sCode"] for item in reply["data"]]) == ("2", ["0", "51000"])
    exchange.cancel_order(reply["data"][0]["ordId"], BTC)


@pytest.mark.parametrize(
    ("secret", "password", "code"),
    [("wrong", "demo-pass", "50113"), ("demo-secret", "wrong", "50105")],
)
def test_wrong_keys(rest_url: str, secret: str, password: str, code: str) -> None:
    with pytest.raises(ccxt.AuthenticationError, match=code):
        client(rest_url, secret, password).fetch_balance()


def test_a_late_stamp_and_an_order_past_its_expiry(exchange: ccxt.okx, rest_url: str) -> None:
    late, stale = client(rest_url), client(rest_url)
    late.iso8601 = lambda _=None: "2020-12-08T09:08:57.715Z"
    with pytest.raises(ccxt.InvalidNonce, match="50102"):
        late.fetch_balance()
    stale.set_markets(exchange.markets)
    stale.headers = {"expTime": "1597026383085"}
    with pytest.raises(ccxt.ExchangeError, match="50036"):
        stale.create_order(BTC, "limit", "buy", 0.001, 50_000)


def test_too_many_requests_are_told_so(rest_url: str) -> None:
    with httpx.Client(base_url=rest_url, trust_env=False) as http:
        replies = [http.get("/api/v5/public/time") for _ in range(15)]
    assert replies[0].json()["code"] == "0"
    assert (replies[-1].status_code, replies[-1].json()["code"]) == (429, "50011")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v5/nothing", 404, "50404"),
        ("POST", "/api/v5/market/books", 405, "50115"),
        ("GET", "/api/v5/account/balance", 401, "50103"),
        ("GET", "/api/v5/market/candles?instId=BTC-USDT&bar=7m", 400, "51000"),
        ("GET", "/api/v5/market/trades?instId=BTC-USDT&limit=x", 400, "51000"),
        ("GET", "/api/v5/public/instruments", 400, "50014"),
    ],
)
def test_what_cannot_be_answered_says_why(
    rest_url: str, method: str, path: str, status: int, code: str
) -> None:
    reply = httpx.request(method, rest_url + path, trust_env=False)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
