"""The whole bot in virtual time: every invariant holds on every seed, and runs repeat bit for bit.

The fixed seeds are always the same, the fresh ones never; a failure prints the command that repeats
it. Every one runs twice, in fresh processes with different hash seeds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.simulation.sweep import fresh_seeds, spare_jobs

HOURS = 30 / 3600
FIXED = (("none", 1), ("storm", 3), ("hurricane", 5))
FRESH = tuple(("storm", seed) for seed in fresh_seeds(3))
KEYS = {
    "seed", "hours", "faults", "journal_sha256", "trace_sha256", "orders", "fills", "crashes",
    "restarts", "faults_injected", "violations", "wall_s", "sim_hours_per_wall_s",
}  # fmt: skip

Case = tuple[str, int]


def simulate(case: Case, hash_seed: int) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON, and what people are told."""
    level, seed = case
    command = [sys.executable, "-m", "bot3", "simulate", "--json"]
    command += ["--seed", str(seed), "--hours", repr(HOURS), "--faults", level]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        check=False,
        text=True,
        timeout=600,
    )
    body = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    return done.returncode, body, done.stderr


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[Case, Sequence[tuple[int, dict[str, Any], str]]]]:
    """Both runs of every case."""
    cases = (*FIXED, *FRESH)
    print(f"fresh seeds: {[seed for _, seed in FRESH]}")
    with ThreadPoolExecutor(spare_jobs()) as pool:
        first = pool.map(lambda case: simulate(case, 1), cases)
        second = pool.map(lambda case: simulate(case, 2), cases)
        yield dict(zip(cases, zip(first, second, strict=True), strict=True))


@pytest.mark.parametrize("case", [*FIXED, *FRESH], ids=str)
def test_no_invariant_is_broken(case: Case, runs: dict[Case, Any]) -> None:
    (code, body, told), _ = runs[case]
    assert code == 0, told
    assert body["violations"] == []
    assert body["orders"] > 0


@pytest.mark.parametrize("case", [*FIXED, *FRESH], ids=str)
def test_the_same_seed_gives_the_same_journal_and_the_same_trace(
    case: Case, runs: dict[Case, Any]
) -> None:
    (_, first, told), (_, second, _) = runs[case]
    wall_clock = {"wall_s", "sim_hours_per_wall_s"}
    assert first.keys() >= wall_clock
    assert _without(first, wall_clock) == _without(second, wall_clock), told


def _without(body: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


def test_other_seeds_give_other_runs(runs: dict[Case, Any]) -> None:
    digests = {runs[case][0][1]["trace_sha256"] for case in runs}
    assert len(digests) == len(runs)


def test_the_report_has_what_was_promised(runs: dict[Case, Any]) -> None:
    (_, body, _), _ = runs["storm", 3]
    assert body.keys() >= KEYS
    assert (body["seed"], body["faults"]) == (3, "storm")
    assert body["hours"] == pytest.approx(HOURS)


def test_without_faults_nothing_crashes_and_nothing_is_restarted(runs: dict[Case, Any]) -> None:
    (_, body, _), _ = runs["none", 1]
    assert body["faults_injected"] == {}
    assert (body["crashes"], body["restarts"], body["exits"], body["dead_letters"]) == (0, 0, 0, 0)
    assert body["processes"] == 1
    assert body["fills"] > 5


def test_storms_bring_what_they_promise(runs: dict[Case, Any]) -> None:
    kinds: dict[str, int] = {}
    for (level, _), ((_, body, _), _) in runs.items():
        if level in ("storm", "hurricane"):
            for kind, count in body["faults_injected"].items():
                kinds[kind] = kinds.get(kind, 0) + count
    assert len(kinds) > 12, kinds
