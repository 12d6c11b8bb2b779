"""Bybit recordings: every kind of frame, books by update id, hostile bytes."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bybit.recorded import BybitRecording
from adapters.bybit.recorded_books import BybitBooks
from adapters.net.described import Described
from tests.adapters.decoding import (
    assert_bears_mutations,
    assert_well_formed,
    json_values,
    received,
    shared,
)

FILE = "frames/bybit-linear-20260809.jsonl.zst"
TRADE = {"T": 1700, "s": "BTCUSDT", "S": "Sell", "v": "0.1", "p": "2.50", "i": "77", "BT": False}


def push(topic: str, data: object, kind: str = "snapshot") -> str:
    return json.dumps({"topic": topic, "type": kind, "ts": 1800, "data": data})


def one(frame: str) -> Described:
    (record,) = BybitRecording().describe(frame)
    return record


def test_a_trade() -> None:
    assert one(push("publicTrade.BTCUSDT", [TRADE])) == {
        "type": "trade",
        "symbol": "BTC/USDT",
        "ts_venue_ns": 1_700_000_000,
        "trade_id": "77",
        "price": Decimal("2.50"),
        "amount": Decimal("0.1"),
        "side": "sell",
        "is_aggregate": False,
    }


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "x", ""])
def test_a_price_that_no_market_has_is_malformed(price: str) -> None:
    assert one(push("publicTrade.BTCUSDT", [{**TRADE, "p": price}]))["type"] == "malformed"


@pytest.mark.parametrize(
    "frame",
    [
        '{"success":true,"ret_msg":"pong","conn_id":"a","op":"ping"}',
        '{"success":true,"ret_msg":"subscribe","conn_id":"a","op":"subscribe"}',
        '{"req_id":"t","op":"pong","args":["1675418560633"],"conn_id":"a"}',
        '{"reqId":"r1","retCode":0,"retMsg":"OK","op":"order.create","data":{}}',
        '{"success":true,"conn_id":"a","data":{"failTopics":[]},"type":"COMMAND_RESP"}',
    ],
)
def test_acknowledgements_are_control(frame: str) -> None:
    assert one(frame)["type"] == "control"


def test_a_perpetual_ticker_delta_has_only_what_changed() -> None:
    record = one(push("tickers.BTCUSDT", {"symbol": "BTCUSDT", "bid1Price": "5"}, "delta"))
    assert (record["is_delta"], record["bid"], record["last"]) == (True, Decimal(5), None)


def test_an_execution_is_a_fill_and_a_wallet_a_balance() -> None:
    execution = {
        "symbol": "BTCUSDT",
        "orderId": "9",
        "orderLinkId": "mine",
        "side": "Buy",
        "execId": "7",
        "execPrice": "2.5",
        "execQty": "1",
        "execTime": "1700",
        "execFee": "0.001",
        "feeCurrency": "BTC",
        "isMaker": True,
        "execType": "Trade",
    }
    fill = one(push("execution", [execution]))
    assert (fill["type"], fill["fee"], fill["client_order_id"]) == (
        "fill",
        Decimal("0.001"),
        "mine",
    )
    assert one(push("execution", [{**execution, "execType": "Funding"}]))["type"] == "unknown"
    wallet = [{"coin": [{"coin": "BTC", "walletBalance": "3", "locked": "1"}]}]
    assert one(push("wallet", wallet))["balances"] == {
        "BTC": {"free": Decimal(2), "held": Decimal(1)}
    }


def book(kind: str, update_id: int, bid: str) -> str:
    data = {"s": "BTCUSDT", "b": [[bid, "1"]], "a": [["9", "1"]], "u": update_id, "seq": 1}
    return push("orderbook.200.BTCUSDT", data, kind)


def follow(*frames: str) -> list[Described]:
    recording, books = BybitRecording(), BybitBooks()
    return [t for frame in frames for r in recording.describe(frame) for t in books.follow(r)]


def test_the_sequence_rules_of_a_book() -> None:
    told = follow(
        book("delta", 9, "1"),  # before any snapshot: nothing
        book("snapshot", 10, "5"),
        book("delta", 11, "6"),
        book("delta", 11, "7"),  # a duplicate
        book("snapshot", 1, "4"),  # the service was restarted
        book("delta", 2, "5"),
        book("delta", 4, "6"),  # a gap
        book("delta", 5, "6"),  # and nothing until
        book("snapshot", 20, "5"),
    )
    kinds = [record["type"] for record in told]
    assert kinds == ["top", "top", "top", "top", "gap", "resync", "top"]
    assert [r["bid"] for r in told if r["type"] == "top"] == [5, 6, 4, 5, 5]


def test_recorded_books_have_no_gap() -> None:
    recording, books = BybitRecording(), BybitBooks()
    told: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for frame in received(shared(FILE)):
        records = recording.describe(frame)
        kinds += assert_well_formed(records)
        told.update(str(t["type"]) for r in records for t in books.follow(r))
    assert kinds["malformed"] == kinds["unknown"] == 0
    assert told == {"top": 1_598}


def test_mutated_frames_raise_nothing() -> None:
    assert_bears_mutations(BybitRecording(), list(received(shared(FILE))), seed=1)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_a_record(frame: str | bytes) -> None:
    assert_well_formed(BybitRecording().describe(frame))


@given(
    st.sampled_from(
        ["orderbook.50.X", "publicTrade.X", "tickers.X", "kline.1.X", "order", "wallet"]
    ),
    json_values,
)
def test_any_data_in_a_known_topic_is_a_record(topic: str, data: object) -> None:
    assert_well_formed(BybitRecording().describe(push(topic, data)))
    assert_well_formed(BybitRecording().describe(push(topic, [data])))
