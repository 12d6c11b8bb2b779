"""Equity and closed trades of a state directory's journal: of its last session's account.

Invariant: a trade is a round trip, from no position to none, and its profit what all its fills
realized net of fees, as the position tracker has it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
from attrs import field, frozen

from bot3.app.research.equity_file import EquityRows
from bot3.app.run import JOURNAL_NAME
from bot3.domain.errors import DataError
from bot3.domain.fill import Fill
from bot3.domain.ids import parse_client_order_id
from bot3.domain.values import ZERO
from bot3.messages.control import EquityMarked, SessionStarted
from bot3.messages.orders import OrderFilled
from bot3.portfolio.positions import PositionTracker
from bot3.portfolio.round_trips import RoundTrips
from bot3.portfolio.statistics.daily import Floats
from bot3.services.storage import JournalStore


@frozen
class JournalRows:
    """`source` says simulated, paper or live; `profits` in the order in which they were made."""

    source: str
    equity: EquityRows
    profits: Floats


@frozen
class _Past:
    source: str
    marks: list[EquityMarked] = field(factory=list)
    traded: list[Decimal] = field(factory=list)
    profits: list[Decimal] = field(factory=list)
    tracker: PositionTracker = field(factory=PositionTracker)
    trips: RoundTrips = field(factory=RoundTrips)

    def mark(self, marked: EquityMarked) -> None:
        self.marks.append(marked)
        self.traded.append(ZERO)

    def fill(self, fill: Fill) -> None:
        if parse_client_order_id(fill.client_order_id) is None:
            return
        if not self.tracker.apply(fill):
            return
        for key in (part.instrument for part in fill.parts):
            held = self.tracker.position(key)
            profit = self.trips.take(key, held.amount, held.realized, fill.ts_local_ns)
            if profit is not None:
                self.profits.append(profit)
        if self.traded:
            self.traded[-1] += fill.parts[0].notional.amount


def read_journal_rows(directory: Path) -> JournalRows:
    """Raises `DataError` where there is no journal, or no equity in it."""
    path = directory / JOURNAL_NAME
    if not path.exists():
        raise DataError(f"journal {path}: there is none: trade first, or give --equity FILE")
    store, pasts, account = JournalStore(path, is_read_only=True), dict[str, _Past](), ""
    try:
        for stored in store.read_all():
            match stored.record:
                case SessionStarted() as started:
                    account = started.account
                    pasts.setdefault(account, _Past(started.data_source))
                case EquityMarked() as marked if account:
                    pasts[account].mark(marked)
                case OrderFilled(fill=fill) if account:
                    pasts[account].fill(fill)
                case _:
                    pass
    finally:
        store.close()
    past = pasts.get(account)
    if past is None or not past.marks:
        raise DataError(f"journal {path}: no equity yet; it is written every few seconds")
    rows = EquityRows(
        np.array([each.ts_ns for each in past.marks], dtype=np.int64),
        np.array([float(each.equity) for each in past.marks]),
        invested=_invested(past.marks),
        traded=np.array([float(each) for each in past.traded]),
    )
    return JournalRows(past.source, rows, np.array([float(each) for each in past.profits]))


def _invested(marks: list[EquityMarked]) -> Floats | None:
    """None where a mark does not have it."""
    found = [each.invested for each in marks]
    known = [float(each) for each in found if each is not None]
    return np.array(known) if len(known) == len(found) else None
