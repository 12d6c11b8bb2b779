"""Searches on a Dask cluster of several processes, which are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot3.app.processes import bot3, start
from tests.bot3.app.search.worlds_on_disk import null

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster:
        pids = [worker.pid for worker in cluster.workers.values()]
        print(cluster.scheduler_address, *pids, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[int]]]:
    """Its address and its workers' process ids."""
    (tmp_path / "cluster.py").write_text(CLUSTER)
    running = subprocess.Popen(
        [sys.executable, "cluster.py"], cwd=tmp_path, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert running.stdout is not None
    address, *pids = running.stdout.readline().split()
    yield address, [int(pid) for pid in pids]
    running.communicate("", timeout=60)


def test_killed_workers_cost_a_retry_and_the_result_is_that_of_one_machine(
    cluster: tuple[str, list[int]], tmp_path: Path
) -> None:
    address, pids = cluster
    world = null(tmp_path)
    # Enough that it is still searching when the workers die, and with them all copies of its data.
    given = ("--data", str(world), "--json", "--population", "300", "--generations", "20")
    running = start("evolve", *given, "--cluster", address, "--userdir", "far", cwd=tmp_path)
    ledger = tmp_path / "far" / "ledger.jsonl"
    while running.poll() is None and not (ledger.exists() and '"trials"' in ledger.read_text()):
        time.sleep(0.02)
    assert running.poll() is None, running.communicate()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    told, said = running.communicate(timeout=240)
    assert running.returncode == 0, said
    near = bot3("evolve", *given, "--workers", "1", "--userdir", "near", cwd=tmp_path)
    one, other = (json.loads(text.splitlines()[-1]) for text in (told, near.stdout))
    assert one.pop("evals_per_s") > 0
    assert other.pop("evals_per_s") > 0
    assert one == other
