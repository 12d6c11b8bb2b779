"""What a row of the table is: a target known beforehand, and how to measure it again.

Invariant: a row's figures depend on its seeds and data alone, and `is_passed` on its figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, unique
from pathlib import Path

from attrs import field, frozen

from bot3.domain.errors import DataError


@unique
class Verdict(Enum):
    """Skipped: what it needs is not here, and `note` says what."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@frozen
class Effort:
    """How much to measure. `seed`: of the first world; `data`: recorded data, if any."""

    is_quick: bool
    seed: int
    data: Path | None

    def seeds(self, quick: int, full: int) -> range:
        """So many worlds, each with a seed of its own."""
        return range(self.seed, self.seed + (quick if self.is_quick else full))

    def file(self, name: str) -> Path:
        """Of the recorded data; raises `DataError` where it is not here."""
        if self.data is None or not (self.data / name).exists():
            raise MissingError(f"{name} is not here: give --data DIR")
        return self.data / name


class MissingError(DataError):
    """A row's data or library is not installed here."""


@frozen
class Measured:
    """Figures by name, and whether they meet the target."""

    figures: Mapping[str, float]
    is_passed: bool
    note: str = ""


@frozen
class Row:
    """One line of the table. `kind`: what the figures are of ("simulated", "published", …)."""

    system: str
    name: str
    kind: str
    target: str
    measure: Callable[[Effort], Measured]


@frozen
class Result:
    """A row as it came out."""

    row: Row
    verdict: Verdict
    figures: Mapping[str, float] = field(factory=dict)
    note: str = ""
    seconds: float = 0.0


def run_row(row: Row, effort: Effort) -> Result:
    """Measures; a row whose data or library is missing is skipped with the reason."""
    try:
        measured = row.measure(effort)
    except MissingError as error:
        return Result(row, Verdict.SKIPPED, note=str(error))
    verdict = Verdict.PASSED if measured.is_passed else Verdict.FAILED
    return Result(row, verdict, dict(measured.figures), measured.note)
