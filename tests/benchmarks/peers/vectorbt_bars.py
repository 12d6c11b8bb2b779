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


def signals(close, fast, slow):
    quick = close.ewm(span=fast, adjust=False).mean()
    lazy = close.ewm(span=slow, adjust=False).mean()
    is_long = quick > lazy
    known = np.arange(len(close)) >= slow - 1
    return (is_long & known).shift(1, fill_value=False), (~is_long & known).shift(
        1, fill_value=False
    )


def final_equities(opened, close, sets):
    entries, exits = zip(*(signals(close, fast, slow) for fast, slow in sets), strict=True)
    made = vbt.Portfolio.from_signals(
        close,
        pd.concat(entries, axis=1, keys=range(len(sets))),
        pd.concat(exits, axis=1, keys=range(len(sets))),
        price=opened,
        fees=FEE,
        init_cash=CASH,
        freq="1min",
    )
    return np.atleast_1d(made.final_value().to_numpy()), np.atleast_1d(made.orders.count())


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
    final_equities(opened[:1_000], close[:1_000], sets[:2])  # compiles
    base_mb = peak_mb()
    started = time.process_time()
    grid, _ = final_equities(opened, close, sets)
    took = time.process_time() - started
    top_mb = peak_mb()
    one, orders = final_equities(opened, close, [(10, 20)])
    told = {
        "final_equity": float(one[0]),
        "orders": int(orders[0]),
        "grid_equities": [float(each) for each in grid],
        "sets_per_s": len(sets) / took,
        "peak_mb": top_mb,
        "before_mb": base_mb,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
