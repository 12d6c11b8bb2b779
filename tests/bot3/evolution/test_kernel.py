"""The kernel of populations is the backtesting engine, and the plain columns, by other means."""

from __future__ import annotations

import numpy as np
import pytest

from bot3.backtest.engine import BacktestingEngine
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.validation.gates import timing
from bot3.backtest.validation.zones import Zones
from bot3.evolution import kernel
from bot3.evolution.fitness import levels_of, search_data
from bot3.evolution.generator import QUANTILES, StrategyGenerator
from bot3.evolution.strategy import EvolvedBars, held
from bot3.evolution.table import FeatureTable, table_of
from bot3.strategies.genome import NAMES, Genome, compiled
from tests.bot3.backtest.making import wandering

FEE = 0.002


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    return table_of(wandering(5_000, 3))


@pytest.fixture(scope="module")
def genomes(table: FeatureTable) -> list[Genome]:
    everything = (0, int(table.bars.close_ns[-1]) + 1)
    # The columns from the first warm row on.
    data = search_data(
        [table],
        Zones((int(table.bars.close_ns[table.warm]), everything[1]), everything, everything),
        FEE,
    )
    return StrategyGenerator(levels_of(data, QUANTILES), 0.3).new(60, 11)


def test_trade_by_trade_it_is_the_backtesting_engine(
    table: FeatureTable, genomes: list[Genome]
) -> None:
    genomes = genomes[:15]  # each makes its own columns in the engine
    bars, last = table.bars, len(table) - 1
    rows, _ = kernel.evaluate(
        table.columns, table.returns, compiled(genomes, NAMES), [(table.warm, last)], FEE
    )
    engine = BacktestingEngine(BacktestSettings(cash=1_000.0, fee=FEE))
    traded = 0
    for genome, (row,) in zip(genomes, rows, strict=True):
        run = engine.run(EvolvedBars(genome.text), bars)
        position = held(genome, table, table.warm, last)
        entries = table.warm + 1 + np.flatnonzero(np.diff(position, prepend=0.0) > 0)
        assert [trip.entry_ns for trip in run.trips] == bars.open_ns[entries].tolist()
        assert row[kernel.ENTRIES] == len(run.trips)
        # The kernel pays for leaving at the end; the engine marks what is still held.
        is_open = bool(run.trips) and run.trips[-1].exit_ns is None
        left = kernel.costs_of(FEE)[1] if is_open else 0.0
        assert row[kernel.GROWTH] == pytest.approx(
            np.log(run.final_equity / 1_000.0) - left, abs=1e-9
        )
        traded += len(run.trips)
    assert traded > 100


def test_what_timing_earned_is_that_of_the_plain_columns(
    table: FeatureTable, genomes: list[Genome]
) -> None:
    windows = [(100, 2_150), (2_200, 4_900)]  # neither begins or ends with a chunk
    programs = compiled(genomes, NAMES)
    rows, probes = kernel.evaluate(table.columns, table.returns, programs, windows, FEE)
    costs = kernel.costs_of(FEE)
    for genome, per_window in zip(genomes, rows, strict=True):
        for row, (first, last) in zip(per_window, windows, strict=True):
            position = held(genome, table, first, last)
            earned = timing(position, table.returns[first:last], *costs)
            assert row[kernel.HELD] == position.sum()
            assert row[kernel.TIMED] == pytest.approx(earned.sum(), abs=1e-9)
            # In and out in the last bar: the kernel has both costs' squares, not their sum's.
            both = 2.0 * costs[0] * costs[1]
            assert row[kernel.TIMED_SQUARES] == pytest.approx(np.sum(earned**2), abs=1.01 * both)
            worth = np.cumsum(position * table.returns[first:last])
            assert row[kernel.DRAWDOWN] >= np.max(np.maximum.accumulate(worth) - worth) - 1e-9
    where = np.array(
        [held(genome, table, *windows[0])[:: 2_050 // 128][:128] for genome in genomes]
    )
    assert np.array_equal(probes[:, :128], where.astype(np.uint8))


def test_one_chunk_more_or_less_changes_nothing(table: FeatureTable, genomes: list[Genome]) -> None:
    programs = compiled(genomes, NAMES)
    whole, _ = kernel.evaluate(table.columns, table.returns, programs, [(60, 4_999)], FEE)
    late = table.columns[:, 1:].copy(), table.returns[1:].copy()
    moved, _ = kernel.evaluate(*late, programs, [(59, 4_998)], FEE)
    assert np.allclose(whole, moved, atol=1e-9)


def test_rows_do_not_see_later_bars(table: FeatureTable) -> None:
    short = table_of(table.bars.rows(np.arange(3_000)))
    assert np.array_equal(short.columns[:, 60:], table.columns[:, 60:3_000])
    assert np.array_equal(short.returns[:-2], table.returns[:2_998])
