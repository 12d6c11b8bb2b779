"""Session = replay: what the bot decided in a storm, it decides again from what it was told."""

from __future__ import annotations

import json
import subprocess
import sys


def test_every_process_of_a_simulation_is_decided_again() -> None:
    """Signals, risk's answers, orders and records, word for word, through crashes of actors."""
    command = [sys.executable, "-m", "bot3", "simulate", "--json", "--replay"]
    command += ["--seed", "11", "--hours", "0.004", "--faults", "hurricane"]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2_000:]
    replays = json.loads(done.stdout.splitlines()[-1])["replays"]
    assert replays
    assert sum(each["said"] for each in replays) > 1_000
    assert all(not each["difference"] for each in replays)
