"""Strategies of bars, each instrument with its share of the cash, read in parts.

Invariant: the cost ladder and the baselines are of the same orders and bars, read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, final

from bot3.app.backtest.made import Made, Marked
from bot3.app.backtest.regimes import RegimeTally
from bot3.backtest.curve import Thinned
from bot3.backtest.engine import BacktestingEngine, Running
from bot3.backtest.funding import Funding
from bot3.backtest.holding import Holding
from bot3.backtest.purse import Lane
from bot3.backtest.result import course_of
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.source import HELD_ROWS, Source
from bot3.backtest.strategies import BarStrategy, StreamedStrategy
from bot3.domain.bars import Bars, Floats, Ints
from supervisors.clock import Clock

_LADDER: Final = ((0.0, 0), (1.0, 0), (2.0, 0), (1.0, 1))
_WARM_UP_BARS: Final = 200


def run_simple(
    strategy: BarStrategy,
    sources: Sequence[Source],
    share: BacktestSettings,
    warnings: list[str],
    clock: Clock,
    fundings: Mapping[str, Funding] | None = None,
) -> Made:
    """`share`: of each instrument; `fundings`: by its name. Raises `DataError`."""
    rates = fundings or {}
    every = [
        _Instrument(strategy, source, share, clock, rates.get(source.name, Funding()))
        for source in sources
    ]
    if not share.slippage:
        warnings.append("filled in full at opens, without slippage: --slippage-bps adds some")
    if not isinstance(strategy, StreamedStrategy):
        warnings += [
            f"{source.name}: {strategy.name} has no begin(): {source.rows:,} rows in memory"
            for source in sources
            if source.rows > HELD_ROWS
        ]
    course = course_of(
        [each.running for each in every],
        [each.parts() for each in every],
        share.cash,
        is_trades=any(source.is_trades for source in sources),
    )
    took_s = sum(each.took_ns for each in every) / 1e9
    beside = {
        "strategy": strategy.name,
        "events_per_s": course.bars / max(took_s, 1e-9),
        **_beside(every, share.cash * len(every)),
    }
    return course, beside, [each.marked() for each in every]


def _beside(every: Sequence[_Instrument], cash: float) -> dict[str, Any]:
    grown = [
        sum(each.lanes[at].equity for each in every) / cash - 1.0 for at in range(len(_LADDER))
    ]
    return {
        "cost_ladder": [
            {"costs": times, "bars_late": later, "total_return": total}
            for (times, later), total in zip(_LADDER, grown, strict=True)
        ],
        "baselines": {
            "cash": 0.0,
            "buy_and_hold": sum(each.held.equity for each in every) / cash - 1.0,
        },
    }


@final
class _Instrument:
    """One of them, and what stands beside it."""

    def __init__(
        self,
        strategy: BarStrategy,
        source: Source,
        share: BacktestSettings,
        clock: Clock,
        funding: Funding,
    ) -> None:
        self._strategy, self._source, self._share, self._clock = strategy, source, share, clock
        self.lanes = [Lane(share, times, later) for times, later in _LADDER]
        self.running = Running(strategy, source.name, share, self.lanes, funding)
        self.held = Holding(share, funding)
        self._prices, self._regimes = Thinned(), RegimeTally()
        self.took_ns = 0

    def parts(self) -> Iterator[tuple[Ints, Floats]]:
        """Times and equity, while it runs."""
        for bars in self._compiled():
            started_ns = self._clock.monotonic_ns()
            equity, _ = self.running.take(bars)
            self.took_ns += self._clock.monotonic_ns() - started_ns
            self.held.take(bars)
            self._prices.take(bars.open_ns, bars.close)
            self._regimes.take(bars.close, equity)
            yield bars.close_ns, equity

    def marked(self) -> Marked:
        """For the report."""
        return Marked(self._source.name, self._prices, self.running.fills, self._regimes.rows())

    def _compiled(self) -> Iterable[Bars]:
        """The bars, when what compiles at its first call was called."""
        source: Any = self._source
        is_streamed = isinstance(self._strategy, StreamedStrategy)
        chunks = source.chunks() if is_streamed else iter([source.whole()])
        first = next(chunks)
        few = first.rows(slice(0, _WARM_UP_BARS))
        BacktestingEngine(self._share).run(self._strategy, few)
        return chain([first], chunks)
