"""What `python -m bot3 venue` sends to its followers on one core, and how late.

Clients follow trades, books and best prices of three instruments in Binance's protocol; the other
two venues run beside it, unused. Its processor time is read from the system, the clients' is not
in it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import trio

from adapters.net.network import SocketNetwork
from adapters.net.websocket import open_websocket
from tests.benchmarks.calibration import calibration_ms

ROOT = Path(__file__).parents[2]
FOLLOWERS = 8
SECONDS = 20.0
STREAMS = "/".join(
    f"{wire}@{kind}"
    for wire in ("btcusdt", "ethusdt", "solusdt")
    for kind in ("trade", "depth@100ms", "bookTicker")
)
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time of a process (`man proc`, stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def follow(url: str, lags_ms: list[float], counts: list[int]) -> None:
    """Counts everything; of what has the venue's time, how late it came."""
    network = SocketNetwork()
    address = f"{url}?streams={STREAMS}"
    async with open_websocket(network, address, connect_timeout_s=5.0, silence_s=10.0) as link:
        while True:
            batch = await link.receive_batch()
            now_ms = time.time() * 1e3
            counts[0] += len(batch)
            event_ms = json.loads(batch[-1])["data"].get("E")
            if event_ms:
                lags_ms.append(now_ms - event_ms)


async def measure(pid: int, url: str) -> dict[str, Any]:
    """Followers for a while, after a second to settle."""
    lags_ms: list[float] = []
    counts = [0]
    async with trio.open_nursery() as nursery:
        for _ in range(FOLLOWERS):
            nursery.start_soon(follow, url, lags_ms, counts)
        await trio.sleep(1.0)
        lags_ms.clear()
        before, used_s, started = counts[0], cpu_s(pid), time.perf_counter()
        await trio.sleep(SECONDS)
        wall_s = time.perf_counter() - started
        taken, used_s = counts[0] - before, cpu_s(pid) - used_s
        nursery.cancel_scope.cancel()
    cuts = statistics.quantiles(lags_ms, n=100)
    return {
        "messages a second": round(taken / wall_s),
        "share of a core": round(used_s / wall_s, 3),
        "late ms p50": round(cuts[49], 1),
        "late ms p99": round(cuts[98], 1),
    }


def run() -> dict[str, Any]:
    """One process of three venues, seed fixed."""
    before_ms = calibration_ms()
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot3", "venue", "--json", "--seed", "1"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=directory,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            idle_s = cpu_s(process.pid)
            time.sleep(5.0)
            idle = (cpu_s(process.pid) - idle_s) / 5.0
            found = trio.run(measure, process.pid, told["venues"]["binance"]["ws_url"])
        finally:
            process.terminate()
            process.communicate(timeout=30)
    return {"calibration_ms": round(before_ms, 2), "nobody follows": round(idle, 3), **found}
