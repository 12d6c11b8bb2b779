"""Scripts in environments of their own, and what they print."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

PEERS = "BOT3_PEERS"
TIMEOUT_S = 1_800.0


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
    """What a command says of a table, one line of JSON."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "table.npy"
        np.save(file, table)
        done = subprocess.run(
            [*command, str(file), *given], capture_output=True, text=True, check=True,
            timeout=TIMEOUT_S,
        )  # fmt: skip
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert isinstance(found, dict)
    return found
