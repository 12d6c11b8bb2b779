"""What every way to run a backtest gives to its report.

Invariant: nothing here grows with the rows of the data.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from bot3.backtest.curve import Thinned
from bot3.backtest.result import Course
from bot3.domain.fill import Fill

HYBRID: Final = "hybrid"


@frozen(eq=False)
class Marked:
    """One instrument's prices with its fills; `regimes`: (state, bars, log growth), where known."""

    name: str
    prices: Thinned
    fills: tuple[Fill, ...]
    regimes: tuple[tuple[str, int, float], ...] = ()


Made = tuple[Course, dict[str, Any], list[Marked]]
