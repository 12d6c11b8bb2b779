"""Files read in tiny parts: the same figures as in one, whatever their kind."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bot3.app.backtest.made import Made
from bot3.app.backtest.read import read_sources
from bot3.app.backtest.simple import run_simple
from bot3.backtest.result import result_of
from bot3.backtest.settings import BacktestSettings
from bot3.backtest.strategies import BarStrategy, EmaCross, Parameter
from bot3.domain.bars import Bars, Floats
from bot3.domain.errors import DataError
from supervisors.clock import ManualClock
from tests.bot3.app.test_backtest import called, frame_of, told
from tests.bot3.backtest.making import wandering

BARS = wandering(400, 9)


def made(paths: list[Path], strategy: BarStrategy, rows: int) -> tuple[Made, list[str]]:
    sources, warnings = read_sources(paths, None, is_repaired=False, chunk_rows=rows, held_rows=0)
    return run_simple(strategy, sources, BacktestSettings(), warnings, ManualClock(0)), warnings


def figures_of(found: Made) -> dict[str, Any]:
    course, beside, marks = found
    figures = result_of(course, 10_000.0, []).figures
    regimes = [marked.regimes for marked in marks]
    return {**figures, **beside, "regimes": regimes, "events_per_s": None}


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path, row_group_size=90)
    elif path.suffix == ".feather":
        frame.to_feather(path, chunksize=90)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet", "a.feather"])
def test_tiny_parts_come_to_what_the_whole_file_does(tmp_path: Path, name: str) -> None:
    path = write(frame_of(BARS), tmp_path / name)
    whole = made([path], EmaCross(3, 9), 1_000)[0]
    for rows in (7, 100):
        found = made([path], EmaCross(3, 9), rows)[0]
        assert figures_of(found) == figures_of(whole)
        assert found[0].curve.equity.last.tolist() == whole[0].curve.equity.last.tolist()
        assert found[2][0].prices.drawn.tolist() == BARS.close.tolist()


class Mean:
    """All of it has to be in memory: there is no `begin`."""

    name = "mean"
    parameters: Mapping[str, Parameter] = {}

    def targets(self, bars: Bars) -> Floats:
        rows = np.arange(1, len(bars) + 1)
        return (bars.close > np.cumsum(bars.close) / rows).astype(np.float64)


def test_a_strategy_that_cannot_be_given_parts_is_given_all(tmp_path: Path) -> None:
    path = write(frame_of(BARS), tmp_path / "a.csv")
    whole, parts = (figures_of(made([path], Mean(), rows)[0]) for rows in (1_000, 37))
    assert parts == whole
    assert whole["orders"] > 10


def test_flaws_are_told_with_their_rows_in_the_file(tmp_path: Path) -> None:
    frame = frame_of(BARS)
    frame.loc[250, "close"] = np.nan
    path = write(frame.drop(index=[100, 101]), tmp_path / "a.csv")
    for rows in (1_000, 37):
        with pytest.raises(DataError, match=r"close is missing .*first is row 249"):
            made([path], EmaCross(), rows)
    gappy = write(frame_of(BARS).drop(index=[100, 101]), tmp_path / "b.csv")
    (words,) = [made([gappy], EmaCross(), rows)[1][0] for rows in (37,)]
    assert (
        words == "b.csv: 1 row: a gap before it; 2 bars are missing in all (the first is row 101)"
    )


@pytest.mark.parametrize("rows", [1_000, 10])
def test_times_of_two_units_are_refused(tmp_path: Path, rows: int) -> None:
    """They were read as those of the largest: the first half of the file lay in 1970."""
    frame = frame_of(BARS)
    frame.loc[200:, "ts"] *= 1_000
    path = write(frame, tmp_path / "a.csv")
    with pytest.raises(DataError, match="different units"):
        made([path], EmaCross(), rows)


def test_klines_whose_first_prices_are_equal_have_no_header(tmp_path: Path) -> None:
    """They were taken for a header with a name that comes twice."""
    frame = frame_of(BARS)
    frame.loc[0, ["open", "high", "low", "close"]] = 100.0
    frame.to_csv(tmp_path / "BTCUSDT-1m.csv", index=False, header=False)
    assert told("--data", tmp_path / "BTCUSDT-1m.csv", "--strategy", "ema_cross")["bars"] == 400


def test_one_symbol_of_several_venues(tmp_path: Path) -> None:
    other = wandering(300, 4)
    for venue, bars in (("binance", BARS), ("okx", other)):
        (tmp_path / venue).mkdir()
        write(frame_of(bars), tmp_path / venue / "BTC-USDT.csv")
    files = [tmp_path / venue / "BTC-USDT.csv" for venue in ("binance", "okx")]
    both = told("--data", files[0], files[1], "--strategy", "ema_cross")
    assert both["symbols"] == ["binance:BTC/USDT", "okx:BTC/USDT"]
    assert {trip["symbol"] for trip in both["trades"]} == set(both["symbols"])
    assert both["bars"] == 700
    alone = [told("--data", each, "--strategy", "ema_cross", "--cash", "5000") for each in files]
    assert both["final_equity"] == pytest.approx(sum(each["final_equity"] for each in alone))
    named = f"bybit:ETH/USDT={files[1]}"
    third = told("--data", files[0], "--data", named, "--strategy", "buy_and_hold")
    assert third["symbols"] == ["BTC/USDT", "bybit:ETH/USDT"]
    twice = called("--data", files[0], files[0], "--strategy", "buy_and_hold")
    assert "binance:BTC/USDT comes twice" in twice.output


def test_funding_is_a_figure_of_its_own(tmp_path: Path) -> None:
    path = write(frame_of(BARS), tmp_path / "BTC_USDT.csv")
    rates = pd.DataFrame({"timestamp": frame_of(BARS)["ts"][100:103], "fundingRate": 0.001})
    given = write(rates, tmp_path / "rates.csv")
    data = ("--data", path, "--strategy", "buy_and_hold", "--fee", "0")
    free, paid = told(*data), told(*data, "--funding", given, "--export", tmp_path / "out")
    held = free["trades"][0]["amount"]
    due = sum(held * opened * 0.001 for opened in BARS.open[100:103])
    assert (free["funding"], paid["funding"]) == (0.0, pytest.approx(due))
    assert "<td>funding</td>" in (tmp_path / "out" / "report.html").read_text()
    assert pd.read_csv(tmp_path / "out" / "trades.csv")["funding"].sum() == pytest.approx(due)
    assert paid["final_equity"] == pytest.approx(free["final_equity"] - due)
    assert paid["baselines"]["buy_and_hold"] == pytest.approx(paid["total_return"])
    assert [rung["total_return"] for rung in paid["cost_ladder"][:3]] == [paid["total_return"]] * 3
    other = called(*data, "--funding", f"ETH/USDT={given}")
    assert "want one file for each of BTC/USDT" in other.output
    hybrid = called("--data", path, "--strategy", "hybrid", "--funding", given)
    assert "spot markets" in hybrid.output
