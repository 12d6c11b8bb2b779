"""Scripts in environments of their own, what they print, and what memory they took."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

PEERS = "BOT3_PEERS"
TIMEOUT_S = 1_800.0
SAMPLED_S = 0.005


def asked(name: str, table: np.ndarray, *given: str) -> dict[str, Any] | str:
    """A peer's figures; or why there are none, in words."""
    interpreter = os.environ.get(PEERS)
    if not interpreter:
        return f"not run: {PEERS} names no interpreter that has it"
    script = Path(__file__).parent / "peers" / f"{name}.py"
    try:
        return told([interpreter, str(script)], table, *given)
    except subprocess.CalledProcessError as error:
        words = error.stderr.strip().splitlines() or [f"it ended with {error.returncode}"]
        return f"not run: {words[-1]}"


def told(command: list[str], table: np.ndarray, *given: str) -> dict[str, Any]:
    """What a command says of a table, one line of JSON; beside it the most memory it had of its own
    (`private_mb`): pages of libraries are on the machine once, whoever maps them.
    """
    with tempfile.TemporaryDirectory() as directory:
        file, out, error = (Path(directory) / name for name in ("table.npy", "out", "error"))
        np.save(file, table)
        with out.open("wb") as told_out, error.open("wb") as told_error:
            process = subprocess.Popen(
                [*command, str(file), *given], stdout=told_out, stderr=told_error
            )
            peak = _private_pages(process)
        if process.returncode:
            raise subprocess.CalledProcessError(
                process.returncode, command, stderr=error.read_text(errors="replace")
            )
        found = json.loads(out.read_text().strip().splitlines()[-1])
    assert isinstance(found, dict)
    return found | {"private_mb": round(peak * os.sysconf("SC_PAGESIZE") / 2**20, 1)}


def _private_pages(process: subprocess.Popen[bytes]) -> int:
    """The most it had until it ended; one that does not end in time is killed."""
    peak, deadline = 0, time.monotonic() + TIMEOUT_S
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        sizes = Path(f"/proc/{process.pid}/statm").read_text().split()
        if sizes:  # none of a process that has just ended
            peak = max(peak, int(sizes[1]) - int(sizes[2]))
        time.sleep(SAMPLED_S)
    return peak
