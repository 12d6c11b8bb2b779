"""bot3 as a process: how the tests start one and read what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("BOT3_SHARED", ROOT.parent / "shared"))
TIMEOUT_S = 120


def environment(**extra: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BOT3")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "BOT3__TELEMETRY__PORT": "0",
        "BOT3__SYSTEM__SEED": "28",
        **extra,
    }


def bot3(*arguments: str, cwd: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot3", *arguments],
        cwd=cwd,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def one_error_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def start(*arguments: str, cwd: Path, **extra: str) -> subprocess.Popen[str]:
    """A process that goes on while the test does."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot3", *arguments],
        cwd=cwd,
        env=environment(PYTHONUNBUFFERED="1", **extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
