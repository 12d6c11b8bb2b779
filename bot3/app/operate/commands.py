"""`halt`, `resume`, `flatten` and `status`: what each does, with a running process and without.

Invariant: a halt is on disk before anybody is asked, so it holds whatever state the process is in.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from bot3.app.operate.client import RunningProcess, find_running
from bot3.app.operate.journal import resume_offline
from bot3.domain.errors import DeadlineError, NotRunningError
from bot3.services.kill_switch import KillSwitch
from bot3.telemetry.status import encode_status
from bot3.telemetry.summary import closing_summary
from supervisors.clock import SystemClock

LOOK_INTERVAL_S = 0.2


def halt(directory: Path, reason: str, *, is_json: bool) -> int:
    """Shuts the gate and cancels what rests; without a process the next start is halted."""
    KillSwitch(directory).trip(reason)
    try:
        standing = find_running(directory).command("halt", reason)
    except NotRunningError:
        _tell(
            "halted: nothing runs now, the next start is halted",
            {"is_halted": True},
            is_json=is_json,
        )
    else:
        _tell(f"halted: {standing['reason']}; none of our orders rests", standing, is_json=is_json)
    return 0


def resume(directory: Path, reason: str, *, is_json: bool) -> int:
    """Opens the gate; drawdown and daily loss count anew from here."""
    try:
        standing = find_running(directory).command("resume", reason)
    except NotRunningError:
        was_halted = resume_offline(directory, reason)
        words = "resumed: the next start trades" if was_halted else "was not halted"
        _tell(words, {"is_halted": False}, is_json=is_json)
    else:
        _tell("resumed: trading", standing, is_json=is_json)
    return 0


def flatten(directory: Path, reason: str, *, wait_s: float, is_json: bool) -> int:
    """Halts, and sells every position; waits until nothing is left but dust.

    Raises `NotRunningError` without a process: selling needs one. `DeadlineError` after `wait_s`.
    """
    process = find_running(directory)
    standing = process.command("flatten", reason)
    clock = SystemClock()
    give_up_ns = clock.monotonic_ns() + int(wait_s * 1e9)
    while not (status := process.status()).is_flat:
        if clock.monotonic_ns() > give_up_ns:
            raise DeadlineError(
                f"flatten: still selling after {wait_s:g} s; it goes on: see `bot3 status`"
            )
        time.sleep(LOOK_INTERVAL_S)
    standing |= {"is_flat": True, "equity": status.equity and float(status.equity)}
    _tell("positions are sold; trading stays halted until `bot3 resume`", standing, is_json=is_json)
    return 0


def show_status(directory: Path, *, is_json: bool) -> int:
    """How the running process stands; raises `NotRunningError` without one."""
    process: RunningProcess = find_running(directory)
    status = process.status()
    if is_json:
        print(encode_status(status).decode())
        return 0
    print(closing_summary(status), end="")
    state = f"halted: {status.halt_reason}{status.exits}" if status.is_halted else "trading"
    print(
        state if status.is_ready or status.is_halted else f"not ready: {'; '.join(status.reasons)}"
    )
    return 0


def _tell(words: str, standing: dict[str, Any], *, is_json: bool) -> None:
    print(json.dumps(standing) if is_json else words)
