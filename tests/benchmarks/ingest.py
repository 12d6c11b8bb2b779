"""Public market data per venue: what one message costs from its text to a book.

The frames of a simulated market with three instruments: the decoder alone, then decoder, sequence
check, normalized event and local book.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from adapters.binance.feed_session import FeedSession
from adapters.binance.schemas import CHANNELS, DepthEvent, DepthSnapshot, decode_stream
from adapters.bybit.dialect import BybitDialect
from adapters.net.candle_check import CandleChecks
from adapters.net.reconnect import BackoffPolicy
from adapters.net.statistics import FeedStatistics
from adapters.net.stream_feed import SessionParts
from adapters.net.stream_session import SessionSettings, StreamSession
from adapters.okx.dialect import OkxDialect
from adapters.simulated.embedded import EmbeddedExchange, EmbeddedSettings
from adapters.simulated.wire import HttpRequest
from bot3.app.registry import ADAPTERS
from bot3.domain.book import Book
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.market import BookChanged, BookReplaced
from supervisors.clock import SystemClock
from supervisors.entropy import Entropy
from tests.adapters.simulated.direct import ManualClock, Sink
from tests.benchmarks.calibration import calibration_ms

SYMBOLS = tuple(map(Symbol, ("BTC/USDT", "ETH/USDT", "SOL/USDT")))
MESSAGES = 20_000
ROUNDS = 5
STEP_NS = 10_000_000


def wires(venue: str) -> dict[str, InstrumentId]:
    """The instruments by the venue's names."""
    separator = "-" if venue == "okx" else ""
    return {s.replace("/", separator): InstrumentId(VenueName(venue), s) for s in SYMBOLS}


def subscriptions(venue: str) -> list[dict[str, Any]]:
    """Everything that its adapter follows (OKX's candles come by another connection)."""
    if venue == "binance":
        names = [f"{wire.lower()}@{kind}" for wire in wires(venue) for kind in CHANNELS]
        return [{"id": 1, "method": "SUBSCRIBE", "params": names}]
    dialect = OkxDialect() if venue == "okx" else BybitDialect()
    return [json.loads(command.text) for command in dialect.subscribe([*wires(venue)])]


def frames(venue: str) -> list[str]:
    """What the venue's simulated front sends to a follower."""
    clock, entropy = ManualClock(), Entropy(1)
    settings = EmbeddedSettings(venue=VenueName(venue), protocol=venue, history_minutes=20)
    exchange = EmbeddedExchange(
        settings, clock=clock, dice_of=entropy.dice, api_key="demo", api_secret="demo-secret"
    )
    sink = Sink()
    path = ADAPTERS[VenueName(venue)].fronts["ws_url"]
    session: Any = exchange.front.open_session(HttpRequest("GET", path), sink)
    for said in subscriptions(venue):
        session.received(json.dumps(said))
    while len(sink.texts) < MESSAGES:
        clock.ns += STEP_NS
        exchange.step()
        if venue == "okx":
            session.received("ping")  # silence ends a connection there
    return [text for text in sink.texts if text.startswith("{")][:MESSAGES]


def make_session(venue: str, texts: list[str], publish: Callable[[Any], None]) -> Any:
    """The adapter's own, without a connection; its books are known where frames do not tell."""
    statistics = FeedStatistics()
    parts = SessionParts(
        wires(venue),
        publish,
        statistics,
        CandleChecks(statistics),
        SystemClock(),
        Entropy(1).dice("bench"),
    )
    if venue == "binance":
        settings: Any = ADAPTERS[VenueName(venue)].base("mainnet")
        rest: Any = None
        session = FeedSession(parts, settings=settings, rest=rest)
        for event in map(decode_stream, texts):
            if isinstance(event, DepthEvent):
                sync = session.markets[event.symbol].sync
                if not sync.last_id:
                    sync.start()
                    sync.on_snapshot(DepthSnapshot(event.first_id - 1, [], []))
        return session
    waits = SessionSettings(10.0, 18.0, BackoffPolicy())
    dialect = OkxDialect() if venue == "okx" else BybitDialect()
    return StreamSession(parts, dialect=dialect, settings=waits)


def decoded_us(venue: str, texts: list[str]) -> float:
    """CPU per message, decoding alone."""
    decode: Any = {"okx": OkxDialect().decode, "bybit": BybitDialect().decode}.get(
        venue, decode_stream
    )
    started = time.process_time()
    for text in texts:
        decode(text)
    return (time.process_time() - started) / len(texts) * 1e6


def into_books(venue: str) -> Callable[[Any], None]:
    """Takes events into local books of the venue's instruments."""
    books = {key: Book() for key in wires(venue).values()}

    def publish(event: Any) -> None:
        if isinstance(event, BookChanged):
            books[event.instrument].change(event.bids, event.asks)
        elif isinstance(event, BookReplaced):
            books[event.instrument].replace(event.bids, event.asks)

    return publish


def booked_us(venue: str, texts: list[str]) -> float:
    """CPU per message: decoded, put in sequence, and into the local book."""
    session = make_session(venue, texts, into_books(venue))
    started = time.process_time()
    for text in texts:
        session._take((text,))
    return (time.process_time() - started) / len(texts) * 1e6


def of_venue(venue: str) -> dict[str, Any]:
    """Medians, each contestant once in every round."""
    texts = frames(venue)
    rounds = [(decoded_us(venue, texts), booked_us(venue, texts)) for _ in range(ROUNDS)]
    decoded, booked = (statistics.median(each) for each in zip(*rounds, strict=True))
    return {
        "bytes": round(statistics.mean(map(len, texts))),
        "decode us": round(decoded, 1),
        "decode, sequence and book us": round(booked, 1),
    }


def run() -> dict[str, Any]:
    """Every venue."""
    return {"calibration_ms": round(calibration_ms(), 2)} | {
        name: of_venue(name) for name in ADAPTERS
    }
