"""`python -m bot3 evolve`: what is planted is promoted, noise is not, and a hold-out opens once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.bot3.app.processes import bot3, start
from tests.bot3.app.search.worlds_on_disk import null, planted

WALL = {"evals_per_s"}


def evolved(directory: Path, data: Path, *arguments: str) -> dict[str, Any]:
    done = bot3("evolve", "--data", str(data), "--json", *arguments, cwd=directory)
    assert done.returncode == 0, done.stderr
    body: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {key: value for key, value in body.items() if key not in WALL}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def first(world: Path) -> dict[str, Any]:
    return evolved(world.parent, world, "--workers", "2", "--export", "out")


def test_what_was_planted_is_promoted_and_said_how_sure(first: dict[str, Any], world: Path) -> None:
    assert first["promoted"]
    for each in first["promoted"]:
        assert each["expression"].startswith("enter when")
        assert each["p_values"]["spa"] <= 0.05
        assert each["p_values"]["holdout"] <= 0.05
        assert each["dsr"] >= 0.95
        assert each["out_of_sample"]["total_return"] > 0.0
    counted = sum(first["rejected"].values()) + len(first["promoted"])
    assert counted == first["evaluated"] > 1_000
    assert (first["source"], first["trials"]["before"]) == ("replayed", 0)
    done = bot3(
        "backtest", "--data", str(world), "--strategy", "out/evolved-1.json", "--json",
        cwd=world.parent,
    )  # fmt: skip
    assert json.loads(done.stdout)["orders"] > 2 * first["promoted"][0]["out_of_sample"]["trades"]


def test_the_same_again_on_another_number_of_workers(first: dict[str, Any], world: Path) -> None:
    assert evolved(world.parent, world, "--workers", "1") == first


def test_another_search_does_not_see_the_hold_out_again(first: dict[str, Any], world: Path) -> None:
    other = evolved(world.parent, world, "--seed", "2", "--workers", "1")
    assert other["promoted"] == []
    assert other["rejected"]["holdout_locked"] > 0
    assert other["trials"]["before"] == first["evaluated"]
    assert all("holdout" not in each["p_values"] for each in other["nearest"])


def test_noise_is_not_promoted(tmp_path: Path) -> None:
    found = evolved(tmp_path, null(tmp_path), "--generations", "10", "--fee", "0")
    assert found["promoted"] == []
    assert sum(found["rejected"].values()) == found["evaluated"]


def test_an_interrupted_search_goes_on_where_it_was(tmp_path: Path) -> None:
    world = null(tmp_path)
    arguments = ("--generations", "30", "--population", "200", "--workers", "1")
    whole = evolved(tmp_path, world, *arguments, "--userdir", "undisturbed")
    running = start("evolve", "--data", str(world), *arguments, "--userdir", "cut", cwd=tmp_path)
    while running.poll() is None and not list((tmp_path / "cut").glob("search-*.json")):
        time.sleep(0.05)
    assert running.poll() is None, "it was over before it could be cut"
    running.send_signal(signal.SIGKILL)
    running.communicate()
    (kept,) = (tmp_path / "cut").glob("search-*.json")
    assert json.loads(kept.read_text())["generation"] < 30
    assert evolved(tmp_path, world, *arguments, "--userdir", "cut") == whole
    assert not kept.exists()


def test_a_worker_that_is_killed_costs_a_retry(world: Path, first: dict[str, Any]) -> None:
    running = start(
        "evolve", "--data", str(world), "--workers", "2", "--generations", "30", "--json",
        "--userdir", "killed", cwd=world.parent,
    )  # fmt: skip
    victims: list[int] = []
    while running.poll() is None and not victims:
        victims = _workers_of(running)
        time.sleep(0.02)
    assert victims, running.communicate(timeout=120)
    os.kill(victims[0], signal.SIGKILL)
    told, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    body = json.loads(told.splitlines()[-1])
    assert body["promoted"] == first["promoted"]


def _workers_of(running: subprocess.Popen[str]) -> list[int]:
    """Children that have been computing for a moment."""
    found = []
    for child in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split():
        try:
            ticks = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11]
            is_worker = "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()
        except OSError:
            continue
        if is_worker and int(ticks) > 50:  # of a hundredth of a second: a short search has few more
            found.append(int(child))
    return found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--data", "absent.csv"), "absent.csv"),
        (("--data", "few.csv"), "660"),
        (("--cluster", "tcp://127.0.0.1:9"), "127.0.0.1:9"),
    ],
)
def test_what_cannot_be_is_one_line(
    tmp_path: Path, world: Path, arguments: tuple[str, ...], words: str
) -> None:
    rows = "".join(f"{60_000 * (at + 1)},1,1,1,1,1\n" for at in range(100))
    (tmp_path / "few.csv").write_text(f"timestamp,open,high,low,close,volume\n{rows}")
    given = arguments if arguments[0] == "--data" else ("--data", str(world), *arguments)
    done = bot3("evolve", *given, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_ledger_that_is_none_is_one_line_and_a_torn_row_is_mended(tmp_path: Path) -> None:
    world = null(tmp_path)
    (tmp_path / "user_data").mkdir()
    ledger = tmp_path / "user_data" / "ledger.jsonl"
    ledger.write_text('{"kind": "trials"}\n')
    done = bot3("evolve", "--data", str(world), "--generations", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert "line 1" in done.stderr
    ledger.write_text('{"kind": "run", "run": "x", "days": []}\n{"kind": "tri')
    evolved(tmp_path, world, "--generations", "1")
    rows = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["run", "run", "trials"]
