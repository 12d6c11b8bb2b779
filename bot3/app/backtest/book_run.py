"""`python -m bot3 backtest` over recorded order books.

Invariant: each rung of the cost ladder is the same recording, read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from adapters.simulated.depth_file import UNITS, BookRecord, DepthFile, TradeRecord, read_depth
from bot3.app.backtest.made import Marked
from bot3.app.backtest.own_strategy import of_file
from bot3.app.backtest.trips import trips_of
from bot3.backtest.book_events import BookEvent, BookStrategy, MarketEvent, TradeEvent
from bot3.backtest.book_strategies import BOOK_STRATEGIES
from bot3.backtest.books import BookBacktest, BookRun
from bot3.backtest.funding import Funding
from bot3.backtest.result import Course
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.strategies import make_of
from bot3.domain.errors import ConfigError, DataError
from bot3.domain.values import Side
from bot3.execution.fill_model import FillSettings


@frozen(eq=False)
class BookResult:
    """`figures`: what only a book can tell."""

    marked: Marked
    course: Course
    figures: dict[str, Any]
    ladder: list[dict[str, Any]]
    held_return: float


def run_book(
    path: Path,
    strategy: str,
    given: dict[str, float],
    settings: BacktestSettings,
    funding: Funding | None = None,
) -> BookResult:
    """Raises `DataError` and `ConfigError`."""
    if settings.slippage:
        raise ConfigError("--slippage-bps: a book has its own depth; leave it out")
    file = read_depth(path)
    kind = _kind(strategy)
    made = make_of(kind, given)
    if not isinstance(made, BookStrategy):
        raise ConfigError(f"--strategy {strategy}: it decides on bars; a book needs decide()")
    rates = funding or Funding()
    run = _run(file, made, settings, rates)
    ladder = []
    for times in (0.0, 1.0, 2.0):
        other = run
        if times != 1.0 and settings.fee:
            costs = evolve(settings, fee=settings.fee * times)
            other = _run(file, make_of(kind, given), costs, rates)
        ladder.append({"costs": times, "bars_late": 0, "total_return": _grown(other, settings)})
    figures = {
        "rested": run.rested,
        "fill_rate": run.rested_filled / run.rested if run.rested else None,
        "adverse_bps": run.adverse_bps,
        "funding": run.funding,
    }
    marked = Marked(str(file.symbol), run.marks.prices()[0], run.fills)
    return BookResult(marked, _course(run), figures, ladder, _held(run, settings))


def _kind(strategy: str) -> type[Any]:
    if strategy in BOOK_STRATEGIES:
        return BOOK_STRATEGIES[strategy]
    if strategy.endswith(".py"):
        return of_file(Path(strategy), "decide")
    names = ", ".join(BOOK_STRATEGIES)
    raise ConfigError(f"--strategy {strategy!r}: order books have {names}, or a file like mine.py")


def _run(file: DepthFile, strategy: Any, settings: BacktestSettings, funding: Funding) -> BookRun:
    lot = Decimal(file.lot) / UNITS
    backtest = BookBacktest(str(file.symbol), lot, settings, FillSettings(), funding)
    try:
        return backtest.run(strategy, book_events(file))
    except ValueError as error:
        raise DataError(f"{file.path}: {error}") from None


def book_events(file: DepthFile) -> Iterator[MarketEvent]:
    """Books and trades from the first snapshot on; changes that it has already are passed over."""
    newest = None
    for record in file.records():
        if isinstance(record, TradeRecord):
            if newest is not None and record.price > 0:
                side = Side.SELL if record.is_buyer_maker else Side.BUY
                price, amount = record.price / UNITS, record.amount / UNITS
                yield TradeEvent(record.ts_ns, price, amount, side)
        elif isinstance(record, BookRecord) and _is_new(record, newest):
            newest = record.update_id
            yield BookEvent(
                record.ts_ns,
                [(price / UNITS, amount / UNITS) for price, amount in record.bids],
                [(price / UNITS, amount / UNITS) for price, amount in record.asks],
                record.is_snapshot,
            )


def _is_new(record: BookRecord, newest: int | None) -> bool:
    """Changes count from the first whole book on."""
    return record.is_snapshot or (newest is not None and record.update_id > newest)


def _grown(run: BookRun, settings: BacktestSettings) -> float:
    return run.marks.final / settings.cash - 1.0


def _held(run: BookRun, settings: BacktestSettings) -> float:
    """Bought at the first best ask, with its fee, and marked at the last best bid."""
    return run.last.bid / (run.first.ask * (1.0 + settings.fee)) - 1.0


def _course(run: BookRun) -> Course:
    trips = tuple(trips_of(run.fills, {fill.instrument: run.last.bid for fill in run.fills}))
    curve, exposure = run.marks.curve(), run.marks.exposure
    return Course(curve, exposure, run.fills, trips, run.events, is_trades=True)
