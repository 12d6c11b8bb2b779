"""The grid of averages in a process of its own: what of its memory is whose, as one JSON line.

`python -m tests.benchmarks.grid_alone FILE`: megabytes at most so far with numpy alone, with the
data, with numba and what it compiled, and with the grid computed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np


def peak_mb() -> float:
    """Of this process alone until now: what getrusage tells begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


def main() -> None:
    """Prints them."""
    told = {"numpy_mb": peak_mb()}
    table = np.load(sys.argv[1])
    opens, closes = table[:, 0].copy(), table[:, 3].copy()
    told["data_mb"] = peak_mb()
    from bot3.backtest import kernels
    from tests.benchmarks.ema_sets import SETS

    told["imports_mb"] = peak_mb()
    fasts, slows = (np.array([pair[at] for pair in SETS], dtype=np.int64) for at in (0, 1))
    kernels.ema_cross_grid(opens[:50], closes[:50], fasts[:2], slows[:2], 0.001, 1e4)
    told["before_mb"] = peak_mb()
    started = time.process_time()
    found = kernels.ema_cross_grid(opens, closes, fasts, slows, 0.001, 1e4)
    took = time.process_time() - started
    told["peak_mb"] = peak_mb()
    print(json.dumps({"sets_per_s": len(SETS) / took, **told, "grid": found.tolist()}))


if __name__ == "__main__":
    main()
