"""What `hybrid` would have earned at other costs.

Invariant: each rung is decided again: who pays twice the costs knows it, and trades less.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from attrs import evolve

from bot3.app.backtest.core_events import run_events
from bot3.app.backtest.core_run import run_core
from bot3.app.backtest.driven import CoreSettings
from bot3.app.backtest.recordings import Recording
from bot3.app.search.executors import Work, computing
from bot3.backtest.source import Source

_TIMES: Final = (0.0, 1.0, 2.0)
_SHORT_BARS: Final = 600  # computed before other processes would have started
D = TypeVar("D")
_Grown = Callable[[tuple[D, CoreSettings], Sequence[float]], list[float]]


def core_ladder(
    grown: _Grown[D], data: D, settings: CoreSettings, once: float, rows: int
) -> list[dict[str, Any]]:
    """Total returns at no, single and double costs; `once`: that of single ones; `grown`: a
    function of modules that runs `data` again, which travels to other processes.
    """
    found = dict.fromkeys(_TIMES, once)
    if settings.fee or settings.half_spread:
        others = [times for times in _TIMES if times != 1.0]
        workers = 1 if rows <= _SHORT_BARS else min(os.cpu_count() or 1, len(others))
        # A plain mapping: the process's own environment does not travel.
        given = (data, evolve(settings, environ=dict(settings.environ)))
        with computing(Work(grown, given, ()), workers) as ask:
            found |= dict(zip(others, ask(others), strict=True))
    return [
        {"costs": times, "bars_late": 0, "total_return": total} for times, total in found.items()
    ]


def at_costs(settings: CoreSettings, times: float) -> CoreSettings:
    """The same at so many times the costs."""
    return evolve(settings, fee=settings.fee * times, half_spread=settings.half_spread * times)


def grown_by_bars(
    data: tuple[Sequence[Source], CoreSettings], asked: Sequence[float]
) -> list[float]:
    """Total returns over bars, at each of so many times the costs."""
    sources, given = data
    return [run_core(sources, at_costs(given, times)).grown for times in asked]


def grown_by_events(
    data: tuple[Sequence[Recording], CoreSettings], asked: Sequence[float]
) -> list[float]:
    """The same over books and trades."""
    recordings, given = data
    return [run_events(recordings, at_costs(given, times)).run.grown for times in asked]
