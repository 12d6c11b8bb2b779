"""OKX recordings: every kind of frame, books by sequence and by checksum, hostile bytes."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.net.described import Described
from adapters.okx.recorded import OkxRecording
from adapters.okx.recorded_books import OkxBooks
from tests.adapters.decoding import (
    assert_bears_mutations,
    assert_well_formed,
    json_values,
    received,
    shared,
)

FILE = "frames/okx-20220513.jsonl.zst"


def push(channel: str, data: list[object], **more: object) -> str:
    return json.dumps({"arg": {"channel": channel, "instId": "BTC-USDT"}, **more, "data": data})


def one(frame: str) -> Described:
    (record,) = OkxRecording().describe(frame)
    return record


def test_a_trade() -> None:
    trade = {"instId": "BTC-USDT", "tradeId": "7", "px": "2.50", "sz": "0.1", "side": "sell"}
    assert one(push("trades", [{**trade, "ts": "1700", "count": "3"}])) == {
        "type": "trade",
        "symbol": "BTC/USDT",
        "ts_venue_ns": 1_700_000_000,
        "trade_id": "7",
        "price": Decimal("2.50"),
        "amount": Decimal("0.1"),
        "side": "sell",
        "is_aggregate": True,
    }


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "x", ""])
def test_a_price_that_no_market_has_is_malformed(price: str) -> None:
    trade = {"tradeId": "7", "px": price, "sz": "0.1", "side": "sell", "ts": "1700"}
    assert one(push("trades", [trade]))["type"] == "malformed"


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        ("pong", "pong"),
        ('{"event":"subscribe","arg":{"channel":"books","instId":"X"},"connId":"a"}', "subscribe"),
        ('{"event":"error","code":"60012","msg":"no","connId":"a"}', "error"),
        ('{"id":"15","op":"order","data":[{"sCode":"0"}],"code":"0","msg":""}', "order"),
    ],
)
def test_acknowledgements_are_control(frame: str, what: str) -> None:
    record = one(frame)
    assert (record["type"], record["what"]) == ("control", what)


def test_unknown_kinds_say_which() -> None:
    assert one(push("funding-rate", [{}])) == {
        "type": "unknown",
        "reason": "channel funding-rate",
    }


def test_a_filled_order_is_a_state_and_a_fill() -> None:
    order = {
        "instId": "BTC-USDT",
        "ordId": "9",
        "clOrdId": "mine",
        "side": "buy",
        "state": "filled",
        "uTime": "1700",
        "accFillSz": "1",
        "fillPx": "2.5",
        "fillSz": "1",
        "tradeId": "7",
        "fillTime": "1699",
        "fillFee": "-0.001",
        "fillFeeCcy": "BTC",
        "execType": "M",
    }
    state, fill = OkxRecording().describe(push("orders", [order]))
    assert (state["type"], state["status"], state["filled"]) == ("order", "filled", Decimal(1))
    assert (fill["type"], fill["trade_id"], fill["fee"]) == ("fill", "7", Decimal("0.001"))
    assert (fill["is_maker"], fill["ts_venue_ns"]) == (True, 1_699_000_000)
    closing = {**order, "tradeId": "", "fillSz": "0"}  # the last push of a market order
    assert [r["type"] for r in OkxRecording().describe(push("orders", [closing]))] == ["order"]


def book(action: str, previous: int, last: int, bid: str, amount: str = "1") -> str:
    levels = {"bids": [[bid, amount, "0", "1"]], "asks": [["9", "1", "0", "1"]]}
    ids = {"seqId": last, "prevSeqId": previous, "checksum": 0, "ts": "1700"}
    return push("books", [{**levels, **ids}], action=action)


def follow(*frames: str) -> list[Described]:
    recording, books = OkxRecording(), OkxBooks()
    return [t for frame in frames for r in recording.describe(frame) for t in books.follow(r)]


def test_the_sequence_rules_of_a_book() -> None:
    told = follow(
        book("update", 4, 5, "1"),  # before any snapshot: nothing
        book("snapshot", -1, 10, "5"),
        book("update", 10, 12, "6"),
        book("update", 12, 12, "6"),  # idle
        book("update", 12, 3, "7"),  # a reset for maintenance
        book("update", 4, 5, "8"),  # a gap
        book("update", 5, 6, "8"),  # and nothing until
        book("snapshot", -1, 20, "5"),
    )
    kinds = [record["type"] for record in told]
    assert kinds == ["top", "top", "top", "top", "gap", "resync", "top"]
    assert [r["bid"] for r in told if r["type"] == "top"] == [5, 6, 6, 7, 5]


def test_a_crossed_book_is_a_gap() -> None:
    told = follow(book("snapshot", -1, 10, "5"), book("update", 10, 11, "9"))
    assert [record["type"] for record in told] == ["top", "gap"]


def test_recorded_books_agree_with_every_checksum() -> None:
    recording, books = OkxRecording(), OkxBooks()
    told: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for frame in received(shared(FILE)):
        records = recording.describe(frame)
        kinds += assert_well_formed(records)
        told.update(str(t["type"]) for r in records for t in books.follow(r))
    assert kinds["malformed"] == kinds["unknown"] == 0
    assert told == {"top": 290}


def test_a_level_that_is_missing_is_seen_by_the_checksum() -> None:
    recording, books = OkxRecording(), OkxBooks()
    told: list[Described] = []
    for frame in received(shared(FILE)):
        for record in recording.describe(frame):
            if record["type"] == "book":
                bids = record["bids"]
                assert isinstance(bids, list)
                record["bids"] = bids[1:]
            told += books.follow(record)
    assert {record["type"] for record in told} == {"gap"}
    assert {record["reason"] for record in told} == {"checksum"}


def test_mutated_frames_raise_nothing() -> None:
    assert_bears_mutations(OkxRecording(), list(received(shared(FILE))), seed=1)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_a_record(frame: str | bytes) -> None:
    assert_well_formed(OkxRecording().describe(frame))


@given(
    st.sampled_from(["trades", "books", "bbo-tbt", "tickers", "candle1m", "orders", "account"]),
    json_values,
)
def test_any_data_in_a_known_channel_is_a_record(channel: str, data: object) -> None:
    assert_well_formed(OkxRecording().describe(push(channel, [data], action="update")))
    frame = json.dumps({"arg": {"channel": channel}, "data": data})
    assert_well_formed(OkxRecording().describe(frame))
