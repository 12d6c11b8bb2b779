"""`python -m tests.chaos.restless …`: bot3 whose technical analysis changes its mind all the time.

What it opines depends on the bar alone, so orders flow in any market; where the file named by
`CHAOS_CALM_FILE` exists it makes up its mind. `CHAOS_CLOCK_FILE`, where set, holds eight bytes: by
how many nanoseconds the wall clock is off. Everything else is bot3.
"""

from __future__ import annotations

import mmap
import os
import random
import time
from pathlib import Path

from bot3.__main__ import main
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.strategies.base import Opinion
from bot3.strategies.ta import TAStrategy

CALM_FILE = "CHAOS_CALM_FILE"
CLOCK_FILE = "CHAOS_CLOCK_FILE"
OFFSET_BYTES = 8
TARGETS = (0.95, 0.8, 0.55, -0.6)
STAYS_NS = 2_000_000_000
_real_time_ns = time.time_ns


def restless(_: TAStrategy, features: FeaturesComputed, __: RegimeEstimated) -> Opinion:
    """One of a few targets, another one every two seconds."""
    if Path(os.environ[CALM_FILE]).exists():
        return Opinion(TARGETS[0], 1.0)
    dice = random.Random(f"{features.instrument}/{features.ts_ns // STAYS_NS}")
    return Opinion(dice.choice(TARGETS), 1.0)


def step_clock_by(path: Path) -> None:
    """From now on the wall clock is off by what the file says; the monotonic one is not."""
    with path.open("rb") as file:
        offset = mmap.mmap(file.fileno(), OFFSET_BYTES, access=mmap.ACCESS_READ)

    def time_ns() -> int:
        return _real_time_ns() + int.from_bytes(offset[:OFFSET_BYTES], "little", signed=True)

    time.time_ns = time_ns


if __name__ == "__main__":
    TAStrategy.decide = restless
    if CLOCK_FILE in os.environ:
        step_clock_by(Path(os.environ[CLOCK_FILE]))
    main()
