"""`python -m bot3 science`: rows that pass, fail and are skipped, and that the quick ones hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from adapters.simulated.latent import WorldKind
from bot3.app.science.command import ROWS, ScienceOptions, run_science
from bot3.app.science.rows import Effort, Measured, MissingError, Row, Verdict, run_row
from bot3.app.science.worlds import WorldRun, make_path, oracle_in, settle
from tests.bot3.app.processes import SHARED

EFFORT = Effort(is_quick=True, seed=77, data=None)
QUICK = ("statsmodels", "fixed-share", "resumed", "River")


def _row(name: str) -> Row:
    [found] = [row for row in ROWS if name in row.name]
    return found


@pytest.mark.parametrize("name", QUICK)
def test_a_row_holds_on_a_seed_of_its_own(name: str) -> None:
    result = run_row(_row(name), EFFORT)
    assert result.verdict is Verdict.PASSED, result.figures


def test_a_row_of_recorded_data_is_skipped_without_and_holds_with_it() -> None:
    skipped = run_row(_row("Turing"), EFFORT)
    assert skipped.verdict is Verdict.SKIPPED
    assert "--data" in skipped.note
    if not (SHARED / "data").exists():
        pytest.skip("no recorded data here")
    assert run_row(_row("Turing"), Effort(True, 77, SHARED / "data")).verdict is Verdict.PASSED


def test_every_score_of_elec2_stands_beside_no_change(tmp_path: Path) -> None:
    """On a file of its form: prices that go up for nine rows, and down for one."""
    (tmp_path / "elec2").mkdir()
    lines = [f"{at / 40},{at % 7 / 7},{'DOWN' if at % 10 == 9 else 'UP'}" for at in range(40)]
    text = "\n".join(["date,nswprice,class", *lines])
    (tmp_path / "elec2" / "electricity.csv").write_text(text, encoding="utf-8")
    result = run_row(_row("Elec2"), Effort(is_quick=True, seed=77, data=tmp_path))
    assert result.figures.keys() == {"hoeffding", "logistic", "no change"}
    assert (
        result.figures["no change"] == (40 - 8) / 40
    )  # the first, and around each fall but the last
    assert result.verdict is Verdict.FAILED


def test_a_row_that_misses_its_target_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(effort: Effort) -> Measured:
        raise MissingError(f"{effort.seed} is not here")

    rows = (
        Row("a", "good", "simulated", "at least 1", lambda _: Measured({"x": 1.0}, True)),
        Row("a", "bad", "simulated", "at least 1", lambda _: Measured({"x": 0.5}, False)),
        Row("b", "absent", "replayed", "at least 1", missing),
    )
    monkeypatch.setattr("bot3.app.science.command.ROWS", rows)
    assert run_science(ScienceOptions(True, 5, Path(), (), is_json=True)) == 1
    told = json.loads(capsys.readouterr().out)
    assert [row["passed"] for row in told["rows"]] == [True, False, None]
    assert told["passed"] is False
    assert told["rows"][1]["measured"] == {"x": 0.5}
    assert run_science(ScienceOptions(True, 5, Path(), ("good", "b:"), is_json=False)) == 0
    assert "1 passed, 0 failed, 0 skipped" in capsys.readouterr().out


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({(row.system, row.name) for row in ROWS}) == len(ROWS)


def test_a_target_earns_the_return_after_it_and_pays_for_its_change() -> None:
    earned = settle(np.array([1.0, 1.0, -1.0, 0.5]), np.log([1.01, 1.0, 2.0, 1.02]), 10.0)
    assert earned.held.tolist() == [1.0, 1.0, 0.0, 0.5]  # long only
    assert earned.net == pytest.approx([0.01 - 0.001, 0.0, -0.001, 0.01 - 0.0005])


def test_an_oracle_earns_of_a_planted_drift_and_nothing_where_there_is_none() -> None:
    planted, null = (
        WorldRun(kind, 3.0, 10.0, 1_800, 5) for kind in (WorldKind.PLANTED, WorldKind.NULL)
    )
    assert oracle_in(make_path(planted), planted).net.sum() > 0.01
    assert oracle_in(make_path(null), null).net.sum() == 0.0
