"""Bybit's websockets of the simulated exchange: topics, auth, orders, acknowledgements."""

from __future__ import annotations

import hmac
import json
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from adapters.simulated.credential import Credential
from bot3.domain.values import Asset, Side
from tests.adapters.simulated.bybit_book import Follower
from tests.adapters.simulated.conftest import KEY, SECRET
from tests.adapters.simulated.direct import DirectVenue, Socket

PUBLIC, PRIVATE, TRADE = "/v5/public/spot", "/v5/private?max_active_time=1m", "/v5/trade"


def auth_args(venue: DirectVenue, secret: str = SECRET, expires_ms: int = 10_000) -> list[object]:
    expires = venue.now_ms + expires_ms
    signed = hmac.new(secret.encode(), f"GET/realtime{expires}".encode(), "sha256").hexdigest()
    return [KEY, expires, signed]


@pytest.fixture
def venue() -> DirectVenue:
    made = DirectVenue("bybit")
    for step in range(1, 61):
        made.rest(Side.BUY, 6_000_000 - step, 100 * step)
        made.rest(Side.SELL, 6_000_000 + step, 100 * step)
    return made


@pytest.fixture
def watcher(venue: DirectVenue) -> Socket:
    socket = venue.open(PRIVATE)
    assert socket.say(op="auth", args=auth_args(venue))[0]["success"]
    topics = ["order.spot", "execution.spot", "wallet"]
    assert socket.say(op="subscribe", args=topics)[0]["success"]
    return socket


@pytest.fixture
def trader(venue: DirectVenue) -> Socket:
    socket = venue.open(TRADE)
    assert socket.say(op="auth", args=auth_args(venue))[0]["retCode"] == 0
    return socket


@pytest.mark.parametrize("depth", [1, 50, 200])
def test_a_followed_book_is_the_engines(venue: DirectVenue, depth: int) -> None:
    socket, follower = venue.open(PUBLIC), Follower()
    ack, *first = socket.say(req_id=7, op="subscribe", args=[f"orderbook.{depth}.BTCUSDT"])
    assert (ack["success"], ack["ret_msg"], ack["req_id"]) == (True, "subscribe", "7")
    follower.take(first)
    scale = venue.market.scale
    for step in range(30):
        venue.take(Side.BUY if step % 2 else Side.SELL, 250)
        venue.rest(Side.BUY, 5_999_000 + 30 * step, 77)
        venue.wait(0.21)
        follower.take(socket.sink.take())
        for side, levels in ((Side.BUY, follower.bids), (Side.SELL, follower.asks)):
            top = venue.market.engine.top(side, depth)
            assert levels == {scale.price(p): scale.amount(a) for p, a in top}


def test_the_best_level_is_repeated_every_three_seconds(venue: DirectVenue) -> None:
    socket = venue.open(PUBLIC)
    _, first = socket.say(op="subscribe", args=["orderbook.1.BTCUSDT"])
    venue.wait(6.5)
    repeated = socket.sink.take()
    assert [message["data"]["u"] for message in repeated] == [first["data"]["u"]] * 2


def test_trades_tickers_and_klines(venue: DirectVenue) -> None:
    socket = venue.open(PUBLIC)
    topics = ["publicTrade.BTCUSDT", "tickers.BTCUSDT", "kline.1.BTCUSDT"]
    socket.say(op="subscribe", args=topics)
    venue.take(Side.BUY, 150)
    venue.wait(61)
    got: dict[str, list[Any]] = {}
    for message in socket.sink.take():
        got.setdefault(message["topic"], []).append(message["data"])
    rows = [row for data in got[topics[0]] for row in data]
    assert [(r["p"], r["v"], r["S"]) for r in rows] == [
        ("60000.01", "0.001", "Buy"),
        ("60000.02", "0.0005", "Buy"),
    ]
    assert got[topics[1]][-1]["lastPrice"] == "60000.02"
    assert "bid1Price" not in got[topics[1]][-1]
    closed = [row for data in got[topics[2]] for row in data if row["confirm"]]
    assert [row["close"] for row in closed] == ["60000.02"]
    assert closed[0]["end"] - closed[0]["start"] == 59_999


@pytest.mark.parametrize(
    ("topics", "text"),
    [
        (["orderbook.50.NOPEUSDT"], "Invalid symbol :[orderbook.50.NOPEUSDT]"),
        (["orderbook.50.BTCUSDT", "kline.7.BTCUSDT"], "Invalid kline type :[kline.7.BTCUSDT]"),
        (["getOrderBook.1.BTCUSDT"], "error:handler not found,topic:getOrderBook.1.BTCUSDT"),
        (["trades"], "error:handler not found,topic:trades"),
        (["publicTrade.BTCUSDT"] * 11, "args size >10"),
    ],
)
def test_a_request_with_a_bad_topic_is_refused_whole(
    venue: DirectVenue, topics: list[str], text: str
) -> None:
    socket = venue.open(PUBLIC)
    (answer,) = socket.say(op="subscribe", args=topics)
    assert (answer["success"], answer["ret_msg"]) == (False, text)
    venue.take(Side.BUY, 150)
    venue.wait(0.3)
    assert socket.sink.take() == []


