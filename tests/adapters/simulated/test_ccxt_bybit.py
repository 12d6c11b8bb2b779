"""ccxt, which knows nothing of bot3, trades on the Bybit front; only the host is another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import ccxt
import httpx
import pytest

from tests.adapters.simulated.ccxt_venue import BTC, assert_fills_agree, away, served


def client(rest_url: str, secret: str = "demo-secret") -> ccxt.bybit:
    """Of the shop; its address is the venue's."""
    spot = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}
    made = ccxt.bybit(
        {"apiKey": "demo", "secret": secret, "enableRateLimit": False, "options": spot}
    )
    api = made.urls["api"]
    for name, url in api.items():
        if isinstance(url, str):
            api[name] = rest_url
    return made


@pytest.fixture(scope="module")
def rest_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("venue"), "bybit") as url:
        yield url


@pytest.fixture(scope="module")
def exchange(rest_url: str) -> ccxt.bybit:
    made = client(rest_url)
    made.load_markets()
    return made


def test_markets_with_their_filters(exchange: ccxt.bybit) -> None:
    assert {*exchange.symbols} == {BTC, "ETH/USDT", "SOL/USDT"}
    market = exchange.market(BTC)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.01, 0.00001)
    assert (market["limits"]["amount"]["min"], market["active"]) == (0.00001, True)


def test_public_data_agrees_with_itself(exchange: ccxt.bybit) -> None:
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


def state(exchange: ccxt.bybit, number: str) -> dict[str, Any]:
    found: dict[str, Any] = exchange.fetch_order(number, BTC, {"acknowledged": True})
    return found


def test_a_resting_order_from_placing_to_its_end(exchange: ccxt.bybit) -> None:
    before = exchange.fetch_balance()["USDT"]
    price = away(exchange, -0.02)
    placed = exchange.create_order(BTC, "limit", "buy", 0.001, price, {"orderLinkId": "mine-1"})
    found = state(exchange, placed["id"])
    assert (found["status"], found["clientOrderId"], found["price"]) == ("open", "mine-1", price)
    held = exchange.fetch_balance()["USDT"]
    assert held["used"] - before["used"] == pytest.approx(price * 0.001)
    assert [order["id"] for order in exchange.fetch_open_orders(BTC)] == [placed["id"]]
    exchange.cancel_order(placed["id"], BTC)
    assert state(exchange, placed["id"])["status"] == "canceled"
    with pytest.raises(ccxt.ExchangeError, match="170141"):  # unique for good
        exchange.create_order(BTC, "limit", "buy", 0.001, price, {"orderLinkId": "mine-1"})
    assert exchange.fetch_balance()["USDT"]["total"] == before["total"]
    assert placed["id"] in {order["id"] for order in exchange.fetch_canceled_orders(BTC)}
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order(placed["id"], BTC)


def test_an_order_without_a_link_id_has_the_venues(exchange: ccxt.bybit) -> None:
    placed = exchange.create_order(BTC, "limit", "buy", 0.001, away(exchange, -0.02))
    made = str(int(placed["id"]) + 1)
    assert state(exchange, placed["id"])["clientOrderId"] == made
    named = {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": made}
    exchange.private_post_v5_order_cancel(named)
    assert state(exchange, placed["id"])["status"] == "canceled"


def test_fills_fees_and_balances_agree(exchange: ccxt.bybit) -> None:
    before = exchange.fetch_balance()
    price = away(exchange, -0.01)
    placed = [
        exchange.create_order(BTC, "market", "buy", 0.002),
        exchange.create_market_buy_order_with_cost(BTC, 50),
        exchange.create_order(BTC, "limit", "sell", 0.001, price, {"timeInForce": "IOC"}),
    ]
    orders = [state(exchange, order["id"]) for order in placed]
    assert [order["status"] for order in orders] == ["closed"] * 3
    assert_fills_agree(exchange, orders, before)
    assert exchange.fetch_trading_fee(BTC)["taker"] == 0.001


def test_post_only_cancel_all_and_refusals(exchange: ccxt.bybit) -> None:
    crossing = exchange.create_order(
        BTC, "limit", "buy", 0.001, away(exchange, 0.01), {"postOnly": True}
    )
    ended = state(exchange, crossing["id"])
    reason = ended["info"]["rejectReason"]
    assert (ended["status"], reason) == ("rejected", "EC_PostOnlyWillTakeLiquidity")
    price = away(exchange, -0.02)
    for _ in range(3):
        exchange.create_order(BTC, "limit", "buy", 0.001, price, {"postOnly": True})
    assert len(exchange.cancel_all_orders(BTC)) == 3
    with pytest.raises(ccxt.InsufficientFunds):
        exchange.create_order(BTC, "limit", "buy", 5, price)
    with pytest.raises(ccxt.InvalidOrder, match="170140"):
        exchange.create_order(BTC, "limit", "buy", 0.00001, price)
    with pytest.raises(ccxt.ExchangeError, match="10001"):
        exchange.public_get_v5_market_orderbook({"category": "spot", "symbol": "NOPE"})
    with pytest.raises(ccxt.OrderNotFound):
        state(exchange, "1")


def test_a_batch_tells_what_became_of_each_order(exchange: ccxt.bybit) -> None:
    limit = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "timeInForce": "GTC"}
    price = str(away(exchange, -0.02))
    wanted = [{**limit, "price": price, "qty": size} for size in ("0.001", "5", "0.002")]
    reply = exchange.private_post_v5_order_create_batch({"category": "spot", "request": wanted})
    verdicts = [int(each["code"]) for each in reply["retExtInfo"]["list"]]
    assert verdicts == [0, 170131, 0]
    ids = [row["orderId"] for row in reply["result"]["list"]]
    assert [bool(number) for number in ids] == [True, False, True]
    assert {order["id"] for order in exchange.fetch_open_orders(BTC)} == {ids[0], ids[2]}
    exchange.cancel_orders([ids[0], ids[2]], BTC)
    assert exchange.fetch_open_orders(BTC) == []
    with pytest.raises(ccxt.ExchangeError, match="10001"):
        exchange.private_post_v5_order_create_batch({"category": "spot", "request": wanted * 4})


