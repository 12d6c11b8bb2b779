"""What `hybrid` would have earned at other costs.

Invariant: each rung is decided again: who pays twice the costs knows it, and trades less.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve

from bot3.app.backtest.core_run import CoreRun, CoreSettings, run_core
from bot3.app.search.executors import Work, computing
from bot3.domain.bars import Bars

_TIMES: Final = (0.0, 1.0, 2.0)
_SHORT_BARS: Final = 600  # computed before other processes would have started
_Data = tuple[Sequence[Bars], CoreSettings]


def core_ladder(
    every: Sequence[Bars], settings: CoreSettings, run: CoreRun
) -> list[dict[str, Any]]:
    """Total returns at no, single and double costs; `run`: what single ones gave."""
    once = float(run.equity[-1]) / settings.cash - 1.0
    found = dict.fromkeys(_TIMES, once)
    if settings.fee or settings.half_spread:
        others = [times for times in _TIMES if times != 1.0]
        is_short = sum(map(len, every)) <= _SHORT_BARS
        workers = 1 if is_short else min(os.cpu_count() or 1, len(others))
        # A plain mapping: the process's own environment does not travel.
        data = (every, evolve(settings, environ=dict(settings.environ)))
        with computing(Work(_grown, data, ()), workers) as ask:
            found |= dict(zip(others, ask(others), strict=True))
    return [
        {"costs": times, "bars_late": 0, "total_return": grown} for times, grown in found.items()
    ]


def _grown(data: _Data, asked: Sequence[float]) -> list[float]:
    every, given = data
    costs = [
        evolve(given, fee=given.fee * times, half_spread=given.half_spread * times)
        for times in asked
    ]
    return [float(run_core(every, each).equity[-1]) / given.cash - 1.0 for each in costs]
