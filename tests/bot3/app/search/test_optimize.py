"""`python -m bot3 optimize`: trials in storage and ledger, gates, a page, one line for errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bot3.app.processes import bot3
from tests.bot3.app.search.worlds_on_disk import null, planted

STRATEGY = """
import numpy as np
from bot3.backtest.strategies import Parameter

class Momentum:
    name = "momentum"
    parameters = {"bars": Parameter(20, 2, 200, is_whole=True)}

    def __init__(self, bars=20):
        self.bars = int(bars)

    def targets(self, bars):
        wanted = np.full(len(bars), np.nan)
        wanted[self.bars:] = bars.close[self.bars:] > bars.close[:-self.bars]
        return wanted
"""


def optimized(directory: Path, data: Path, *arguments: str) -> dict[str, Any]:
    done = bot3(
        "optimize", "--data", str(data), "--json", "--sampler", "tpe", *arguments, cwd=directory
    )
    assert done.returncode == 0, done.stderr
    body: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return body


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = planted(tmp_path_factory.mktemp("world"))
    (path.parent / "momentum.py").write_text(STRATEGY)
    (path.parent / "space.toml").write_text("bars = [10, 120]\n")
    return path


@pytest.fixture(scope="module")
def first(world: Path) -> dict[str, Any]:
    given = ("--strategy", "momentum.py", "--space", "space.toml", "--objective", "timing")
    return optimized(world.parent, world, *given, "--trials", "40", "--export", "out")


def test_parameters_of_a_planted_edge_are_found_and_proven(
    first: dict[str, Any], world: Path
) -> None:
    assert first["trials"]["now"] == 40
    assert first["promoted"]
    for each in first["promoted"]:
        assert 10 <= each["parameters"]["bars"] <= 120
        assert each["p_values"]["holdout"] <= 0.05
    values = [each["value"] for each in first["best"]]
    assert values == sorted(values, reverse=True)
    rows = (world.parent / "out" / "trials.csv").read_text().splitlines()
    assert rows[0] == "bars,value"
    assert len(rows) >= 41
    page = (world.parent / "out" / "optimize.html").read_text()
    assert "<h2>Importance</h2>" in page
    assert page.count("<circle") >= 80
    assert "http" not in page


def test_the_same_again_is_no_new_trial_and_more_trials_go_on(
    first: dict[str, Any], world: Path
) -> None:
    given = ("--strategy", "momentum.py", "--space", "space.toml", "--objective", "timing")
    assert optimized(world.parent, world, *given, "--trials", "40") == first
    more = optimized(world.parent, world, *given, "--trials", "44", "--workers", "2")
    assert more["trials"]["now"] == 44
    assert more["best"][0]["value"] >= first["best"][0]["value"]
    rows = (world.parent / "user_data" / "ledger.jsonl").read_text().splitlines()
    trials = [row for row in map(json.loads, rows) if row["kind"] == "trials"]
    assert len({name for row in trials for name, _ in row["trials"]}) <= 44


def test_other_searches_on_the_data_count_and_find_the_hold_out_locked(
    first: dict[str, Any], world: Path
) -> None:
    given = ("--strategy", "momentum.py", "--space", "space.toml", "--objective", "timing")
    other = optimized(world.parent, world, *given, "--trials", "40", "--seed", "9")
    assert other["promoted"] == []
    assert other["rejected"]["holdout_locked"] >= 1
    assert other["trials"]["before"] > 0


def test_noise_is_not_proven_and_what_cannot_be_is_no_trial(tmp_path: Path) -> None:
    world = null(tmp_path)
    found = optimized(tmp_path, world, "--strategy", "ema_cross", "--trials", "25")
    assert found["promoted"] == []
    assert found["trials"]["now"] == 25
    assert found["infeasible"] > 0
    assert all(each["parameters"]["fast"] < each["parameters"]["slow"] for each in found["best"])


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (("--strategy", "buy_and_hold"), "no parameters", 4),
        (("--strategy", "nothing"), "want hybrid", 4),
        (("--strategy", "ema_cross", "--space", "absent.toml"), "absent.toml", 4),
        (("--strategy", "ema_cross", "--space", "bad.toml"), "bad.toml", 4),
        (("--strategy", "ema_cross", "--space", "wrong.json"), "quick", 4),
    ],
)
def test_what_cannot_be_is_one_line(
    tmp_path: Path, world: Path, arguments: tuple[str, ...], words: str, code: int
) -> None:
    (tmp_path / "bad.toml").write_text("fast = [")
    (tmp_path / "wrong.json").write_text('{"quick": [1, 2]}')
    done = bot3("optimize", "--data", str(world), *arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
