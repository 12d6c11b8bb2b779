"""Binance recordings as records: every kind of frame, books against the venue's own best prices."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.binance.recorded import BinanceRecording
from adapters.binance.recorded_books import BinanceBooks
from adapters.net.described import Described
from bot3.app.decode.command import records
from tests.adapters.decoding import (
    assert_bears_mutations,
    assert_well_formed,
    json_values,
    received,
    shared,
)

TRADE = {
    "e": "trade",
    "E": 5,
    "s": "BTCUSDT",
    "t": 7,
    "p": "2.50",
    "q": "0.1",
    "T": 1700,
    "m": True,
}


def one(frame: object) -> Described:
    text = frame if isinstance(frame, str) else json.dumps(frame)
    (record,) = BinanceRecording().describe(text)
    return record


@pytest.mark.parametrize("frame", [TRADE, {"stream": "btcusdt@trade", "data": TRADE}])
def test_a_trade_bare_or_in_a_combined_stream(frame: object) -> None:
    assert one(frame) == {
        "type": "trade",
        "symbol": "BTC/USDT",
        "ts_venue_ns": 1_700_000_000,
        "trade_id": 7,
        "price": Decimal("2.50"),
        "amount": Decimal("0.1"),
        "side": "sell",
        "is_aggregate": False,
    }


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "x", ""])
def test_a_price_that_no_market_has_is_malformed(price: str) -> None:
    assert one({**TRADE, "p": price})["type"] == "malformed"


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ({"result": None, "id": 1}, "control"),
        ({"error": {"code": 2, "msg": "Invalid request"}, "id": 1}, "control"),
        ({"id": "a", "status": 200, "result": {"orderId": 1}}, "control"),
        ({"event": {"e": "serverShutdown", "E": 1}}, "control"),
        ({"u": 4, "s": "BTCUSDT", "b": "1", "B": "2", "a": "3", "A": "4"}, "quote"),
        ({"stream": "btcusdt@depth5", "data": {"lastUpdateId": 4, "bids": [], "asks": []}}, "book"),
        ({"e": "markPriceUpdate", "E": 1, "s": "BTCUSDT", "p": "1"}, "unknown"),
        ("[]", "unknown"),
        ("{", "malformed"),
    ],
)
def test_kinds(frame: object, kind: str) -> None:
    assert one(frame)["type"] == kind


def test_a_list_is_as_many_records() -> None:
    ticker = {"e": "24hrMiniTicker", "E": 1, "s": "X", "c": "1", "o": "1", "h": "1", "l": "1"}
    whole = {"stream": "!miniTicker@arr", "data": [{**ticker, "v": "2"}] * 3}
    records_ = BinanceRecording().describe(json.dumps(whole))
    assert [record["type"] for record in records_] == ["ticker"] * 3


def test_a_fill_names_our_order() -> None:
    report = {
        "e": "executionReport",
        "s": "BTCUSDT",
        "c": "mine",
        "S": "BUY",
        "x": "TRADE",
        "X": "FILLED",
        "i": 9,
        "T": 1700,
        "z": "1",
        "l": "1",
        "L": "2.5",
        "n": "0.001",
        "N": "BTC",
        "t": 7,
        "m": True,
    }
    fill = one({"subscriptionId": 0, "event": report})
    assert (fill["type"], fill["client_order_id"], fill["price"]) == (
        "fill",
        "mine",
        Decimal("2.5"),
    )
    canceled = one({**report, "x": "CANCELED", "X": "CANCELED", "c": "its cancel", "C": "mine"})
    assert (canceled["type"], canceled["client_order_id"]) == ("order", "mine")


def test_symbols_are_learned_from_the_instruments() -> None:
    recording = BinanceRecording()
    listed = {"symbol": "ABUSD", "status": "TRADING", "baseAsset": "AB", "quoteAsset": "USD"}
    body = json.dumps({"symbols": [{**listed, "filters": []}]})
    assert recording.describe(json.dumps({**TRADE, "s": "ABUSD"}))[0]["symbol"] == "A/BUSD"
    assert recording.describe_rest("https://x/api/v3/exchangeInfo", body)[0]["type"] == "rest"
    assert recording.describe(json.dumps({**TRADE, "s": "ABUSD"}))[0]["symbol"] == "AB/USD"


def diff(first: int, last: int, bid: str, previous: int | None = None) -> str:
    sides = {"b": [[bid, "1"]], "a": []}
    body = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first, "u": last, **sides}
    return json.dumps(body if previous is None else {**body, "pu": previous})


def snapshot(last: int) -> str:
    return json.dumps({"lastUpdateId": last, "bids": [["5", "1"]], "asks": [["9", "1"]]})


def follow(*steps: str) -> list[Described]:
    recording, books = BinanceRecording(), BinanceBooks()
    told: list[Described] = []
    for step in steps:
        is_rest = step.startswith('{"lastUpdateId"')
        found = recording.describe_rest("/depth", step) if is_rest else recording.describe(step)
        told += [each for record in found for each in books.follow(record)]
    return told


def test_a_gap_lasts_until_a_snapshot_replaces_the_book() -> None:
    told = follow(diff(8, 9, "6"), snapshot(9), diff(10, 11, "7"), diff(13, 14, "8"), snapshot(13))
    assert [r["type"] for r in told] == ["top", "top", "gap", "resync", "top", "top"]
    assert [r["bid"] for r in told if r["type"] == "top"] == [5, 7, 5, 8]


def test_a_perpetual_goes_by_the_update_before() -> None:
    told = follow(diff(5, 9, "6", 4), snapshot(9), diff(15, 19, "7", 9), diff(30, 31, "8", 22))
    assert [r["type"] for r in told] == ["top", "top", "gap"]


def test_a_crossed_book_is_a_gap() -> None:
    told = follow(diff(8, 9, "6"), snapshot(9), diff(10, 11, "9.5"))
    assert [r["type"] for r in told] == ["top", "gap"]


@pytest.mark.parametrize(
    ("path", "agreeing"),
    [("l2/binance-spot-ethusdt_20240808.zst", 500), ("l2/binance-usdm-btcusdt_20240808.zst", 500)],
)
def test_rebuilt_books_have_the_venues_best_prices(path: str, agreeing: int) -> None:
    """Wherever a quote and a book carry the same update id."""
    names = ("bid", "bid_amount", "ask", "ask_amount")
    seen: dict[str, dict[object, list[float]]] = {"quote": {}, "top": {}}
    told: Counter[str] = Counter()
    for record in records("binance", shared(path), has_books=True):
        kind = str(record["type"])
        told[kind] += 1
        if kind in seen:
            seen[kind][record["update_id"]] = [float(str(record[name])) for name in names]
    common = seen["quote"].keys() & seen["top"].keys()
    assert len(common) >= agreeing
    assert [each for each in common if seen["quote"][each] != seen["top"][each]] == []
    assert told["gap"] == told["malformed"] == told["unknown"] == 0


@pytest.mark.parametrize("day", ["20210814", "20211012"])
def test_old_frames_decode_and_mutated_ones_raise_nothing(day: str) -> None:
    frames = list(received(shared(f"frames/binance-{day}.jsonl.zst")))
    kinds: Counter[str] = Counter()
    for frame in frames:
        kinds += assert_well_formed(BinanceRecording().describe(frame))
    assert kinds["malformed"] == kinds["unknown"] == 0
    assert_bears_mutations(BinanceRecording(), frames, seed=2)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_a_record(frame: str | bytes) -> None:
    assert_well_formed(BinanceRecording().describe(frame))


@given(st.sampled_from(["trade", "depthUpdate", "kline", "executionReport", "x"]), json_values)
@example("trade", {"e": []})
def test_any_data_of_a_known_kind_is_a_record(kind: str, data: object) -> None:
    event = {**data, "e": kind} if isinstance(data, dict) else {"e": kind, "s": data, "k": data}
    assert_well_formed(BinanceRecording().describe(json.dumps(event)))
    assert_well_formed(BinanceRecording().describe(json.dumps({"stream": kind, "data": data})))
    assert_well_formed(BinanceRecording().describe_rest("/api/v3/depth?symbol", json.dumps(data)))
