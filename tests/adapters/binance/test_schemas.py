"""Whatever arrives, decoding returns a value; whatever is well formed, the right one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.binance.account_schemas import (
    AccountPosition,
    AccountReply,
    ApiReply,
    ApiShutdown,
    BalanceUpdate,
    ExchangeInfo,
    ExecutionReport,
    MyTrade,
    OrderReply,
    StreamTerminated,
    decode_account,
)
from adapters.binance.schemas import (
    Candle,
    CommandReply,
    DepthEvent,
    DepthSnapshot,
    Kline,
    KlineEvent,
    ServerShutdown,
    TouchEvent,
    TradeEvent,
    decode_reply,
    decode_stream,
)
from adapters.net.frames import MalformedFrame, UnknownFrame

TRADE = (
    '{"stream":"btcusdt@trade","data":{"e":"trade","E":1790401501124,"s":"BTCUSDT","t":4123456790,'
    '"p":"63999.99000000","q":"0.00400000","T":1790401501123,"m":false,"M":true}}'
)
DEPTH = (
    '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1790401501200,"s":"BTCUSDT",'
    '"U":81234567880,"u":81234567891,"b":[["64000.00000000","1.25000000"],["63998.0","0.000"]],'
    '"a":[]}}'
)
REPORT = (
    '{"subscriptionId":0,"event":{"e":"executionReport","E":1790401501124,"s":"BTCUSDT",'
    '"c":"hr-000017","S":"BUY","o":"LIMIT","f":"GTC","q":"0.01000000","p":"64000.00000000",'
    '"P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"TRADE","X":"PARTIALLY_FILLED",'
    '"r":"NONE","i":45123456789,"l":"0.00400000","z":"0.00400000","L":"63999.99000000",'
    '"n":"0.00000400","N":"BTC","T":1790401501123,"t":4123456790,"I":98765432101,"w":true,'
    '"m":false,"M":true,"O":1790401501123,"Z":"255.99996000","Y":"255.99996000",'
    '"Q":"0.00000000","W":1790401501123,"V":"EXPIRE_MAKER"}}'
)
POSITION = (
    '{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1790401501124,'
    '"u":1790401501123,"B":[{"a":"BTC","f":"1.00399600","l":"0.00000000"}]}}'
)
TOUCH = (
    '{"stream":"btcusdt@bookTicker","data":{"u":81234567891,"s":"BTCUSDT","b":"64000.00000000",'
    '"B":"1.25000000","a":"64000.01000000","A":"0.80000000"}}'
)
KLINE = (
    '{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1790401502003,"s":"BTCUSDT","k":'
    '{"t":1790401500000,"T":1790401559999,"s":"BTCUSDT","i":"1m","f":4123456780,"L":4123456790,'
    '"o":"64000.01000000","c":"63999.99000000","h":"64001.00000000","l":"63999.00000000",'
    '"v":"1.23400000","n":11,"x":false,"q":"78975.12340000","V":"0.60000000","Q":"38400.00600000",'
    '"B":"0"}}}'
)
STREAM_FRAMES = [TRADE, DEPTH, TOUCH, KLINE, '{"result":null,"id":1}']
ACCOUNT_FRAMES = [REPORT, POSITION, '{"id":"1","status":200,"result":{"subscriptionId":0}}']


def test_market_events() -> None:
    assert decode_stream(TRADE) == TradeEvent(
        "BTCUSDT", 4123456790, 63999.99, 0.004, 1790401501123, is_buyer_maker=False
    )
    assert decode_stream(DEPTH.encode()) == DepthEvent(
        1790401501200, "BTCUSDT", 81234567880, 81234567891, [(64000.0, 1.25), (63998.0, 0.0)], []
    )
    touch = TouchEvent(81234567891, "BTCUSDT", 64000.0, 1.25, 64000.01, 0.8)
    assert decode_stream(TOUCH) == decode_stream(TOUCH.encode()) == touch
    candle = Candle(1790401500000, "1m", 1.234, is_closed=False)
    assert decode_stream(KLINE) == KlineEvent("BTCUSDT", candle)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}', ServerShutdown),
        ('{"result":null,"id":1}', CommandReply),
        ('{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}', CommandReply),
        ('{"stream":"x@bookTicker","data":{"u":1,"s":"X","b":"1","B":"1"}}', MalformedFrame),
        (TOUCH.replace('"a":"64000.01000000"', '"a":"0"'), MalformedFrame),
        ('{"stream":"x@kline_1m","data":{"e":"kline","k":{}}}', MalformedFrame),
        ('{"stream":"x@kline_5m","data":{"e":"avgPrice","i":"5m"}}', UnknownFrame),
        ('{"stream":"!ticker@arr","data":[]}', UnknownFrame),
        (TRADE.replace('"63999.99000000"', '"0"'), MalformedFrame),
        (TRADE.replace('"63999.99000000"', '"nan"'), MalformedFrame),
        (TRADE.replace('"0.00400000"', '"-1"'), MalformedFrame),
        (TRADE.replace('"t":4123456790,', ""), MalformedFrame),
        (DEPTH.replace('"1.25000000"', '"inf"'), MalformedFrame),
        (DEPTH.replace('"U":81234567880', '"U":81234567892'), MalformedFrame),
        (DEPTH.replace('["64000.00000000","1.25000000"]', '["64000"]'), MalformedFrame),
        (DEPTH[:-5], MalformedFrame),
        ("[" * 100_000, MalformedFrame),
        (b"\xff\xfe", MalformedFrame),
        ("\ud800", MalformedFrame),
        ("", MalformedFrame),
    ],
)
def test_kinds_of_stream_frames(frame: str | bytes, kind: type) -> None:
    assert isinstance(decode_stream(frame), kind)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (REPORT, ExecutionReport),
        (POSITION, AccountPosition),
        ('{"event":{"e":"balanceUpdate","E":1,"a":"USDT","d":"-1","T":1}}', BalanceUpdate),
        ('{"event":{"e":"eventStreamTerminated","E":1}}', StreamTerminated),
        ('{"event":{"e":"serverShutdown","E":1}}', ApiShutdown),
        ('{"event":{"e":"listStatus","E":1,"s":"X"}}', UnknownFrame),
        ('{"id":null,"status":401,"error":{"code":-2015,"msg":"x"}}', ApiReply),
        (REPORT.replace('"z":"0.00400000"', '"z":"many"'), MalformedFrame),
        (REPORT.replace('"i":45123456789,', ""), MalformedFrame),
        ("{}", MalformedFrame),
        ("[]", MalformedFrame),
    ],
)
def test_kinds_of_account_frames(frame: str, kind: type) -> None:
    assert isinstance(decode_account(frame), kind)


@st.composite
def mutated(draw: st.DrawFn, frames: list[str]) -> bytes:
    """A frame with a piece replaced, removed or repeated, or one JSON value exchanged."""
    text = draw(st.sampled_from(frames))
    if draw(st.booleans()):
        document = json.loads(text)
        inner = document.get("data") or document.get("event") or document
        key = draw(st.sampled_from(sorted(inner)))
        scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
        inner[key] = draw(scalar | st.lists(scalar, max_size=3))
        return json.dumps(document).encode()
    body = text.encode()
    start = draw(st.integers(0, len(body)))
    stop = draw(st.integers(start, len(body)))
    return body[:start] + draw(st.binary(max_size=4)) + body[stop:]


@given(st.binary() | mutated(STREAM_FRAMES))
def test_nothing_escapes_the_stream_decoder(frame: bytes) -> None:
    event = decode_stream(frame)
    if isinstance(event, DepthEvent):
        assert event.first_id <= event.last_id
        assert all(p > 0 and 0 <= q < 1e18 for p, q in [*event.bids, *event.asks])
    if isinstance(event, TradeEvent):
        assert event.price > 0


@given(st.binary() | mutated(ACCOUNT_FRAMES))
def test_nothing_escapes_the_account_decoder(frame: bytes) -> None:
    decode_account(frame)


@given(
    st.binary(),
    st.sampled_from([DepthSnapshot, Kline, OrderReply, MyTrade, AccountReply, ExchangeInfo]),
)
def test_nothing_escapes_a_reply(body: bytes, kind: type) -> None:
    assert isinstance(decode_reply(kind, body), kind | MalformedFrame)
