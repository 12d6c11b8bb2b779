"""The decision core driven synchronously: market events in, orders out, without Trio.

Three instruments, one-second bars; per second and instrument ten whole books of five levels, ten
changes of two levels and five trades, and four timer beats. Learning on; journal and venue answer
at once, in memory.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import define

from bot3.actors.core import DecisionCore
from bot3.actors.core_settings import CoreOutlets
from bot3.actors.memory import Memory
from bot3.app.config import load_config
from bot3.app.wiring import core_settings
from bot3.domain.account import Balance
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import run_id
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, TimeInForce
from bot3.domain.values import ZERO, Asset, InstrumentId, Quantity, Side, VenueName
from bot3.messages.journal import JournalEntry
from bot3.messages.market import BookChanged, BookReplaced, TimerTicked, TradePrinted
from bot3.messages.orders import (
    BalanceChanged,
    CancelOrder,
    InstrumentsLoaded,
    OrderAcknowledged,
    OrderCanceled,
    OrderFilled,
    SubmitOrder,
)
from bot3.portfolio.positions import base_and_quote
from bot3.portfolio.recovery import Recovery
from bot3.telemetry.board import Board
from bot3.telemetry.board_actor import BoardActor
from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from tests.benchmarks.calibration import calibration_ms

SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
VENUE = VenueName("binance")
BOOK_CHANGES, BEATS = 10, 4
FEE_RATE = Decimal("0.001")

KEYS = {"risk.max_orders_per_minute": 6000, "exchanges.active": ["binance"]}


@define
class RecordedClock:
    """The calendar of the events, the stopwatch of the machine."""

    at_ns: int = START_NS

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return time.perf_counter_ns()


@define
class InstantJournal:
    """Durable at once."""

    name: str = "journal"

    def send(self, entry: JournalEntry) -> None:
        for address, message in entry.deliver:
            address.send(message)


class InstantVenue:
    """Fills crossing orders at their price, rests the others until they are canceled."""

    name = "venue"

    def __init__(self, clock: RecordedClock) -> None:
        self.core: DecisionCore | None = None
        self.clock = clock
        self.trades = 0
        self.submitted = 0
        self.held: dict[Asset, Decimal] = {}

    def fund(self, changes: dict[Asset, Decimal]) -> None:
        """Adds to the balances and says so."""
        assert self.core is not None
        for asset, change in changes.items():
            self.held[asset] = self.held.get(asset, ZERO) + change
        balances = tuple(Balance(VENUE, asset, self.held[asset], ZERO) for asset in changes)
        now_ns = self.clock.now_ns()
        self.core.publish(BalanceChanged(VENUE, balances, now_ns, now_ns))

    def send(self, message: Any) -> None:
        assert self.core is not None
        now_ns = self.clock.now_ns()
        if isinstance(message, CancelOrder):
            key, instrument = message.client_order_id, message.instrument
            self.core.publish(OrderCanceled(key, instrument, Quantity(ZERO), now_ns, now_ns))
        elif isinstance(message, SubmitOrder):
            self.submitted += 1
            intent = message.approved.intent
            key = intent.client_order_id
            self.core.publish(OrderAcknowledged(key, intent.instrument, key, now_ns, now_ns))
            if intent.time_in_force is TimeInForce.IOC:
                self._fill(intent)

    def _fill(self, intent: OrderIntent) -> None:
        assert self.core is not None
        self.trades += 1
        base, quote = base_and_quote(intent.instrument)
        amount, cost = intent.amount.amount, (intent.worst_price * intent.amount).amount
        is_buy = intent.side is Side.BUY
        fee = (amount if is_buy else cost) * FEE_RATE
        key, now_ns = intent.client_order_id, self.clock.now_ns()
        fill = Fill(
            str(self.trades), key, key, intent.instrument, intent.side, intent.worst_price,
            intent.amount, fee, base if is_buy else quote, Liquidity.TAKER, now_ns, now_ns,
        )  # fmt: skip
        self.core.publish(OrderFilled(fill))
        if is_buy:
            self.fund({base: amount - fee, quote: -cost})
        else:
            self.fund({base: -amount, quote: cost - fee})


def make_core() -> tuple[DecisionCore, Board, InstantVenue, RecordedClock]:
    """The default configuration's core, started."""
    config = load_config(None, {}, KEYS).config
    settings = core_settings(config, run_id("benchmrk"))
    clock = RecordedClock()
    runs, venue = RunQueue(clock), InstantVenue(clock)
    board = Board(clock, settings.instruments)
    board_cell: DecisionCell[Any] = DecisionCell("board", runs)
    outlets = CoreOutlets(
        InstantJournal(),
        {VENUE: venue},
        {VENUE: venue},
        {VENUE: venue},
        {VENUE: venue},
        board_cell,
    )
    core = DecisionCore(
        settings, Memory(Recovery("benchmark"), bars_kept=300), runs, clock, outlets
    )
    venue.core = core
    board_cell.start(lambda: BoardActor(board))
    core.start()
    loaded = InstrumentsLoaded(VENUE, tuple(_instrument(key) for key in settings.instruments))
    for listener in core.instrument_listeners():
        listener.send(loaded)
    venue.fund({Asset("USDT"): Decimal(10_000)})
    return core, board, venue, clock