def test_pings_and_repeated_topics(venue: DirectVenue) -> None:
    socket = venue.open(PUBLIC)
    (pong,) = socket.say(req_id="p", op="ping")
    assert (pong["op"], pong["ret_msg"], pong["req_id"]) == ("ping", "pong", "p")
    assert len(socket.say(op="subscribe", args=["publicTrade.BTCUSDT"])) == 1
    assert socket.say(op="subscribe", args=["publicTrade.BTCUSDT"]) == []
    assert socket.say(op="unsubscribe", args=["publicTrade.BTCUSDT"])[0]["success"]
    private, trade = venue.open(PRIVATE), venue.open(TRADE)
    assert private.say(op="ping")[0]["op"] == "pong"
    assert trade.say(op="ping")[0]["data"] == [str(venue.now_ms)]


def test_who_is_not_authenticated_is_told_nothing(venue: DirectVenue) -> None:
    private, trade = venue.open(PRIVATE), venue.open(TRADE)
    assert private.say(op="subscribe", args=["order"])[0]["ret_msg"] == "Request not authorized"
    assert trade.say(op="order.create", reqId="1", args=[{}])[0]["retCode"] == 10004
    late = private.say(op="auth", args=auth_args(venue, expires_ms=-1))[0]
    assert (late["success"], late["ret_msg"]) == (False, "Params Error")
    assert not private.say(op="auth", args=auth_args(venue, "wrong"))[0]["success"]
    assert trade.say(op="auth", args=auth_args(venue, "wrong"))[0]["retCode"] == 10004


