"""OKX's websockets of the simulated exchange: channels, logins, orders, silence."""

from __future__ import annotations

import base64
import hmac
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from bot3.domain.values import Asset, Side
from tests.adapters.simulated.conftest import KEY, SECRET
from tests.adapters.simulated.direct import PASSPHRASE, DirectVenue, Socket
from tests.adapters.simulated.okx_book import Follower

PUBLIC, PRIVATE, BUSINESS = "/ws/v5/public", "/ws/v5/private", "/ws/v5/business"
CODE = 1_000_000_000


def login_arg(venue: DirectVenue, secret: str = SECRET, **changes: object) -> dict[str, object]:
    stamp = str(venue.now_ms // 1_000)
    digest = hmac.new(secret.encode(), f"{stamp}GET/users/self/verify".encode(), "sha256").digest()
    arg = {"apiKey": KEY, "passphrase": PASSPHRASE, "timestamp": stamp}
    return {**arg, "sign": base64.b64encode(digest).decode(), **changes}


def arg(channel: str, name: str = "BTC-USDT") -> dict[str, str]:
    return {"channel": channel, "instId": name}


@pytest.fixture
def venue() -> DirectVenue:
    made = DirectVenue("okx")
    for step in range(1, 61):
        made.rest(Side.BUY, 6_000_000 - step, 100 * step)
        made.rest(Side.SELL, 6_000_000 + step, 100 * step)
    return made


@pytest.fixture
def trader(venue: DirectVenue) -> Socket:
    socket = venue.open(PRIVATE)
    assert socket.say(op="login", args=[login_arg(venue)])[0]["code"] == "0"
    socket.say(op="subscribe", args=[{"channel": "orders", "instType": "SPOT"}])
    return socket


@pytest.mark.parametrize(("channel", "depth"), [("books", 400), ("books50-l2-tbt", 50)])
def test_a_followed_book_is_the_engines(venue: DirectVenue, channel: str, depth: int) -> None:
    socket, follower = venue.open(PUBLIC), Follower()
    socket.say(op="login", args=[login_arg(venue)])
    ack, *first = socket.say(id="b1", op="subscribe", args=[arg(channel)])
    assert (ack["event"], ack["id"], ack["arg"]) == ("subscribe", "b1", arg(channel))
    follower.take(first)
    follower.assert_is(venue.market, depth)
    late = Follower()
    for step in range(30):
        venue.take(Side.BUY if step % 2 else Side.SELL, 250)
        venue.rest(Side.BUY, 5_999_000 + 30 * step, 77)
        venue.wait(0.11)
        follower.take(socket.sink.take())
        follower.assert_is(venue.market, depth)
        if step == 10:
            other = venue.open(PUBLIC)
            other.say(op="login", args=[login_arg(venue)])
            late.take(other.say(op="subscribe", args=[arg(channel)])[1:])
        if step >= 10:
            late.take(other.sink.take())
    assert (late.bids, late.asks, late.last) == (follower.bids, follower.asks, follower.last)


def test_a_quiet_book_beats_once_a_minute(venue: DirectVenue) -> None:
    socket, follower = venue.open(PUBLIC), Follower()
    follower.take(socket.say(op="subscribe", args=[arg("books")])[1:])
    for _ in range(7):
        venue.wait(10)
        socket.session.received("ping")
    messages = [message for message in socket.sink.take() if message != "pong"]
    (beat,) = messages
    assert beat["data"][0]["asks"] == beat["data"][0]["bids"] == []
    follower.take(messages)


def test_tops_trades_and_tickers(venue: DirectVenue) -> None:
    socket = venue.open(PUBLIC)
    names = ("trades", "tickers", "bbo-tbt", "books5")
    first = socket.say(op="subscribe", args=[arg(name) for name in names])
    assert [m["arg"]["channel"] for m in first if "data" in m] == ["tickers", "bbo-tbt", "books5"]
    venue.take(Side.BUY, 150)
    venue.wait(0.11)
    got = socket.sink.take()
    trades = [m["data"][0] for m in got if m["arg"]["channel"] == "trades"]
    assert [(t["px"], t["sz"], t["side"]) for t in trades] == [
        ("60000.01", "0.001", "buy"),
        ("60000.02", "0.0005", "buy"),
    ]
    assert int(trades[1]["tradeId"]) == int(trades[0]["tradeId"]) + 1
    tops = {m["arg"]["channel"]: m["data"][0] for m in got}
    assert tops["bbo-tbt"]["asks"] == [["60000.02", "0.0015", "0", "1"]]
    assert (len(tops["books5"]["asks"]), tops["books5"]["instId"]) == (5, "BTC-USDT")
    assert (tops["tickers"]["last"], tops["tickers"]["askPx"]) == ("60000.02", "60000.02")
    socket.say(op="unsubscribe", args=[arg(name) for name in names])
    venue.take(Side.BUY, 150)
    venue.wait(0.2)
    assert socket.sink.take() == []


def test_candles_are_on_the_business_url(venue: DirectVenue) -> None:
    public, business = venue.open(PUBLIC), venue.open(BUSINESS)
    assert public.say(op="subscribe", args=[arg("candle1m")])[0]["code"] == "60018"
    business.say(op="subscribe", args=[arg("candle1s")])
    venue.take(Side.BUY, 50)
    venue.wait(2.5)
    rows = [message["data"][0] for message in business.sink.take()]
    closed = [row for row in rows if row[8] == "1"]
    assert closed
    assert all(int(b[0]) > int(a[0]) for a, b in pairwise(closed))
    assert closed[0][4] == "60000.01"


def test_what_is_not_there_is_said(venue: DirectVenue) -> None:
    socket = venue.open(PUBLIC)
    answers = socket.say(op="subscribe", args=[arg("trades", "NO-PE"), arg("trades")])
    assert [(a["event"], a.get("code")) for a in answers] == [
        ("error", "60018"),
        ("subscribe", None),
    ]
    assert "channel:trades,instId:NO-PE doesn't exist" in answers[0]["msg"]
    assert socket.say(op="subscribe", args=[arg("books-l2-tbt")])[0]["code"] == "60011"
    assert socket.say(op="dance")[0]["code"] == "60012"
    socket.session.received("{{{")
    assert socket.sink.take()[0]["code"] == "60012"
    private = venue.open(PRIVATE)
    wanted = {"channel": "orders", "instType": "SPOT"}
    assert private.say(op="subscribe", args=[wanted])[0]["code"] == "60011"
    assert private.say(id="1", op="order", args=[{}])[0]["code"] == "60011"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"apiKey": "nobody"}, "60005"),
        ({"passphrase": "wrong"}, "60024"),
        ({"timestamp": "1"}, "60006"),
        ({"timestamp": "now"}, "60004"),
        ({"sign": "bm8="}, "60007"),
    ],
)
def test_a_login_that_fails(venue: DirectVenue, changes: dict[str, str], code: str) -> None:
    socket = venue.open(PRIVATE)
    (answer,) = socket.say(op="login", args=[login_arg(venue, **changes)])
    assert (answer["event"], answer["code"]) == ("error", code)


