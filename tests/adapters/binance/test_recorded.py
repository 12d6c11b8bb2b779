"""Real frames: everything decodes, no gap, and the rebuilt book agrees with the venue's quotes."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from adapters.binance.account_schemas import ExchangeInfo
from adapters.binance.book_sync import BookSync, Changed, FetchSnapshot, Lost, Replaced
from adapters.binance.schemas import (
    DepthEvent,
    DepthSnapshot,
    TouchEvent,
    TradeEvent,
    decode_reply,
    decode_stream,
)
from adapters.binance.translate import instrument_of
from adapters.net.frames import MalformedFrame
from bot3.domain.book import Book
from bot3.domain.values import InstrumentId, Symbol, VenueName
from tests.adapters.binance.recordings import l2_frames, rows

SPOT_DAYS = [
    "data/l2/binance-spot-ethusdt_20240808.zst",
    "data/l2/binance-spot-ethusdt_20240809.zst",
]
FRAMES = ["data/frames/binance-20210814.jsonl.zst", "data/frames/binance-20211012.jsonl.zst"]


class Rebuilt:
    """A book that follows a sync machine."""

    def __init__(self) -> None:
        self.sync = BookSync()
        self.sync.start()
        self.book = Book()
        self.counts: Counter[str] = Counter()

    def take(self, actions: object) -> None:
        for action in actions:
            self.counts[type(action).__name__] += 1
            match action:
                case Replaced(snapshot):
                    self.book.replace(snapshot.bids, snapshot.asks)
                case Changed(event):
                    self.book.change(event.bids, event.asks)
                case Lost() | FetchSnapshot():
                    pass

    def agrees(self, touch: TouchEvent) -> bool:
        quote = self.book.quote()
        assert quote is not None
        assert not quote.is_crossed
        return tuple(quote) == (touch.bid, touch.bid_amount, touch.ask, touch.ask_amount)


def decoded(frame: bytes | str):  # noqa: ANN201
    event = decode_stream(frame)
    assert not isinstance(event, MalformedFrame), event
    return event


def test_the_rebuilt_book_is_the_venues_at_every_equal_id() -> None:
    """Eleven minutes over midnight, as one session; the snapshot is newer than the buffer."""
    rebuilt, kinds = Rebuilt(), Counter()
    quotes: dict[int, TouchEvent] = {}
    agreed = compared = last_trade = 0
    for _, frame in (pair for day in SPOT_DAYS for pair in l2_frames(day)):
        if b'"lastUpdateId"' in frame:
            snapshot = decode_reply(DepthSnapshot, frame)
            assert isinstance(snapshot, DepthSnapshot)
            rebuilt.take(rebuilt.sync.on_snapshot(snapshot))
            continue
        event = decoded(frame)
        kinds[type(event).__name__] += 1
        if isinstance(event, TouchEvent):
            quotes[event.update_id] = event
        elif isinstance(event, TradeEvent):
            assert event.trade_id == last_trade + 1 or not last_trade
            last_trade = event.trade_id
        elif isinstance(event, DepthEvent):
            rebuilt.take(rebuilt.sync.on_event(event))
            if event.last_id in quotes:
                compared += 1
                agreed += rebuilt.agrees(quotes[event.last_id])
    assert rebuilt.counts == {"Replaced": 1, "Changed": 6_468}
    assert (agreed, compared) == (1_056, 1_056)
    assert kinds == {"TouchEvent": 58_758, "TradeEvent": 14_515, "DepthEvent": 6_470}


@pytest.mark.parametrize("path", FRAMES)
def test_every_symbol_of_a_session_syncs_without_a_gap(path: str) -> None:
    books: dict[str, Rebuilt] = {}
    late: dict[str, int] = {}
    for row in rows(path):
        if row["t"] == "recv":
            event = decoded(str(row["data"]))
            if isinstance(event, DepthEvent):
                book = books.setdefault(event.symbol, Rebuilt())
                book.take(book.sync.on_event(event))
                late[event.symbol] = event.last_id
        elif row["t"] == "http" and "/depth?" in str(row["url"]):
            symbol = parse_qs(urlsplit(str(row["url"])).query)["symbol"][0]
            snapshot = decode_reply(DepthSnapshot, str(row["data"]).encode())
            assert isinstance(snapshot, DepthSnapshot)
            book = books.setdefault(symbol, Rebuilt())
            book.take(book.sync.on_snapshot(snapshot))
    assert len(books) == 4
    assert sum(book.counts["Changed"] for book in books.values()) > 50
    for symbol, book in books.items():
        assert book.counts["Lost"] == 0, symbol
        quote = book.book.quote()
        assert quote is not None
        assert not quote.is_crossed


@pytest.mark.parametrize("path", FRAMES)
def test_recorded_filters_become_instruments(path: str) -> None:
    (info,) = [
        msgspec.json.decode(str(row["data"]), type=ExchangeInfo)
        for row in rows(path)
        if row["t"] == "http" and str(row["url"]).endswith("/exchangeInfo")
    ]
    assert info.weight_per_minute == 1_200
    assert info.symbols
    for row in info.symbols:
        symbol = Symbol(f"{row.base_asset}/{row.quote_asset}")
        instrument = instrument_of(InstrumentId(VenueName("binance"), symbol), row)
        assert instrument.tick_size > 0
        assert instrument.lot_size > 0
        assert instrument.notional_min > 0