def order(**changes: object) -> dict[str, object]:
    given = {"category": "spot", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit"}
    return {**given, "qty": "0.01", "price": "59000", "orderLinkId": "c-1", **changes}


class Trading:
    """Asks on the trade socket."""

    def __init__(self, venue: DirectVenue, trader: Socket) -> None:
        self.venue, self.trader, self.number = venue, trader, 0

    def ask(self, op: str, args: dict[str, object], **more: object) -> Any:
        self.number += 1
        header = {"X-BAPI-TIMESTAMP": str(self.venue.now_ms), "X-BAPI-RECV-WINDOW": "5000"}
        said = {"reqId": str(self.number), "header": header, "op": op, "args": [args], **more}
        (answer,) = self.trader.say(**said)
        return answer


@pytest.fixture
def trading(venue: DirectVenue, trader: Socket) -> Trading:
    return Trading(venue, trader)


def states(messages: list[Any]) -> list[tuple[str, ...]]:
    rows = [m["data"][0] for m in messages if m["topic"] == "order.spot"]
    return [(row["orderStatus"], row["cumExecQty"], row["cancelType"]) for row in rows]


def test_an_order_rests_fills_in_parts_and_is_canceled(
    venue: DirectVenue, watcher: Socket, trading: Trading
) -> None:
    answer = trading.ask("order.create", order(price="60000"))
    assert (answer["retCode"], answer["data"]["orderLinkId"]) == (0, "c-1")
    assert answer["header"]["X-Bapi-Limit-Status"] == "19"
    venue.take(Side.SELL, 400)
    assert trading.ask("order.cancel", order())["retCode"] == 0
    pushes = watcher.sink.take()
    assert states(pushes) == [
        ("New", "0", "UNKNOWN"),
        ("PartiallyFilled", "0.004", "UNKNOWN"),
        ("PartiallyFilledCanceled", "0.004", "CancelByUser"),
    ]
    (fill,) = [m["data"][0] for m in pushes if m["topic"] == "execution.spot"]
    assert (fill["execQty"], fill["execFee"], fill["feeCurrency"]) == ("0.004", "0.000004", "BTC")
    wallets = [m["data"][0]["coin"] for m in pushes if m["topic"] == "wallet"]
    last = {row["coin"]: row for row in wallets[-1]}
    assert (last["USDT"]["walletBalance"], last["USDT"]["locked"]) == ("9760", "0")
    assert trading.ask("order.cancel", order())["retCode"] == 170213


def test_how_orders_end_at_once(watcher: Socket, trading: Trading) -> None:
    ioc = {"timeInForce": "IOC", "price": "60000.01", "qty": "0.002", "orderLinkId": "i"}
    trading.ask("order.create", order(**ioc))
    assert states(watcher.sink.take())[-1] == ("PartiallyFilledCanceled", "0.001", "UNKNOWN")
    post = {"timeInForce": "PostOnly", "price": "61000", "orderLinkId": "p"}
    assert trading.ask("order.create", order(**post))["retCode"] == 0
    assert states(watcher.sink.take()) == [("Rejected", "0", "UNKNOWN")]
    assert trading.ask("order.create", order(orderLinkId="p"))["retCode"] == 170141
    assert trading.ask("order.create", order(orderLinkId="q", qty="5"))["retCode"] == 170131


def test_an_amended_order_keeps_its_number(
    venue: DirectVenue, watcher: Socket, trading: Trading
) -> None:
    placed = trading.ask("order.create", order())
    amended = trading.ask("order.amend", order(price="59500", qty="0.02"))
    assert amended["data"]["orderId"] == placed["data"]["orderId"]
    assert venue.exchange.accounts.held(1, Asset("USDT")) == Decimal(1_190)
    row = watcher.sink.take()[-2]["data"][0]
    assert (row.get("orderStatus"), row.get("price"), row.get("qty")) == ("New", "59500", "0.02")
    same = trading.ask("order.amend", order(price="59500", qty="0.02"))
    assert same["retCode"] == 10001


def test_what_the_trade_socket_refuses(venue: DirectVenue, trading: Trading) -> None:
    assert trading.ask("order.dance", order())["retCode"] == 10404
    assert trading.ask("order.create", order(category="linear"))["retCode"] == 10404
    stale = {"X-BAPI-TIMESTAMP": str(venue.now_ms - 9_000)}
    assert trading.ask("order.create", order(), header=stale)["retCode"] == 10002
    assert trading.ask("order.create", order(), reqId="1")["retCode"] in {0, 20006}
    assert trading.ask("order.create", order(), reqId="1")["retCode"] == 20006
    codes = [trading.ask("order.cancel", order(orderLinkId="none"))["retCode"] for _ in range(21)]
    assert codes == [170213] * 20 + [10006]
    venue.wait(1)
    assert trading.ask("order.cancel", order(orderLinkId="none"))["retCode"] == 170213


def test_a_batch_spends_the_budget_order_by_order(trading: Trading) -> None:
    ten = {"category": "spot", "request": [order(orderLinkId="", qty="0.001")] * 10}
    codes = []
    for _ in range(3):
        answer = trading.ask("order.create-batch", ten)
        codes += [each["code"] for each in answer["retExtInfo"].get("list", ())]
    assert (codes, answer["retCode"]) == ([0] * 20, 10006)
    assert trading.ask("order.cancel-batch", {**ten, "request": []})["retCode"] == 10001


def test_spot_has_no_positions_to_tell_of(watcher: Socket, trading: Trading) -> None:
    assert watcher.say(op="subscribe", args=["position"])[0]["success"]
    trading.ask("order.create", order(orderType="Market", qty="100"))
    assert {message["topic"] for message in watcher.sink.take()} == {
        "order.spot",
        "execution.spot",
        "wallet",
    }


def test_a_late_joiner_is_told_the_state_that_it_is_sent(venue: DirectVenue) -> None:
    first, late = venue.open(PUBLIC), venue.open(PUBLIC)
    _, told = first.say(op="subscribe", args=["orderbook.50.BTCUSDT"])
    venue.rest(Side.BUY, 5_999_999, 5)  # not sent to anybody yet
    _, joined = late.say(op="subscribe", args=["orderbook.50.BTCUSDT"])
    assert joined["data"] == told["data"]
    venue.wait(0.03)
    (change,) = late.sink.take()
    assert change["data"]["seq"] > joined["data"]["seq"]


def test_a_second_login_leaves_nothing_behind(venue: DirectVenue, watcher: Socket) -> None:
    other = venue.exchange.open_account()
    venue.credentials["another key"] = Credential("its secret", other, "")
    expires = venue.now_ms + 9_000
    signed = hmac.new(b"its secret", f"GET/realtime{expires}".encode(), "sha256").hexdigest()
    watcher.say(op="auth", args=["another key", expires, signed])
    trade = venue.open(TRADE)
    trade.say(op="auth", args=auth_args(venue))
    Trading(venue, trade).ask("order.create", order())
    assert watcher.sink.take() == []  # the first account's


def test_null_arguments_cost_nothing(venue: DirectVenue) -> None:
    for path in (PUBLIC, PRIVATE):
        (pong,) = venue.open(path).say(op="ping", args=None)
        assert "pong" in {pong.get("ret_msg"), pong["op"]}


def test_the_reply_comes_before_what_it_causes(venue: DirectVenue, watcher: Socket) -> None:
    told: list[str] = []
    trade = venue.open(TRADE)
    trade.say(op="auth", args=auth_args(venue))
    for name, socket in (("push", watcher), ("reply", trade)):
        socket.sink.heard = partial(told.append, name)
    header = {"X-BAPI-TIMESTAMP": str(venue.now_ms)}
    said = {"reqId": "1", "header": header, "op": "order.create", "args": [order()]}
    trade.session.received(json.dumps(said))
    assert told == ["reply", "push", "push"]


def test_what_ends_by_self_trade_prevention_says_so(watcher: Socket, trading: Trading) -> None:
    trading.ask("order.create", order(price="60000"))
    sell = {"side": "Sell", "price": "60000", "orderLinkId": "s"}
    trading.ask("order.create", order(**sell))
    assert ("Cancelled", "0", "CancelBySmp") in states(watcher.sink.take())


def test_an_order_named_by_endless_digits_is_not_there(trading: Trading) -> None:
    named = {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": "9" * 5_000}
    assert trading.ask("order.cancel", named)["retCode"] == 170213
