"""The operator's commands against a real process, and against what it left behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bot3.app.processes import TIMEOUT_S, bot3, start


def _until(cwd: Path, is_true: Any, *, seconds: float = 60.0) -> dict[str, Any]:
    """Asks for the status until it says so."""
    give_up_s = time.monotonic() + seconds
    while True:
        done = bot3("status", "--json", cwd=cwd)
        found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        if found and is_true(found):
            return found
        assert time.monotonic() < give_up_s, (done, found.get("reasons"))
        time.sleep(0.2)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with start("--duration", "600", cwd=tmp_path) as running:
        yield running
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=TIMEOUT_S)


def test_halt_flatten_resume_and_what_is_left(
    tmp_path: Path, process: subprocess.Popen[str]
) -> None:
    """One process for all of it: a start costs seconds."""
    _until(tmp_path, lambda now: any(one["position"] for one in now["instruments"]))
    control = tmp_path / "user_data" / "control.json"
    assert stat.S_IMODE(control.stat().st_mode) == 0o600
    found = json.loads(control.read_text())
    refused = httpx.post(f"{found['url']}control/halt", headers={"authorization": "Bearer no"})
    assert refused.status_code == 401
    assert not _until(tmp_path, lambda _: True)["is_halted"]

    began_s = time.monotonic()
    halted = json.loads(bot3("halt", "--reason", "lunch", "--json", cwd=tmp_path).stdout)
    assert (halted["is_halted"], halted["reason"], halted["orders_open"]) == (True, "lunch", 0)
    assert time.monotonic() - began_s < 10  # the command's own start included

    sold = json.loads(bot3("flatten", "--json", cwd=tmp_path).stdout)
    assert (sold["is_flat"], sold["is_halted"]) == (True, True)
    held = _until(tmp_path, lambda now: now["is_flat"])["instruments"]
    assert all(float(one["position"]) * one["bid"] < 6 for one in held)  # dust: below the minimum

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert bot3("status", cwd=tmp_path).returncode == 3
    report = json.loads(bot3("report", "--json", cwd=tmp_path).stdout)
    assert report["is_halted"]
    names = {fill["strategy"] for fill in report["fills"]}
    assert {"hybrid"} <= names <= {"hybrid", "flatten"}  # it may have sold just before
    assert set(report["balances"]) == {"binance"}
    assert {order["status"] for order in report["orders"]} <= {
        "filled",
        "canceled",
        "rejected",
        "denied",
        "expired",
    }
    resumed = bot3("resume", cwd=tmp_path)
    assert (resumed.returncode, resumed.stdout) == (0, "resumed: the next start trades\n")
    assert not (tmp_path / "user_data" / "HALT").exists()
    assert not json.loads(bot3("report", "--json", cwd=tmp_path).stdout)["is_halted"]
    assert "was not halted" in bot3("resume", cwd=tmp_path).stdout
    told = bot3("report", cwd=tmp_path).stdout
    assert "strategies" in told.lower()


def test_a_halt_without_a_process_halts_the_next_one(tmp_path: Path) -> None:
    done = bot3("halt", "--reason", "not today", cwd=tmp_path)
    assert (done.returncode, "the next start is halted" in done.stdout) == (0, True)
    assert bot3("flatten", cwd=tmp_path).returncode == 3
    run = bot3("--duration", "4", "--json", cwd=tmp_path)
    assert run.returncode == 0
    assert json.loads(run.stdout)["fills"] == 0
    assert "not today" in run.stderr


def test_a_report_without_a_journal_says_so(tmp_path: Path) -> None:
    done = bot3("report", cwd=tmp_path)
    assert done.returncode == 1
    assert "trade first" in done.stderr