def order(**changes: object) -> dict[str, object]:
    given = {"instIdCode": CODE, "tdMode": "cash", "side": "buy", "ordType": "limit"}
    return {**given, "px": "59000", "sz": "0.01", "clOrdId": "c1", **changes}


def states(messages: list[Any]) -> list[tuple[str, ...]]:
    rows = [m["data"][0] for m in messages if m.get("arg", {}).get("channel") == "orders"]
    return [(row["state"], row["accFillSz"], row["fillSz"], row["cancelSource"]) for row in rows]


def test_an_order_rests_fills_in_parts_and_is_canceled(venue: DirectVenue, trader: Socket) -> None:
    reply, *pushes = trader.say(id="o1", op="order", args=[order(px="59999.995")])
    assert reply["data"][0]["sCode"] == "51000"  # off the tick
    reply, *pushes = trader.say(id="o2", op="order", args=[order(px="60000")])
    assert (reply["id"], reply["code"], reply["data"][0]["sCode"]) == ("o2", "0", "0")
    assert states(pushes) == [("live", "0", "0", "")]
    venue.take(Side.SELL, 400)
    venue.take(Side.SELL, 100)
    reply, *later = trader.say(id="o3", op="cancel-order", args=[{**order()}])
    pushes = [reply, *later]
    assert states(pushes) == [
        ("partially_filled", "0.004", "0.004", ""),
        ("partially_filled", "0.005", "0.001", ""),
        ("canceled", "0.005", "0", "1"),
    ]
    filled = pushes[0]["data"][0]
    assert (filled["fillFee"], filled["fillFeeCcy"], filled["execType"]) == (
        "-0.000004",
        "BTC",
        "M",
    )
    again = trader.say(id="o4", op="cancel-order", args=[order()])
    assert again[0]["data"][0]["sCode"] == "51400"


