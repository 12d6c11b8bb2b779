"""`python -m bot3 grid`: a map of the zone to search in alone, every pair in the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot3.app.backtest.read import read_sources
from bot3.app.search.grid import GridOptions, pairs_of, periods_of
from bot3.app.search.ledger_file import NAME
from bot3.backtest.engine import BacktestingEngine
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.strategies import EmaCross
from bot3.domain.errors import ConfigError
from tests.bot3.app.processes import bot3
from tests.bot3.app.search.worlds_on_disk import null

FEE = 0.002


@pytest.mark.parametrize(
    ("given", "want"), [("10", [10]), ("5:8", [5, 6, 7, 8]), ("20:50:15", [20, 35, 50])]
)
def test_periods(given: str, want: list[int]) -> None:
    assert list(periods_of("fast", given)) == want


@pytest.mark.parametrize(
    "given", ["", "x", "5:", "-5", "8:5", "5:8:0", "1:2:3:4", "0:4", "5:20000"]
)
def test_periods_that_are_none(given: str) -> None:
    with pytest.raises(ConfigError):
        periods_of("fast", given)


@pytest.mark.parametrize(("fast", "slow"), [("30", "20"), ("1:1000", "2:1000")])
def test_grids_that_are_none(fast: str, slow: str) -> None:
    options = GridOptions(
        data=(), fast=fast, slow=slow, cash=1e4, fee=FEE, timerange=None, is_repaired=False,
        userdir=Path(), is_json=True,
    )  # fmt: skip
    with pytest.raises(ConfigError):
        pairs_of(options)


def test_each_pair_is_what_the_engine_makes_of_it(tmp_path: Path) -> None:
    file = null(tmp_path)
    command = ("grid", "--data", str(file), "--fast", "5:9:2", "--slow", "8:40:16")
    done = bot3(*command, "--fee", str(FEE), "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (found,) = told["maps"]
    (source,), _ = read_sources((file,), None, is_repaired=False)
    bars = source.whole()
    searched = bars.rows(np.arange(found["bars"], dtype=np.int64))
    assert 0.37 * len(bars) < found["bars"] <= 0.4 * len(bars)
    assert [(row["fast"], row["slow"]) for row in found["rows"]][:2] == [(5, 8), (5, 24)]
    assert len(found["rows"]) == told["pairs"] == 8  # 9 is not shorter than 8
    engine = BacktestingEngine(BacktestSettings(fee=FEE))
    for row in found["rows"]:
        run = engine.run(EmaCross(row["fast"], row["slow"]), searched)
        assert row["final_equity"] == pytest.approx(run.final_equity, rel=1e-9)
        assert row["orders"] == len(run.fills)
    again = bot3(*command, "--fee", "0.003", cwd=tmp_path)
    assert "8 were tried on this data before" in again.stdout
    rows = (tmp_path / "user_data" / NAME).read_text().splitlines()
    assert [json.loads(row)["kind"] for row in rows] == ["run", "trials"] * 2  # nothing is opened
