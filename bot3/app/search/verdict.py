"""Candidates before the court, and the hold-out's lock.

Invariant: the hold-out is opened in the ledger before anything of it is read, and by one run only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from attrs import evolve, frozen

from bot3.app.search.ledger_file import LedgerFile
from bot3.backtest.validation.court import Court, Judged, Market, Rejection, finalists_of
from bot3.backtest.validation.ledger import opened_row

C = TypeVar("C")
M = TypeVar("M", bound=Market)


@frozen
class Docket:
    """A run in the books: its name, the days it searches and selects on, and those held out."""

    ledger: LedgerFile
    run: str
    days: tuple[str, ...]
    holdout: tuple[str, ...]


def verdicts(
    court: Court[C, M], candidates: Sequence[C], docket: Docket
) -> tuple[list[Judged[C]], Counter[str]]:
    """Finalists first, as they were judged; and how many fell at which gate."""
    judged = court.select(candidates)
    finalists = finalists_of(judged)
    beaten = [_beaten(each) for each in judged if each not in finalists]
    final = _confirmed(court, finalists, docket)
    every = [*final, *beaten]
    return every, Counter(each.rejection.value for each in every if each.rejection is not None)


def _beaten(judged: Judged[C]) -> Judged[C]:
    """Who passed all gates and is no finalist had better ones beside."""
    return evolve(judged, rejection=judged.rejection or Rejection.NOT_AMONG_THE_BEST)


def _confirmed(
    court: Court[C, M], finalists: Sequence[Judged[C]], docket: Docket
) -> list[Judged[C]]:
    if not finalists:
        return []
    if docket.ledger.read().opened_by(docket.holdout, docket.run) is not None:
        return [evolve(each, rejection=Rejection.HOLDOUT_LOCKED) for each in finalists]
    docket.ledger.add(opened_row(docket.run, docket.holdout))
    return court.confirm(finalists)


def counted(docket: Docket, now: int, different: float) -> dict[str, float]:
    """Trials of this run and of others on the same days, and how many different ones."""
    before = docket.ledger.read().tried_before(docket.days, docket.run)
    return {"now": now, "before": before, "effective": different * (1 + before / max(now, 1))}
