"""`bot3 allocate`: a table of returns in, weights and words out; limits are the configured ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from bot3.app.cli import cli


def table(tmp_path: Path) -> Path:
    returns = np.random.default_rng(1).normal([0.004, 0.0], 0.015, (500, 2))
    frame = pd.DataFrame(returns, columns=["trend", "noise"])
    frame.insert(0, "date", pd.date_range("2024-01-01", periods=500))
    frame.to_csv(tmp_path / "returns.csv", index=False)
    return tmp_path / "returns.csv"


def test_capital_goes_to_what_earned_under_the_configured_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT3__RISK__MAX_POSITION_SIZE", "0.3")
    arguments = ["allocate", "--returns", str(table(tmp_path)), "--target-apy", "0.1"]
    result = CliRunner().invoke(cli, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["weights"]["trend"] == pytest.approx(0.3, abs=1e-4)
    assert found["weights"]["noise"] < 0.1
    assert found["apy_low"] < found["apy"] < found["apy_high"]
    assert found["is_supported"] is (found["apy_low"] >= 0.1)
    words = CliRunner().invoke(cli, arguments).output
    assert found["words"] in words
    assert "cash" in words


def test_what_is_no_table_of_returns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("name,value\nfoo,1\n")
    result = CliRunner().invoke(cli, ["allocate", "--returns", str(tmp_path / "x.csv")])
    assert result.exit_code == 1
    assert "neither returns nor a time" in result.output