def _instrument(key: InstrumentId) -> Instrument:
    base, _, quote = key.symbol.partition("/")
    return Instrument(
        key, Asset(base), Asset(quote), Decimal("0.01"), Decimal("0.00001"),
        notional_min=Decimal(5),
    )  # fmt: skip


def market(seconds: int) -> Iterator[tuple[int, Any]]:
    """(time, message) in order; a random walk of 4 bps a second with drifting phases."""
    dice = random.Random(1)
    keys = [InstrumentId(VENUE, s) for s in ("BTC/USDT", "ETH/USDT", "SOL/USDT")]
    mids = dict(zip(keys, (60_000.0, 3_000.0, 150.0), strict=True))
    sequence = 0
    for key, mid in mids.items():
        levels = [(round(mid * (1 - n * 1e-5), 2), 1.0) for n in range(1, 200)]
        asks = [(round(mid * (1 + n * 1e-5), 2), 1.0) for n in range(1, 200)]
        yield START_NS, BookReplaced(key, levels, asks, sequence, START_NS, START_NS)
    for second in range(seconds):
        for step in range(BOOK_CHANGES):
            at_ns = START_NS + second * SECOND_NS + step * SECOND_NS // BOOK_CHANGES
            for key in keys:
                drift = 6e-5 if (second // 120) % 2 else -6e-5
                mid = mids[key] = mids[key] * (1 + drift / 10 + dice.gauss(0, 1.2e-4))
                sequence += 1
                near, far = round(mid - 0.01, 2), round(mid + 0.01, 2)
                bids = [(round(near - n * 0.05, 2), dice.random()) for n in range(5)]
                asks = [(round(far + n * 0.05, 2), dice.random()) for n in range(5)]
                yield at_ns, BookReplaced(key, bids, asks, sequence, at_ns, at_ns)
                yield at_ns, BookChanged(key, bids[:2], asks[:2], sequence, at_ns, at_ns)
                if step % 2 == 0:
                    side = Side.BUY if dice.random() < 0.5 else Side.SELL
                    yield at_ns, TradePrinted(key, sequence, mid, 0.1, side, at_ns, at_ns)
            if step % (BOOK_CHANGES // BEATS) == 0:
                yield at_ns, TimerTicked(at_ns)


def run(seconds: int = 1_200) -> dict[str, Any]:
    """Market seconds driven through the core; figures of the whole and of the last 4,096 orders."""
    core, board, venue, clock = make_core()
    events = [*market(seconds)]
    markets = core.markets(VENUE)
    timers = core.timer_listeners()
    before_ms = calibration_ms()
    started = time.process_time()
    for at_ns, message in events:
        clock.at_ns = at_ns
        if isinstance(message, TimerTicked):
            for listener in timers:
                listener.send(message)
        else:
            markets[message.instrument].send(message)
    took_s = time.process_time() - started
    p50, p99 = board.tick_to_order.quantiles((0.5, 0.99))
    cells = (core.risk, core.execution, core.portfolio, *markets.values())
    assert not any(len(cell.dead_letters) for cell in cells)
    return {
        "market_events": len(events),
        "events_per_s": round(len(events) / took_s),
        "orders": venue.submitted,
        "fills": board.fills,
        "signals": board.signals,
        "tick_to_order_us": {"p50": round(p50, 1), "p99": round(p99, 1)},
        "denials": dict(board.orders.denials),
        "calibration_ms": [round(before_ms, 2), round(calibration_ms(), 2)],
    }
