"""`python -m bot3 allocate`: how capital should be shared, by what sleeves earned.

Invariant: it says whether a target is supported, in words, and by what evidence.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from attrs import asdict, frozen

from bot3.app.research.equity_file import TIMES, read_table
from bot3.domain.errors import DataError
from bot3.portfolio.allocation import Allocation, AllocationLimits, APYOptimizer
from bot3.portfolio.statistics.daily import Floats


@frozen
class AllocateOptions:
    """`returns`: a column of simple returns a sleeve, a row each `day_share` of a day."""

    returns: Path
    day_share: float
    limits: AllocationLimits
    seed: int
    is_json: bool


def show_allocation(options: AllocateOptions) -> int:
    """The exit code; raises `DataError` with what to do."""
    names, returns = _read(options.returns)
    found = APYOptimizer(options.limits).allocate(returns, options.day_share, options.seed)
    weights = dict(zip(names, found.weights, strict=True))
    if options.is_json:
        print(json.dumps(asdict(found) | {"weights": weights}))
    else:
        print("\n".join(_lines(found, weights)))
    return 0


def _read(path: Path) -> tuple[list[str], Floats]:
    frame = read_table(path)
    frame = frame[[name for name in frame.columns if name not in TIMES]]
    try:
        values = frame.to_numpy(dtype=np.float64)
    except (ValueError, TypeError):
        raise DataError(f"{path}: a column that is neither returns nor a time") from None
    return [str(name) for name in frame.columns], values


def _lines(found: Allocation, weights: dict[str, float]) -> list[str]:
    lines = [f"{name:<32}{weight:8.2%}" for name, weight in weights.items()]
    daily = f"{found.growth_per_day:.4%} [{found.growth_low:.4%}, {found.growth_high:.4%}]"
    return [
        *lines,
        f"{'cash':<32}{found.cash:8.2%}",
        f"growth of a day, out of fold    {daily}",
        found.words,
    ]
