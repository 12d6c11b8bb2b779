"""Our books, read from the journal's file beside the process that writes it; nothing is locked."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bot3.app.run import JOURNAL_NAME
from bot3.domain.fill import Fill
from bot3.domain.order import OrderIntent, OrderStatus
from bot3.messages.control import SessionStarted
from bot3.messages.journal import Record, decode
from bot3.messages.orders import IntentRecorded, OrderFilled
from bot3.portfolio.recovery import RecoveredOrder, Recovery
from tests.chaos.books import FillBooked, OrderBooked, OurBooks

FATES = {
    OrderStatus.OPEN: "open",
    OrderStatus.PARTIALLY_FILLED: "open",
    OrderStatus.CANCEL_PENDING: "open",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.REJECTED: "rejected",
}


def _rows(userdir: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Nothing where there is no journal yet."""
    path = userdir / JOURNAL_NAME
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as file:
            return file.execute(query, values).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # it is just being made
            return []
        raise


def count_intents(userdir: Path) -> int:
    """How many orders were ever decided."""
    query = "SELECT count(*) FROM journal WHERE kind = ?"
    rows = _rows(userdir, query, IntentRecorded.__name__)
    return rows[0][0] if rows else 0


def our_books(userdir: Path) -> OurBooks:
    """As a process that starts now would have them."""
    rows = _rows(userdir, "SELECT sequence, body FROM journal ORDER BY sequence")
    records: list[Record] = [decode(body) for _, body in rows]
    recovery = _recovery(records)
    intents = [record.intent for record in records if isinstance(record, IntentRecorded)]
    return OurBooks(
        sequence=rows[-1][0] if rows else 0,
        intents=tuple(intent.client_order_id for intent in intents),
        orders=_orders(recovery, intents),
        fills=_fills(records),
        positions={
            key.symbol: position.amount for key, position in recovery.tracker.positions().items()
        },
        kinds=Counter(type(record).__name__ for record in records),
    )


def _recovery(records: Sequence[Record]) -> Recovery:
    accounts = {each.account for each in records if isinstance(each, SessionStarted)}
    assert len(accounts) <= 1, f"one account was expected: {accounts}"
    recovery = Recovery(next(iter(accounts), ""))
    recovery.fold(records)
    assert not recovery.anomalies, f"{recovery.anomalies} records that no order can take"
    return recovery


def _orders(recovery: Recovery, intents: Iterable[OrderIntent]) -> dict[str, OrderBooked]:
    unresolved = {kept.order.intent.client_order_id for kept in recovery.orders()}
    found = {}
    for intent in intents:
        kept = recovery.order(intent.client_order_id)
        assert kept is not None, f"{intent.client_order_id}: forgotten"
        found[intent.client_order_id] = OrderBooked(
            client_order_id=intent.client_order_id,
            symbol=intent.instrument.symbol,
            side=intent.side.value.lower(),
            amount=intent.amount.amount,
            filled=kept.order.filled.amount,
            fate=_fate(kept, is_unresolved=intent.client_order_id in unresolved),
        )
    return found


def _fate(kept: RecoveredOrder, *, is_unresolved: bool) -> str:
    """ "unknown" also where it is final and fills are still missing."""
    if is_unresolved and kept.order.status.is_final:
        return "unknown"
    return FATES.get(kept.order.status, "unknown")


def _fills(records: Iterable[Record]) -> tuple[FillBooked, ...]:
    fills = [_fill(each.fill) for each in records if isinstance(each, OrderFilled)]
    return tuple(dict.fromkeys(fills))  # told twice, by the stream and by a question, is fine


def _fill(fill: Fill) -> FillBooked:
    return FillBooked(
        symbol=fill.instrument.symbol,
        trade_id=fill.trade_id,
        client_order_id=fill.client_order_id,
        side=fill.side.value.lower(),
        price=fill.price.amount,
        amount=fill.amount.amount,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
    )
