"""Looks at the bot from inside: its books, its queues, and at the end everything it believes.

Invariant: reads only; what it reads is told as events to the jury, which judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from bot3.actors.execution import ExecutionActor
from bot3.actors.market import MarketActor
from bot3.actors.risk import RiskActor
from bot3.app.simulation.invariants.events import (
    LEVELS_COMPARED,
    BookSeen,
    BotBookRest,
    BotOrderRest,
    BotRest,
    LevelsSeen,
    QueueRow,
    QueuesSeen,
    Touch,
    WorldEvent,
)
from bot3.app.simulation.life import Life
from bot3.app.tree import TradingEngine
from bot3.domain.book import Quote
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import InstrumentId, decimal_of
from bot3.messages.journal import Record
from bot3.messages.orders import IntentRecorded
from supervisors.mailbox import Mailbox, Overflow
from supervisors.testing import actor_of

AUDIT_INTERVAL_S: Final = 1.0


def audit(life: Life, now_ns: int) -> Iterator[WorldEvent]:
    """The books and queues of a running process."""
    engine, tree = life.engine, life.tree
    if engine is None or tree is None:
        return
    for instrument, card in engine.board.instruments.items():
        quote = card.quote
        if quote is not None and quote.sequence:
            yield BookSeen(
                instrument.venue, instrument.symbol, now_ns, quote.sequence, touch_of(quote.quote)
            )
    for instrument in engine.core.watched:
        yield from _levels(engine, instrument, now_ns)
    yield QueuesSeen(life.generation, now_ns, tuple(_queues(engine)))


def _levels(engine: TradingEngine, key: InstrumentId, now_ns: int) -> Iterator[LevelsSeen]:
    """Of a market actor that is up and has a book."""
    actor = actor_of(engine.core.watched[key].market)
    book = actor.book(LEVELS_COMPARED) if isinstance(actor, MarketActor) else None
    if book is not None:
        yield LevelsSeen(key.venue, key.symbol, now_ns, *book)


def touch_of(quote: Quote) -> Touch:
    """Exactly: a book's floats come from decimal texts."""
    return Touch(*map(decimal_of, quote))


def _queues(engine: TradingEngine) -> Iterator[QueueRow]:
    runs = engine.runs
    yield QueueRow("run queue", len(runs), runs.capacity, runs.refused, may_lose=False)
    yield _row(engine.journal, may_lose=False)
    for desk in engine.venues.values():
        yield _row(desk.entries, may_lose=False)
        yield _row(desk.fetches, may_lose=False)
        yield _row(desk.resyncs, may_lose=True)
        yield _row(desk.budgets, may_lose=True)


def _row(mailbox: Mailbox[Any], *, may_lose: bool) -> QueueRow:
    lost = mailbox.dropped + mailbox.rejected
    assert may_lose or mailbox.policy is not Overflow.DROP_OLDEST
    return QueueRow(mailbox.name, mailbox.waiting, mailbox.capacity, lost, may_lose)


def is_quiet(life: Life) -> bool:
    """Nothing of ours lives, and nothing waits to be written."""
    engine = life.engine
    if engine is None or life.tree is None:
        return False
    backlog = engine.backlog
    is_written = not (engine.journal.waiting or backlog.unwritten or backlog.undelivered)
    return is_written and not engine.board.orders.live and not engine.memory.recovery.orders()


def rest_of(life: Life, journal: Sequence[Record], *, is_halt_expected: bool) -> BotRest:
    """What the bot believes; a process that does not run believes nothing, and is not ready."""
    engine, tree, snapshots = life.engine, life.tree, life.snapshots
    if engine is None or tree is None or snapshots is None:
        return BotRest(
            orders=(), positions={}, balances=(), books=(), actors=(), unready=("no process runs",)
        )
    status = snapshots.status()
    recovery = engine.memory.recovery
    return BotRest(
        orders=tuple(_orders(engine, journal)),
        positions={
            "memory": _flat({k: p.amount for k, p in recovery.tracker.positions().items()}),
            "portfolio": _flat({k: c.held.amount for k, c in engine.board.instruments.items()}),
            **_inner_positions(engine),
        },
        balances=tuple(engine.memory.balances.values()),
        books=tuple(_books(engine)),
        actors=tree.snapshot(),
        unready=(*status.reasons, *_overcounted(engine)),
        halted_reason=recovery.halted_reason,
        is_halt_expected=is_halt_expected,
    )


def _inner_positions(engine: TradingEngine) -> dict[str, dict[InstrumentId, Decimal]]:
    """What execution plans by, and what risk judges by; an actor that is down believes nothing."""
    found: dict[str, dict[InstrumentId, Decimal]] = {}
    execution, risk = actor_of(engine.core.execution), actor_of(engine.core.risk)
    if isinstance(execution, ExecutionActor):
        positions = execution.desk.tracker.positions()
        found["execution"] = _flat({key: each.amount for key, each in positions.items()})
    if isinstance(risk, RiskActor):
        found["risk"] = _flat(risk.manager.state.positions)
    return found


def _overcounted(engine: TradingEngine) -> Iterator[str]:
    """Orders that bind funds at the gate although memory knows that they are settled."""
    risk = actor_of(engine.core.risk)
    if isinstance(risk, RiskActor):
        unsettled = {kept.order.intent.client_order_id for kept in engine.memory.recovery.orders()}
        for key in risk.manager.state.orders:
            if key not in unsettled:
                yield f"risk counts {key} as open, which is settled"


def _flat(positions: dict[InstrumentId, Decimal]) -> dict[InstrumentId, Decimal]:
    return {key: amount for key, amount in positions.items() if amount}


def _orders(engine: TradingEngine, journal: Sequence[Record]) -> Iterator[BotOrderRest]:
    """Of those whose intent is in the journal, what memory still knows of each."""
    for record in journal:
        if isinstance(record, IntentRecorded):
            key: ClientOrderId = record.intent.client_order_id
            kept = engine.memory.recovery.order(key)
            if kept is not None:
                order = kept.order
                yield BotOrderRest(key, order.intent.instrument, order.status, order.filled.amount)


def _books(engine: TradingEngine) -> Iterator[BotBookRest]:
    for instrument, card in engine.board.instruments.items():
        seen = card.quote
        if seen is None:
            yield BotBookRest(instrument, 0, None, 0)
        else:
            touch = touch_of(seen.quote)
            yield BotBookRest(instrument, seen.sequence, touch, seen.ts_venue_ns)
