"""What was tried on which data, and what has been looked at: read before, written after.

Data is known by the digests of its days, so a file with more days is not new data.

Invariant: a run never counts its own earlier self, so the same run again gives the same answer; a
hold-out that another run has opened stays shut for good.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

RUN, TRIALS, OPENED = "run", "trials", "opened"


@final
class TrialLedger:
    """Rows as they lie in the file, oldest first; kinds of a later version are passed over."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._days: dict[str, set[str]] = {}
        self._trials: dict[str, set[str]] = {}
        self._opened: dict[str, str] = {}
        for row in rows:
            self.take(row)

    def take(self, row: Mapping[str, Any]) -> None:
        """Counts a row. Raises `KeyError`, `TypeError` or `ValueError` for one that is none."""
        kind, run = row["kind"], str(row["run"])
        if kind == RUN:
            self._days.setdefault(run, set()).update(map(str, row["days"]))
        elif kind == TRIALS:
            self._trials.setdefault(run, set()).update(str(name) for name, _ in row["trials"])
        elif kind == OPENED:
            for day in row["days"]:
                self._opened.setdefault(str(day), run)

    def tried_before(self, days: Sequence[str], run: str) -> int:
        """Different trials of other runs on any of these days."""
        wanted = set(days)
        return sum(
            len(trials)
            for by, trials in self._trials.items()
            if by != run and not wanted.isdisjoint(self._days.get(by, set()))
        )

    def opened_by(self, days: Sequence[str], run: str) -> str | None:
        """Another run that has seen any of these days' bars."""
        return next((self._opened[day] for day in days if self._opened.get(day, run) != run), None)


def trial_name(strategy: str, values: Mapping[str, float]) -> str:
    """The same of the same parameters, whoever tries them."""
    body = json.dumps([strategy, sorted(values.items())])
    return hashlib.blake2b(body.encode(), digest_size=8).hexdigest()


def run_row(run: str, command: str, days: Sequence[str]) -> dict[str, Any]:
    """A search begins."""
    return {"kind": RUN, "run": run, "command": command, "days": list(days)}


def trials_row(run: str, trials: Iterable[tuple[str, float]]) -> dict[str, Any]:
    """Trials by name, with their Sharpe ratios a bar."""
    return {"kind": TRIALS, "run": run, "trials": [[name, ratio] for name, ratio in trials]}


def opened_row(run: str, days: Sequence[str]) -> dict[str, Any]:
    """A hold-out was looked at."""
    return {"kind": OPENED, "run": run, "days": list(days)}
