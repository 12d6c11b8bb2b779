"""`python -m bot3 regimes`: rows in, rows out, and what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot3.app.research.regimes import find_regimes, read_parameters
from bot3.app.research.series import read_series
from bot3.app.wiring import regime_of
from bot3.domain.errors import DataError
from tests.bot3.app.processes import SHARED, bot3
from tests.bot3.regime.test_hamilton import TRUTH, _exact, _simulate

# Of TCPDBench's scores: a change within five rows of an annotated one is right.
SCORES = {"nile": 1.000, "quality_control_4": 0.658, "brent_spot": 0.521, "well_log": 0.808}


def _written(path: Path, values: Any) -> Path:
    path.write_text("value\n" + "\n".join(repr(float(each)) for each in values) + "\n")
    return path


def _found(path: Path, *words: str) -> dict[str, Any]:
    done = bot3("regimes", "--data", str(path), "--json", *words, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("emission", ["gaussian", "t"])
def test_with_true_parameters_it_is_the_exact_filter(tmp_path: Path, emission: str) -> None:
    freedom = 4 if emission == "t" else 0
    _, returns = _simulate(21, 400, freedom)
    params = tmp_path / "params.json"
    reversed_states = {
        "transitions": [[0.99, 0.01], [0.005, 0.995]],
        "volatilities": [0.015, 0.005],
    }
    params.write_text(json.dumps(reversed_states))
    found = _found(
        _written(tmp_path / "returns.csv", returns),
        "--params", str(params), "--emission", emission,
    )  # fmt: skip
    expected, _ = _exact(returns, TRUTH, freedom)
    np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=1e-8)
    assert len(found["labels"]) == 400
    assert set(found["labels"]) <= {"calm", "trending", "volatile"}


def test_a_row_depends_on_no_later_row(tmp_path: Path) -> None:
    _, returns = _simulate(22, 900)
    settings = regime_of(3, "t")
    whole, cut = (
        find_regimes(read_series(_written(tmp_path / "r.csv", returns[:rows])), settings, None)
        for rows in (900, 500)
    )
    assert whole.probabilities[:500] == cut.probabilities
    assert all(sum(row) == pytest.approx(1.0) for row in whole.probabilities)
    assert len(whole.probabilities[0]) == 3


def test_bars_have_a_row_each(tmp_path: Path) -> None:
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 1e-3, 200)))
    rows = [f"{60_000 * n},{c},{c},{c},{c},1" for n, c in enumerate(closes.tolist(), start=1)]
    path = tmp_path / "bars.csv"
    path.write_text("ts,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    found = _found(path, "--states", "3")
    assert [len(found[name]) for name in ("probabilities", "labels")] == [200, 200]
    assert found["probabilities"][0] == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("name", SCORES)
def test_the_turing_dataset_has_its_published_scores(tmp_path: Path, name: str) -> None:
    if not (SHARED / "data/tcpd").exists():
        pytest.skip("no recorded data here")
    told = json.loads((SHARED / f"data/tcpd/{name}.json").read_text())
    annotated = json.loads((SHARED / "data/tcpd/annotations.json").read_text())[name]
    series = read_series(_written(tmp_path / "v.csv", told["series"][0]["raw"]))
    found = find_regimes(series, regime_of(2, "gaussian"), None)
    assert round(_f_measure(annotated, found.change_points), 3) == SCORES[name]
    assert all(
        seen >= row for row, seen in zip(found.change_points, found.detected_at, strict=True)
    )


def _f_measure(annotated: dict[str, list[int]], found: list[int]) -> float:
    """Van den Burg and Williams 2020, section 3.2.2; row 0 counts as a change."""
    people = [{0, *rows} for rows in annotated.values()]
    told = {0, *found}
    precision = len(_matched(set().union(*people), told)) / len(told)
    recall = math.fsum(len(_matched(rows, told)) / len(rows) for rows in people) / len(people)
    return 2 * precision * recall / (precision + recall)


def _matched(rows: set[int], told: set[int]) -> set[int]:
    left, right = set(told), set()
    for row in sorted(rows):
        near = [(abs(row - each), each) for each in left if abs(row - each) <= 5]
        if near:
            left.discard(min(near)[1])
            right.add(row)
    return right


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("value\n0.1\nx\n", "row 2: 'x' is not a number"),
        ("value\n0.1\nnan\n", "row 2: 'nan'"),
        ("value\n0.1\n", "1 values; at least 2"),
        ("other\n0.1\n0.2\n", "column"),
        ("", "empty"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, body: str, reason: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(body)
    with pytest.raises(DataError, match=reason) as refused:
        read_series(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"volatilities": [1, 2]}',
        '{"volatilities": [1], "transitions": [[0.5]]}',
        "a = 1",
    ],
)
def test_bad_parameters_are_refused(tmp_path: Path, body: str) -> None:
    path = tmp_path / "params"
    path.write_text(body)
    with pytest.raises(DataError, match="want JSON or TOML"):
        read_parameters(path)


def test_toml_and_other_names_are_read(tmp_path: Path) -> None:
    path = tmp_path / "params.toml"
    path.write_text("P = [[0.9, 0.1], [0.2, 0.8]]\nsigma = [1, 2]\nmu = [0.1, 0.2]\nnu = 5\n")
    parameters, freedom = read_parameters(path)
    assert (parameters.volatilities, parameters.means, freedom) == ((1.0, 2.0), (0.1, 0.2), 5.0)


def test_another_number_of_states_than_the_parameters_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.json"
    path.write_text('{"transitions": [[0.9, 0.1], [0.2, 0.8]], "volatilities": [1, 2]}')
    done = bot3(
        "regimes", "--data", str(_written(tmp_path / "r.csv", [1, 2, 3])),
        "--states", "3", "--params", str(path), cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert "2 states, but --states 3" in done.stderr
