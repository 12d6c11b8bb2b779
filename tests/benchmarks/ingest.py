"""Public market data per venue: what one message costs from the wire to a normalized event.

The same frames, of a simulated market with three instruments, for every contestant in the same
run: our decoder, decoder and session and book, our client over a loopback websocket, and a minimal
client (aiohttp and `json.loads`) on the same server, which makes no event of anything.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import trio

from adapters.binance.feed_session import FeedSession, Market
from adapters.binance.schemas import DepthEvent, DepthSnapshot, decode_stream
from adapters.bybit.dialect import BybitDialect
from adapters.net.errors import ConnectionLostError
from adapters.net.network import SocketNetwork
from adapters.net.reconnect import BackoffPolicy
from adapters.net.statistics import FeedStatistics
from adapters.net.stream_session import SessionSettings, StreamSession
from adapters.net.websocket import open_websocket
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
    """Trades and books, as its adapter asks for them."""
    if venue == "binance":
        kinds = ("trade", "depth@100ms")
        names = [f"{wire.lower()}@{kind}" for wire in wires(venue) for kind in kinds]
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
    common: dict[str, Any] = {
        "clock": SystemClock(),
        "dice": Entropy(1).dice("bench"),
        "statistics": FeedStatistics(),
    }
    if venue == "binance":
        markets = {wire: Market(key, wire) for wire, key in wires(venue).items()}
        for event in map(decode_stream, texts):
            if isinstance(event, DepthEvent) and not markets[event.symbol].sync.last_id:
                sync = markets[event.symbol].sync
                sync.start()
                sync.on_snapshot(DepthSnapshot(event.first_id - 1, [], []))
        settings = ADAPTERS[VenueName(venue)].base("mainnet")
        return FeedSession(markets, publish, settings=settings, rest=None, **common)  # type: ignore[arg-type]
    waits = SessionSettings(10.0, 18.0, BackoffPolicy())
    dialect = OkxDialect() if venue == "okx" else BybitDialect()
    return StreamSession(wires(venue), publish, dialect=dialect, settings=waits, **common)


def decoded_us(venue: str, texts: list[str]) -> float:
    """CPU per message, decoding alone."""
    decode: Any = {"okx": OkxDialect().decode, "bybit": BybitDialect().decode}.get(
        venue, decode_stream
    )
    started = time.process_time()
    for text in texts:
        decode(text)
    return (time.process_time() - started) / len(texts) * 1e6


def booked_us(venue: str, texts: list[str]) -> float:
    """CPU per message: decoded, put in sequence, and into the local book."""
    books = {key: Book() for key in wires(venue).values()}

    def publish(event: Any) -> None:
        if isinstance(event, BookChanged):
            books[event.instrument].change(event.bids, event.asks)
        elif isinstance(event, BookReplaced):
            books[event.instrument].replace(event.bids, event.asks)

    session = make_session(venue, texts, publish)
    started = time.process_time()
    for text in texts:
        session._take((text,))
    return (time.process_time() - started) / len(texts) * 1e6


@contextmanager
def server(texts: list[str]) -> Iterator[int]:
    """The frames on a port of this machine."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(texts))
        file.flush()
        command = [sys.executable, "-m", "tests.benchmarks.frame_server", file.name]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        try:
            yield int(running.stdout.readline())
        finally:
            running.kill()
            running.wait()


def ours_us(venue: str, texts: list[str], port: int) -> float:
    """CPU per message of our client, from the socket to events."""
    events = 0

    def publish(_: Any) -> None:
        nonlocal events
        events += 1

    async def run() -> None:
        network = SocketNetwork()
        url = f"ws://127.0.0.1:{port}/"
        async with open_websocket(network, url, connect_timeout_s=5, silence_s=30) as socket:
            try:
                while True:
                    session._take(await socket.receive_batch())
            except ConnectionLostError:
                pass

    session = make_session(venue, texts, publish)
    started = time.process_time()
    trio.run(run)
    took = time.process_time() - started
    assert events > 0
    return took / MESSAGES * 1e6


def minimal_us(port: int) -> float:
    """CPU per message of an ordinary script."""

    async def run() -> int:
        count = 0
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"ws://127.0.0.1:{port}/", max_msg_size=0) as socket,
        ):
            async for message in socket:
                json.loads(message.data)
                count += 1
        return count

    started = time.process_time()
    count = asyncio.run(run())
    assert count == MESSAGES, count
    return (time.process_time() - started) / MESSAGES * 1e6


def of_venue(venue: str) -> dict[str, Any]:
    """Medians, each contestant once in every round."""
    texts = frames(venue)
    results: dict[str, list[float]] = {}
    with server(texts) as port:
        for _ in range(ROUNDS):
            for name, measured in (
                ("decode", decoded_us(venue, texts)),
                ("decode and book", booked_us(venue, texts)),
                ("our client", ours_us(venue, texts, port)),
                ("minimal client", minimal_us(port)),
            ):
                results.setdefault(name, []).append(measured)
    told = {f"{name} us": round(statistics.median(each), 1) for name, each in results.items()}
    per_s = {
        f"{name} messages_per_core_s": round(1e6 / told[f"{name} us"])
        for name in ("our client", "minimal client")
    }
    return {"bytes": round(statistics.mean(map(len, texts))), **told, **per_s}


def run() -> dict[str, Any]:
    """Every venue."""
    return {"calibration_ms": round(calibration_ms(), 2)} | {
        name: of_venue(name) for name in ADAPTERS
    }
