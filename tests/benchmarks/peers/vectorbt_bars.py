"""The EMA cross by vectorbt, in an environment of its own: one set, then a grid of sets.

Run by `tests.benchmarks.backtest` with the interpreter that BOT3_PEERS names; the bars are a file
of open, high, low and close.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import vectorbt as vbt

FEE, CASH = 0.001, 10_000.0
BARS = 365 * 24 * 60  # a year


def grid_of(opened, close, sets):
    """As its documentation drives a grid: indicators of many windows, a column each."""
    quick = vbt.MA.run(close, window=[fast for fast, _ in sets], ewm=True, short_name="quick")
    lazy = vbt.MA.run(close, window=[slow for _, slow in sets], ewm=True, short_name="lazy")
    made = vbt.Portfolio.from_signals(
        close,
        quick.ma_above(lazy).vbt.signals.fshift(),
        quick.ma_below(lazy).vbt.signals.fshift(),
        price=opened,
        fees=FEE,
        init_cash=CASH,
        freq="1min",
    )
    found = (made.final_value(), -made.max_drawdown(), made.sharpe_ratio() / BARS**0.5)
    return np.column_stack([np.atleast_1d(each) for each in (*found, made.orders.count())])


def peak_mb():
    """Of this process alone: what getrusage tells begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main():
    table = np.load(sys.argv[1])
    index = pd.date_range("2020-01-01", periods=len(table), freq="1min")
    opened = pd.Series(table[:, 0], index=index)
    close = pd.Series(table[:, 3], index=index)
    sets = [(fast, slow) for fast in range(5, 15) for slow in range(20, 120, 10)]
    grid_of(opened[:1_000], close[:1_000], sets[:2])  # compiles
    base_mb = peak_mb()
    started = time.process_time()
    grid = grid_of(opened, close, sets)
    took = time.process_time() - started
    top_mb = peak_mb()
    one = grid_of(opened, close, [(10, 20)])[0]
    told = {
        "final_equity": float(one[0]),
        "orders": int(one[3]),
        "grid": grid.tolist(),
        "sets_per_s": len(sets) / took,
        "peak_mb": top_mb,
        "before_mb": base_mb,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
