"""A fixed piece of pure Python, timed beside each measurement: what the machine was worth then."""

from __future__ import annotations

import time

ROUNDS = 200_000


def calibration_ms() -> float:
    """Milliseconds of CPU for a fixed loop; smaller is a faster machine."""
    started = time.process_time()
    total = 0
    for number in range(ROUNDS):
        total += number & 7
    assert total == 7 * ROUNDS // 2
    return (time.process_time() - started) * 1e3