def test_how_orders_end_at_once(trader: Socket) -> None:
    taken = trader.say(id="1", op="order", args=[order(px="60000.01", sz="0.002", ordType="ioc")])
    assert states(taken) == [
        ("live", "0", "0", ""),
        ("partially_filled", "0.001", "0.001", ""),
        ("canceled", "0.001", "0", "14"),
    ]
    crossing = trader.say(id="2", op="order", args=[order(px="61000", ordType="post_only")])
    assert crossing[0]["data"][0]["sCode"] == "0"
    assert states(crossing) == [("canceled", "0", "0", "31")]
    killed = trader.say(id="3", op="order", args=[order(px="60000.02", sz="0.1", ordType="fok")])
    assert states(killed)[-1] == ("canceled", "0", "0", "13")
    poor = trader.say(id="4", op="order", args=[order(sz="5")])
    assert (poor[0]["code"], poor[0]["data"][0]["sCode"]) == ("1", "51008")


def test_batches_and_amendments(venue: DirectVenue, trader: Socket) -> None:
    both = [order(clOrdId="a"), order(clOrdId="b", sz="0")]
    reply, *pushes = trader.say(id="1", op="batch-orders", args=both)
    assert [item["sCode"] for item in reply["data"]] == ["0", "51000"]
    assert reply["code"] == "2"
    change = {"instIdCode": CODE, "clOrdId": "a", "newPx": "59500", "newSz": "0.02", "reqId": "r"}
    reply, *pushes = trader.say(id="2", op="amend-order", args=[change])
    assert (reply["data"][0]["sCode"], reply["data"][0]["reqId"]) == ("0", "r")
    row = pushes[0]["data"][0]
    assert (row["state"], row["px"], row["sz"]) == ("live", "59500", "0.02")
    assert venue.exchange.accounts.held(1, Asset("USDT")) == Decimal(1_190)
    lost = trader.say(id="3", op="amend-order", args=[{**change, "clOrdId": "zz"}])
    assert lost[0]["data"][0]["sCode"] == "51503"


def test_an_operation_that_is_late_or_wrong_is_refused_whole(
    venue: DirectVenue, trader: Socket
) -> None:
    late = trader.say(id="1", op="order", expTime=str(venue.now_ms - 1), args=[order()])
    assert (late[0]["code"], late[0]["data"]) == ("50036", [])
    nameless = {**order()}
    del nameless["instIdCode"]
    assert trader.say(id="2", op="order", args=[nameless])[0]["code"] == "60033"
    assert trader.say(id="3", op="order", args=[])[0]["code"] == "60013"
    named = trader.say(id="4", op="order", args=[{**nameless, "instId": "BTC-USDT"}])
    assert named[0]["code"] == "0"


def test_too_many_orders_in_two_seconds(venue: DirectVenue, trader: Socket) -> None:
    cancel = {"instIdCode": CODE, "clOrdId": "nobody"}
    codes = [trader.say(id="1", op="cancel-order", args=[cancel])[0]["code"] for _ in range(61)]
    assert codes == ["1"] * 60 + ["50011"]
    venue.wait(2)
    assert trader.say(id="1", op="cancel-order", args=[cancel])[0]["code"] == "1"


def test_balances_come_whole_and_then_as_they_change(trader: Socket) -> None:
    first = trader.say(op="subscribe", args=[{"channel": "account"}])
    assert (first[0]["event"], first[1]["eventType"]) == ("subscribe", "snapshot")
    held = {row["ccy"]: row["cashBal"] for row in first[1]["data"][0]["details"]}
    assert held == {"USDT": "10000", "BTC": "1"}
    pushes = trader.say(id="1", op="order", args=[order()])
    (change,) = [m for m in pushes if m.get("eventType") == "event_update"]
    usdt = next(row for row in change["data"][0]["details"] if row["ccy"] == "USDT")
    assert (usdt["availBal"], usdt["frozenBal"]) == ("9410", "590")


def test_silence_ends_a_connection(venue: DirectVenue) -> None:
    idle, pinging = venue.open(PUBLIC), venue.open(BUSINESS)
    for _ in range(4):
        venue.wait(8)
        pinging.session.received("ping")
    assert pinging.sink.take() == ["pong"] * 4
    assert (idle.sink.close_codes[:1], pinging.sink.close_codes) == ([4004], [])


def test_a_closed_connection_is_told_nothing(venue: DirectVenue, trader: Socket) -> None:
    other = venue.open(PRIVATE)
    other.say(op="login", args=[login_arg(venue)])
    other.say(op="subscribe", args=[{"channel": "orders", "instType": "ANY"}])
    trader.session.closed()
    pushed = other.say(id="1", op="order", args=[order()])
    assert states(pushed) == [("live", "0", "0", "")]
    assert trader.sink.take() == []
    venue.wait(0.1)
