"""The order path: planning, gate and order manager per intent; routing; and from intent to wire.

Intent to wire is from the approved intent's entry into the journal's inbox to the delivery of its
`SubmitOrder` to the venue's order entry, with the journal's file as in production, one intent in
10 ms; "off" writes records of the same size that are not synced.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import trio

from bot3.domain.book import Quote
from bot3.domain.ids import RunId
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderStatus
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.execution.actions import Submission
from bot3.execution.desk import ExecutionDesk
from bot3.execution.planner import PlannerSettings
from bot3.execution.router import VenueBook, route
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.messages.account import OrderClosed
from bot3.messages.journal import JournalEntry
from bot3.messages.orders import (
    CancelFailed,
    IntentRecorded,
    OrderApproved,
    OrderRejected,
    ProposeOrder,
    TargetSized,
)
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from bot3.services.journal import JournalActor, JournalBacklog
from bot3.services.storage import FileDisk
from supervisors.clock import SystemClock
from supervisors.mailbox import Mailbox, Overflow
from tests.benchmarks.calibration import calibration_ms
from tests.bot3.making import BTC, KEY, START_NS, USDT, make_balance, make_instrument, make_intent

INTENTS = 5_000
WIRE_INTENTS = 500
PAUSE_S = 0.01
LEVELS = 20
ROUTES = 500


def quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p99": round(ordered[int(0.99 * len(ordered))], 3),
    }


def gate_and_manager_us() -> dict[str, float]:
    """A target planned, proposed, judged, approved, opened as an order, rejected and closed."""
    gate = RiskManager(
        RiskLimits(position_fraction_max=1.0, exposure_fraction_max=1.0, order_rate_max=10**9)
    )
    gate.on_instruments([make_instrument()])
    gate.on_balances([make_balance(USDT, "10000"), make_balance(BTC, "0")])
    gate.on_equity(Decimal(10_000), START_NS)
    settings = ExecutionSettings(
        planner=PlannerSettings(maker_patience_s=0.0, retry_s=0.0), settle_s=0.0
    )
    desk = ExecutionDesk(RunId("testrun1"), settings)
    desk.on_instruments([make_instrument()])
    quote = Quote(99.99, 5.0, 100.01, 5.0)
    took_us: list[float] = []
    for number in range(INTENTS):
        now_ns = START_NS + number * 10_000_000
        gate.on_quote(KEY, quote, now_ns)
        desk.on_quote(KEY, quote, now_ns)
        target = TargetSized(KEY, "bench", Decimal(number % 2 + 1), now_ns, 0)
        began_ns = time.perf_counter_ns()
        proposal = _only(desk.on_target(target, now_ns), ProposeOrder)
        answer = gate.judge(proposal, now_ns)
        assert isinstance(answer, OrderApproved)
        submission = _only(desk.on_approved(answer, now_ns), Submission)
        took_us.append((time.perf_counter_ns() - began_ns) / 1e3)
        intent = submission.record.intent
        rejected = OrderRejected(intent.client_order_id, KEY, "x", "bench", now_ns)
        desk.cancel_everything("next", now_ns)
        for closed in desk.on_order_event(rejected, now_ns):
            if isinstance(closed, OrderClosed):
                assert closed.status is OrderStatus.REJECTED
                gate.on_order_closed(closed)
    return quantiles(took_us)


def _only(actions: list[Any], kind: type[Any]) -> Any:
    (found,) = [action for action in actions if isinstance(action, kind)]
    return found


def route_us() -> dict[str, float]:
    """An amount over three venues of twenty levels that eats a third of them."""
    dice = random.Random(1)
    books = [_book(name, dice) for name in ("binance", "okx", "bybit")]
    took_us = []
    for _ in range(ROUTES):
        began_ns = time.perf_counter_ns()
        found = route(Side.BUY, Decimal(10), books)
        took_us.append((time.perf_counter_ns() - began_ns) / 1e3)
        assert found.amount == Decimal(10)
    return quantiles(took_us)


def _book(name: str, dice: random.Random) -> VenueBook:
    instrument: Instrument = make_instrument(InstrumentId(VenueName(name), Symbol("BTC/USDT")))
    levels = [(100 + step / 100, round(dice.uniform(0.1, 1), 4)) for step in range(LEVELS)]
    return VenueBook(instrument=instrument, levels=levels, funds=Decimal(10**6))


class Wire:
    """The venue's order entry: notes when an order reached it."""

    name = "wire"

    def __init__(self) -> None:
        self.arrived_ns: list[int] = []

    def send(self, _message: object) -> None:
        self.arrived_ns.append(time.perf_counter_ns())


class Context:
    """Of an edge actor that nobody supervises."""

    def __init__(self) -> None:
        self.is_ready = trio.Event()

    def ready(self) -> None:
        self.is_ready.set()

    def progress(self) -> None:
        """Nobody asks."""


async def _wire_ms(directory: Path, entry_of: Callable[[int, Wire], JournalEntry]) -> list[float]:
    clock = SystemClock()
    inbox: Mailbox[JournalEntry] = Mailbox("journal", capacity=1_000, policy=Overflow.REJECT)
    journal = JournalActor(FileDisk(directory / "j.sqlite"), inbox, JournalBacklog(), clock)
    wire, context, sent_ns = Wire(), Context(), list[int]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.run, context)
        await context.is_ready.wait()
        for number in range(WIRE_INTENTS):
            sent_ns.append(time.perf_counter_ns())
            inbox.send(entry_of(number, wire))
            await trio.sleep(PAUSE_S)
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    pairs = zip(sent_ns, wire.arrived_ns, strict=True)
    return [(arrived - sent) / 1e6 for sent, arrived in pairs]


def intent_to_wire_ms(*, is_durable: bool) -> dict[str, float]:
    """Through the real journal on a real file."""

    def entry(number: int, wire: Wire) -> JournalEntry:
        intent = make_intent(number + 1)
        record = IntentRecorded(intent, START_NS)
        if is_durable:
            return JournalEntry(record, ((wire, record),))
        unsynced = CancelFailed(intent.client_order_id, KEY, "x" * 120, START_NS)
        return JournalEntry(unsynced, ((wire, record),))

    with tempfile.TemporaryDirectory() as directory:
        return quantiles(trio.run(_wire_ms, Path(directory), entry))


def run() -> dict[str, Any]:
    """All of it, and the calibration loop before and after."""
    before = calibration_ms()
    found = {
        "plan_gate_and_manager_us": gate_and_manager_us(),
        "route_three_venues_us": route_us(),
        "intent_to_wire_durable_ms": intent_to_wire_ms(is_durable=True),
        "intent_to_wire_off_ms": intent_to_wire_ms(is_durable=False),
    }
    return {**found, "calibration_ms": [round(before, 2), round(calibration_ms(), 2)]}
