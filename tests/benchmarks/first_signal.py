"""Seconds from the start of the process to what a newcomer sees first."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.calibration import calibration_ms

ROOT = Path(__file__).parents[2]
MARKS = {"feed": "feed connected", "first signal": " target ", "first fill": "filled: "}
LIMIT_S = 60.0


def run() -> dict[str, Any]:
    """Of one process, on the default configuration with a fixed seed."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "BOT3__TELEMETRY__PORT": "0",
        "BOT3__SYSTEM__SEED": "28",
    }
    seen: dict[str, float] = {}
    before_ms = calibration_ms()
    with tempfile.TemporaryDirectory() as directory:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "bot3", "--userdir", directory],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            now_s = time.perf_counter() - started
            for name, words in MARKS.items():
                if words in line:
                    seen.setdefault(name, round(now_s, 2))
            if len(seen) == len(MARKS) or now_s > LIMIT_S:
                break
        process.terminate()
        process.communicate(timeout=30)
    return {"seconds_to": seen, "exit_code": process.returncode, "calibration_ms": before_ms}
