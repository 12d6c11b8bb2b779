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
from bot3.backtest.bars import Bars
from bot3.backtest.engine import BacktestingEngine, BacktestSettings
from bot3.backtest.strategies import EmaCross
from tests.benchmarks.calibration import calibration_ms
from tests.bot3.backtest.making import wandering

PEERS = "BOT3_PEERS"
ROWS, MANY, PEER_ROWS = 100_000, 1_000_000, 20_000
SETS = [(fast, slow) for fast in range(5, 15) for slow in range(20, 120, 10)]


def _engine(bars: Bars) -> dict[str, float]:
    engine, strategy = BacktestingEngine(BacktestSettings()), EmaCross(10, 20)
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


def _peer(name: str, bars: Bars) -> dict[str, Any] | str:
    interpreter = os.environ.get(PEERS)
    if not interpreter:
        return f"not run: {PEERS} names no interpreter that has it"
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "bars.npy"
        np.save(file, np.column_stack([bars.open, bars.high, bars.low, bars.close]))
        script = Path(__file__).parent / "peers" / f"{name}_bars.py"
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
    }  # fmt: skip
    for ours, theirs in zip(found["engine"], found["nautilus_trader"], strict=False):
        if isinstance(theirs, dict):
            theirs["times"] = round(ours["bars_per_s"] / theirs["events_per_s"], 1)
    told = found["vectorbt"]
    if isinstance(told, dict):
        theirs_equities = np.array(told.pop("grid_equities"))
        told["apart_max"] = float(np.max(np.abs(equities / theirs_equities - 1.0)))
        told["times"] = round(grid["sets_per_s"] / told["sets_per_s"], 1)
    found["calibration_ms"] = [before_ms, calibration_ms()]
    return found


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
