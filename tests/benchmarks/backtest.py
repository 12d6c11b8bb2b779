"""Backtests of bars beside their peers: nautilus_trader event by event, vectorbt for a grid.

The peers live in an environment of their own, whose interpreter the variable BOT3_PEERS names
(`pip install nautilus_trader==1.221.0 vectorbt 'plotly<6'`); without it their figures are absent,
with a word. The same bars, rules and fees; processor seconds, the better of two rounds.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bot3.backtest import kernels
from bot3.backtest.engine import BacktestingEngine
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.strategies import EmaCross
from bot3.domain.bars import Bars
from tests.benchmarks.calibration import calibration_ms
from tests.bot3.backtest.making import wandering

PEERS = "BOT3_PEERS"
ROWS, MANY, PEER_ROWS = 100_000, 1_000_000, 20_000
TICKS, TICK_PERIODS = 500_000, (1_000, 2_000)
SETS = [(fast, slow) for fast in range(5, 15) for slow in range(20, 120, 10)]


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


def _grid(bars: Bars) -> dict[str, Any]:
    fasts, slows = (np.array([pair[at] for pair in SETS], dtype=np.int64) for at in (0, 1))
    kernels.ema_cross_grid(bars.open[:50], bars.close[:50], fasts[:2], slows[:2], 0.001, 1e4)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    found = kernels.ema_cross_grid(bars.open, bars.close, fasts, slows, 0.001, 1e4)
    took = time.process_time() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "sets_per_s": round(len(SETS) / took),
        "peak_mb": round(peak_mb),
        "added_mb": round(peak_mb - before_mb, 1),
        "equities": found,
    }


def _peer(name: str, bars: Bars, kind: str = "bars") -> dict[str, Any] | str:
    interpreter = os.environ.get(PEERS)
    if not interpreter:
        return f"not run: {PEERS} names no interpreter that has it"
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "bars.npy"
        np.save(file, np.column_stack([bars.open, bars.high, bars.low, bars.close]))
        script = Path(__file__).parent / "peers" / f"{name}_{kind}.py"
        done = subprocess.run(
            [interpreter, str(script), str(file)],
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
    if done.returncode:
        return f"not run: {done.stderr.strip().splitlines()[-1]}"
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert isinstance(told, dict)
    return told


def run() -> dict[str, Any]:
    """Figures of both, and how many times ours is theirs."""
    before_ms = calibration_ms()
    bars = wandering(ROWS, 1, step=0.001)
    grid = _grid(bars)
    equities = grid.pop("equities")
    found: dict[str, Any] = {
        "engine": [_engine(wandering(rows, 1, step=0.001)) for rows in (PEER_ROWS, ROWS, MANY)],
        "grid": grid,
        "nautilus_trader": [_peer("nautilus", wandering(rows, 1, step=0.001))
                            for rows in (PEER_ROWS, ROWS)],
        "vectorbt": _peer("vectorbt", bars),
        "ticks": _engine(_ticks(TICKS), TICK_PERIODS),
        "tick_kernel": _tick_kernel(_ticks(TICKS)),
        "nautilus_ticks": _peer("nautilus", _ticks(TICKS), "ticks"),
    }  # fmt: skip
    for ours, theirs in zip(found["engine"], found["nautilus_trader"], strict=False):
        if isinstance(theirs, dict):
            theirs["times"] = round(ours["bars_per_s"] / theirs["events_per_s"], 1)
    told = found["nautilus_ticks"]
    if isinstance(told, dict):
        told["times"] = round(found["ticks"]["bars_per_s"] / told["events_per_s"], 1)
    told = found["vectorbt"]
    if isinstance(told, dict):
        theirs_equities = np.array(told.pop("grid_equities"))
        told["apart_max"] = float(np.max(np.abs(equities / theirs_equities - 1.0)))
        told["times"] = round(grid["sets_per_s"] / told["sets_per_s"], 1)
    found["calibration_ms"] = [before_ms, calibration_ms()]
    return found


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