def test_an_order_that_waits_for_a_price_is_refused_not_run(exchange: ccxt.bybit) -> None:
    before = exchange.fetch_balance()["total"]
    with pytest.raises(ccxt.ExchangeError, match="10001"):
        exchange.create_order(
            BTC, "limit", "buy", 0.001, away(exchange, 0.02), {"triggerPrice": away(exchange, 0.03)}
        )
    assert exchange.fetch_balance()["total"] == before


def test_the_wallet_is_worth_what_its_coins_are(exchange: ccxt.bybit) -> None:
    exchange.create_order(BTC, "market", "buy", 0.001)
    [wallet] = exchange.fetch_balance()["info"]["result"]["list"]
    worth = {coin["coin"]: float(coin["usdValue"]) for coin in wallet["coin"]}
    assert worth["BTC"] > 10.0
    assert float(wallet["totalEquity"]) == pytest.approx(sum(worth.values()))
    funds = exchange.fetch_balance({"type": "funding"})
    assert funds["total"] == {}
    assert exchange.fetch_status()["status"] == "ok"


def test_a_wrong_secret_and_a_late_stamp(exchange: ccxt.bybit, rest_url: str) -> None:
    unified = {"accountType": "UNIFIED"}
    with pytest.raises(ccxt.AuthenticationError, match="10004"):
        client(rest_url, "wrong").private_get_v5_account_wallet_balance(unified)
    late = client(rest_url)
    late.nonce = lambda: exchange.milliseconds() - 60_000
    with pytest.raises(ccxt.InvalidNonce, match="10002"):
        late.private_get_v5_account_wallet_balance(unified)


def test_too_many_requests_are_told_so_with_a_time_ahead(exchange: ccxt.bybit) -> None:
    asked_ms = exchange.milliseconds()

    def ask_often() -> None:
        for _ in range(12):
            exchange.private_get_v5_account_fee_rate({"category": "spot"})

    with pytest.raises(ccxt.RateLimitExceeded, match="10006"):
        ask_often()
    headers = {name.lower(): value for name, value in exchange.last_response_headers.items()}
    assert int(headers["x-bapi-limit-reset-timestamp"]) >= asked_ms + 1_000


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v5/nothing", 404, 10017),
        ("POST", "/v5/market/orderbook", 404, 10017),
        ("GET", "/v5/account/wallet-balance", 200, 10001),
        ("GET", "/v5/market/kline?category=spot&symbol=BTCUSDT&interval=7", 200, 10001),
        ("GET", "/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=x", 200, 10001),
    ],
)
def test_what_cannot_be_answered_says_why(
    rest_url: str, method: str, path: str, status: int, code: int
) -> None:
    reply = httpx.request(method, rest_url + path, trust_env=False)
    assert (reply.status_code, reply.json()["retCode"]) == (status, code)
