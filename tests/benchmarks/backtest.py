"""Backtests beside their peers: nautilus_trader by events, vectorbt by grids, hftbacktest by ticks.

The peers live in an environment of their own, whose interpreter the variable BOT3_PEERS names
(`make bench` makes it); without it their figures are absent, with a word. The same bars, rules and
fees; processor seconds, the better of two rounds.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from bot3.backtest import kernels
from bot3.backtest.engine import BacktestingEngine
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.strategies import EmaCross
from bot3.domain.bars import Bars
from tests.benchmarks.calibration import calibration_ms
from tests.benchmarks.peer import asked, told
from tests.bot3.backtest.making import wandering

SIZES = (20_000, 100_000, 1_000_000)
ROWS = 100_000
TICKS, TICK_PERIODS = 500_000, (1_000, 2_000)


def _ticks(rows: int) -> Bars:
    """Trades, a millisecond apart."""
    price = wandering(rows, 1, step=0.0002).close
    times = 1_600_000_000_000_000_000 + np.arange(rows, dtype=np.int64) * 1_000_000
    ones = np.ones(rows)
    return Bars("BTC/USDT", times, price, price, price, price, ones, 0, is_trades=True)


def _tick_kernel(ticks: Bars) -> dict[str, float]:
    """Averages, decision points and fills by compiled loops alone."""
    best, orders = 0.0, 0
    for _ in range(3):
        started = time.process_time()
        targets = EmaCross(*TICK_PERIODS).targets(ticks)
        points = kernels.decision_points(targets)
        rows = points + 1
        rows, points = rows[rows < len(ticks)], points[rows < len(ticks)]
        _, fills = kernels.all_or_nothing(
            rows, targets[points], ticks.open, ticks.close, 0.001, 0.0, 1e4
        )
        orders = len(fills)
        best = max(best, len(ticks) / (time.process_time() - started))
    return {"ticks": len(ticks), "orders": orders, "ticks_per_s": round(best)}


def _engine(bars: Bars, periods: tuple[int, int] = (10, 20)) -> dict[str, float]:
    engine, strategy = BacktestingEngine(BacktestSettings()), EmaCross(*periods)
    engine.run(strategy, bars.rows(np.arange(100, dtype=np.int64)))
    best, orders = 0.0, 0
    for _ in range(2):
        started = time.process_time()
        orders = len(engine.run(strategy, bars).fills)
        best = max(best, len(bars) / (time.process_time() - started))
    return {"bars": len(bars), "orders": orders, "bars_per_s": round(best)}


def _table(bars: Bars) -> np.ndarray:
    return np.column_stack([bars.open, bars.high, bars.low, bars.close])


def _grid(bars: Bars) -> dict[str, Any]:
    """In a process of its own, as the peer is."""
    return told([sys.executable, "-m", "tests.benchmarks.grid_alone"], _table(bars))


def _compared(ours: float, theirs: dict[str, Any] | str, name: str) -> None:
    """How many times theirs ours is."""
    if isinstance(theirs, dict):
        theirs["times"] = round(ours / theirs[name], 1)


def run() -> dict[str, Any]:
    """Figures of both, and how many times ours is theirs."""
    before_ms = calibration_ms()
    bars = wandering(ROWS, 1, step=0.001)
    ticks, grid = _ticks(TICKS), _grid(bars)
    ours = np.array(grid.pop("grid"))
    found: dict[str, Any] = {
        "engine": [_engine(wandering(rows, 1, step=0.001)) for rows in SIZES],
        "grid": grid,
        "nautilus_trader": [
            asked("nautilus", _table(wandering(rows, 1, step=0.001)), "bars") for rows in SIZES
        ],
        "vectorbt": asked("vectorbt_bars", _table(bars)),
        "ticks": _engine(ticks, TICK_PERIODS),
        "tick_kernel": _tick_kernel(ticks),
        "nautilus_ticks": asked("nautilus", _table(ticks), "ticks"),
        "hftbacktest_ticks": asked("hft_ticks", _table(ticks)),
    }
    for bars_of, theirs in zip(found["engine"], found["nautilus_trader"], strict=True):
        _compared(bars_of["bars_per_s"], theirs, "events_per_s")
    _compared(found["ticks"]["bars_per_s"], found["nautilus_ticks"], "events_per_s")
    _compared(found["tick_kernel"]["ticks_per_s"], found["hftbacktest_ticks"], "events_per_s")
    _compared(grid["sets_per_s"], found["vectorbt"], "sets_per_s")
    theirs = found["vectorbt"]
    if isinstance(theirs, dict):
        # Equity, drawdown, Sharpe ratio, orders of each set.
        apart = np.abs(ours / np.array(theirs.pop("grid")) - 1.0)
        theirs["apart_max"] = apart.max(axis=0).tolist()
        theirs["memory_share"] = round(grid["private_mb"] / theirs["private_mb"], 3)
    found["calibration_ms"] = [before_ms, calibration_ms()]
    return found


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
