"""`python -m bot3 science`: every known answer, measured again.

Invariant: the exit code is 0 where no row failed; a row that could not be measured says why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from bot3.app.science import (
    arbitrage,
    discovery,
    evolution,
    growth,
    learning,
    meta,
    optimization,
    order_flow,
    realism,
    regimes,
    risk,
    storms,
    worlds,
)
from bot3.app.science.rows import Effort, Result, Row, Verdict, run_row
from supervisors.clock import SystemClock

ROWS: Final[tuple[Row, ...]] = (
    *regimes.ROWS,
    *growth.ROWS,
    *meta.ROWS,
    *learning.ROWS,
    *discovery.ROWS,
    *order_flow.ROWS,
    *worlds.ROWS,
    *risk.ROWS,
    *storms.ROWS,
    *evolution.ROWS,
    *optimization.ROWS,
    *realism.ROWS,
    *arbitrage.ROWS,
)
_DATA_VARIABLE: Final = "BOT3_DATA"
_NS_PER_S: Final = 1e9
_MARKS: Final = {Verdict.PASSED: "passed", Verdict.FAILED: "FAILED", Verdict.SKIPPED: "skipped"}


@frozen
class ScienceOptions:
    """What the user asked for; `only`: words of which a row's system or name must hold one."""

    is_quick: bool
    seed: int
    data: Path | None
    only: tuple[str, ...]
    is_json: bool


def run_science(options: ScienceOptions) -> int:
    """The exit code; prints each row as it comes out, one JSON object last where asked for."""
    told = os.environ.get(_DATA_VARIABLE)
    data = options.data or (Path(told) if told else None)
    effort = Effort(options.is_quick, options.seed, data)
    results: list[Result] = []
    for row in _wanted(options.only):
        results.append(_timed(row, effort))
        if not options.is_json:
            print("\n".join(_lines(results[-1])), flush=True)
    if options.is_json:
        print(json.dumps(_as_json(results, effort)))
    else:
        print(_summary(results))
    return 1 if any(each.verdict is Verdict.FAILED for each in results) else 0


def _wanted(only: Sequence[str]) -> list[Row]:
    words = [word.lower() for word in only]
    return [
        row
        for row in ROWS
        if not words or any(word in f"{row.system} {row.name}".lower() for word in words)
    ]


def _timed(row: Row, effort: Effort) -> Result:
    clock = SystemClock()
    started_ns = clock.monotonic_ns()
    result = run_row(row, effort)
    return evolve(result, seconds=(clock.monotonic_ns() - started_ns) / _NS_PER_S)


def _lines(result: Result) -> list[str]:
    row = result.row
    figures = "  ".join(f"{name} {value:.4g}" for name, value in result.figures.items())
    seconds = f"{result.seconds:.1f} s"
    note = f"  {result.note}" if result.note else ""
    return [
        f"{_MARKS[result.verdict]:<8} {row.system}: {row.name} ({row.kind}, {seconds})",
        f"         target    {row.target}",
        f"         measured  {figures or '-'}{note}",
    ]


def _summary(results: Sequence[Result]) -> str:
    counts = {each: sum(r.verdict is each for r in results) for each in Verdict}
    return ", ".join(f"{count} {each.value}" for each, count in counts.items())


def _as_json(results: Sequence[Result], effort: Effort) -> Mapping[str, Any]:
    return {
        "is_quick": effort.is_quick,
        "seed": effort.seed,
        "passed": not any(each.verdict is Verdict.FAILED for each in results),
        "rows": [
            {
                "system": each.row.system,
                "name": each.row.name,
                "kind": each.row.kind,
                "target": each.row.target,
                "measured": dict(each.figures),
                "passed": None
                if each.verdict is Verdict.SKIPPED
                else each.verdict is Verdict.PASSED,
                "verdict": each.verdict.value,
                "note": each.note,
                "seconds": round(each.seconds, 3),
            }
            for each in results
        ],
    }
