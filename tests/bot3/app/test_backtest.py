"""`bot3 backtest`: files of others, one clear line of each error, what it prints and exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from bot3.app.cli import cli
from bot3.domain.bars import Bars
from tests.bot3.app.processes import SHARED, bot3
from tests.bot3.backtest.making import wandering

BARS = wandering(400, 9)


def frame_of(bars: Bars) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ts": bars.open_ns // 1_000_000, "open": bars.open, "high": bars.high,
            "low": bars.low, "close": bars.close, "volume": bars.volume,
        }
    )  # fmt: skip


def called(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["backtest", *map(str, arguments)])


def told(*arguments: str | Path) -> dict[str, Any]:
    result = called(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert isinstance(found, dict)
    return found


def test_every_way_to_write_bars_gives_the_same(tmp_path: Path) -> None:
    frame = frame_of(BARS)
    dates = frame.rename(columns={"ts": "date"})
    dates["date"] = pd.to_datetime(frame["ts"], unit="ms", utc=True)
    frame.to_csv(tmp_path / "BTC_USDT-1m.csv", index=False)
    frame.to_parquet(tmp_path / "BTC_USDT-1m.parquet")
    dates.to_feather(tmp_path / "BTC_USDT-1m.feather")
    dump = frame.assign(closed=frame["ts"] + 59_999, **{str(n): 0 for n in range(5)})
    dump.to_csv(tmp_path / "BTCUSDT-1m-2023-11.csv", index=False, header=False)
    found = [
        told("--data", tmp_path / name, "--strategy", "ema_cross")
        for name in ("BTC_USDT-1m.csv", "BTC_USDT-1m.parquet", "BTC_USDT-1m.feather",
                     "BTCUSDT-1m-2023-11.csv")
    ]  # fmt: skip
    assert len({round(each["final_equity"], 6) for each in found}) == 1
    assert {each["bars"] for each in found} == {400}
    assert found[0]["symbols"] == ["BTC/USDT"]
    wanted = {
        "final_equity", "total_return", "orders", "trades", "max_drawdown", "sharpe", "sortino",
        "calmar", "profit_factor", "expectancy", "exposure", "bars", "events_per_s", "warnings",
    }  # fmt: skip
    assert wanted <= found[0].keys()
    assert {
        "entry_ns",
        "entry_price",
        "exit_ns",
        "exit_price",
        "amount",
        "fees",
        "pnl",
        "reason",
    } <= (found[0]["trades"][0].keys())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    frame_of(BARS).to_csv(tmp_path / "BTC_USDT-1m.csv", index=False)
    return tmp_path / "BTC_USDT-1m.csv"


def test_costs_and_parameters_are_those_given(file: Path) -> None:
    base = told("--data", file, "--strategy", "ema_cross", "--set", "fast=3", "--set", "slow=9")
    free = told(
        "--data",
        file,
        "--strategy",
        "ema_cross",
        "--set",
        "fast=3",
        "--set",
        "slow=9",
        "--fee",
        "0",
    )
    assert free["final_equity"] > base["final_equity"]
    rungs = {
        (each["costs"], each["bars_late"]): each["total_return"] for each in base["cost_ladder"]
    }
    assert rungs[0.0, 0] == pytest.approx(free["total_return"])
    assert rungs[1.0, 0] == pytest.approx(base["total_return"])
    assert rungs[2.0, 0] < rungs[1.0, 0]
    held = told("--data", file, "--strategy", "buy_and_hold")
    assert base["baselines"]["buy_and_hold"] == pytest.approx(held["total_return"])
    assert base["sharpe"] is None
    assert any("nothing is annualized" in words for words in base["warnings"])


def test_a_part_of_the_time(file: Path) -> None:
    day = pd.Timestamp(int(BARS.open_ns[0]), tz="UTC").strftime("%Y%m%d")
    after = pd.Timestamp(int(BARS.open_ns[0]), tz="UTC") + pd.Timedelta(minutes=100)
    whole = told("--data", file, "--strategy", "buy_and_hold", "--timerange", f"{day}-")
    part = told(
        "--data", file, "--strategy", "buy_and_hold", "--timerange", f"{after.isoformat()[:19]}.."
    )
    assert (whole["bars"], part["bars"]) == (400, 300)


def test_what_is_exported_is_what_is_printed(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = told("--data", file, "--strategy", "ema_cross", "--export", out)
    equity = pd.read_parquet(out / "equity.parquet")
    assert equity["equity"].iloc[-1] == pytest.approx(found["final_equity"])
    assert len(pd.read_csv(out / "trades.csv")) == len(found["trades"])
    page = (out / "report.html").read_text()
    for word in (
        "ema_cross on BTC/USDT",
        "Drawdown",
        "Cost ladder",
        "buy_and_hold",
        "<svg",
        "Months",
    ):
        assert word in page
    assert "http" not in page.replace("http-equiv", "")
    again = CliRunner().invoke(cli, ["stats", "--equity", str(out / "equity.parquet"), "--json"])
    assert json.loads(again.output)["total_return"] == pytest.approx(
        found["total_return"], abs=1e-9
    )


OWN = '''
import numpy as np
from bot3.backtest.strategies import Parameter

class Dip:
    """Long after a fall of so much in a bar."""
    name = "dip"
    parameters = {"fall": Parameter(0.002, 0.0, 0.5)}
    def __init__(self, fall):
        self.fall = fall
    def targets(self, bars):
        moved = np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))
        return (moved < -self.fall).astype(float)
'''


def test_a_strategy_of_one_s_own(file: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    found = told("--data", file, "--strategy", tmp_path / "mine.py", "--set", "fall=0.003")
    assert found["strategy"] == "dip"
    assert found["orders"] > 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--strategy", "ema_corss"), "want hybrid, buy_and_hold, ema_cross, a file"),
        (("--strategy", "none.py"), "no such file"),
        (("--strategy", "hybrid", "--set", "fast=5"), "has no parameters"),
        (("--strategy", "ema_cross", "--set", "fast"), "want NAME=NUMBER"),
        (("--strategy", "ema_cross", "--set", "speed=3"), "has no parameter 'speed'"),
        (("--strategy", "buy_and_hold", "--timerange", "yesterday"), "want 20230101-20230301"),
        (("--strategy", "buy_and_hold", "--timerange", "2001-2002"), "0 bars in 2001-2002"),
    ],
)
def test_what_cannot_be_is_one_line(file: Path, arguments: tuple[str, ...], words: str) -> None:
    result = called("--data", file, *arguments)
    assert result.exit_code in {1, 4}
    assert words in result.output
    assert "Traceback" not in result.output


def test_flawed_data_are_refused_or_repaired(tmp_path: Path) -> None:
    frame = frame_of(BARS)
    frame.loc[5, "close"] = -1.0
    pd.concat([frame.iloc[:8], frame.iloc[7:]]).to_csv(tmp_path / "BTC_USDT.csv", index=False)
    refused = called("--data", tmp_path / "BTC_USDT.csv", "--strategy", "buy_and_hold")
    assert refused.exit_code == 1
    assert "close is not positive (the first is row 6)" in refused.output
    assert "its time comes twice" in refused.output
    mended = told("--data", tmp_path / "BTC_USDT.csv", "--strategy", "buy_and_hold", "--repair")
    assert mended["bars"] == 399
    assert any("mended" in words for words in mended["warnings"])


def test_files_that_are_none(tmp_path: Path, file: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for name, words in (
        ("no.csv", "no such file"),
        ("empty.csv", "empty"),
        ("other.csv", "it has a, b"),
    ):
        result = called("--data", tmp_path / name, "--strategy", "buy_and_hold")
        assert (result.exit_code, words in result.output) == (1, True), result.output
    twice = called("--data", file, "--data", file, "--strategy", "buy_and_hold")
    assert "comes twice" in twice.output


def test_trades_of_a_file_are_ticks(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    price = 100.0 * np.exp(np.cumsum(dice.normal(0.0, 0.001, 2_000)))
    times = 1_700_000_000_000 + np.sort(dice.integers(0, 10**7, 2_000))
    side = np.where(dice.random(2_000) < 0.5, "buy", "sell")
    frame = pd.DataFrame({"timestamp": times, "price": price, "amount": 1.0, "side": side})
    frame.to_csv(tmp_path / "BTC_USDT-trades.csv", index=False)
    data = ("--data", str(tmp_path / "BTC_USDT-trades.csv"), "--json")
    done = bot3("backtest", *data, "--strategy", "ema_cross", "--export", "out", cwd=tmp_path)
    body = json.loads(done.stdout)
    assert body["ticks"] == 2_000
    assert "bars" not in body
    assert body["orders"] > 20
    late = bot3("backtest", *data, "--strategy", "ema_cross", "--latency-ms", "20000", cwd=tmp_path)
    assert json.loads(late.stdout)["final_equity"] != body["final_equity"]


def test_a_file_may_be_named_as_it_likes(tmp_path: Path) -> None:
    bars = wandering(300, 1)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    pd.DataFrame({"timestamp": bars.open_ns // 1_000_000, **columns}).to_csv(
        tmp_path / "my bars-1.csv", index=False
    )
    done = bot3(
        "backtest", "--data", "my bars-1.csv", "--strategy", "ema_cross", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["symbols"] == ["my bars-1"]


RECORDED = SHARED / "data/l2/binance-usdm-btcusdt_20240808.zst"
FADE = """
from bot3.backtest.book_events import Wish
from bot3.domain.values import Side


class Fade:
    name, parameters = "fade", {}

    def decide(self, now_ns, quote, held, cash):
        return Wish(Side.SELL, held) if held else None
"""


@pytest.mark.skipif(not RECORDED.exists(), reason="needs the recorded data beside this checkout")
def test_a_recorded_book_fills_as_hftbacktest_does(tmp_path: Path) -> None:
    """hftbacktest's queue models fill 66 to 75 of 138; the mid is then .95 bps lower."""
    data = ("--data", str(RECORDED), "--json", "--fee", "0")
    given = ("--strategy", "join_bid", "--set", "share=0.007", "--export", "out")
    done = bot3("backtest", *data, *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert 66 / 138 - 0.05 <= body["fill_rate"] <= 75 / 138 + 0.05
    assert -0.95 * 1.15 <= body["adverse_bps"] <= -0.95 * 0.85
    assert [rung["costs"] for rung in body["cost_ladder"]] == [0.0, 1.0, 2.0]
    assert (tmp_path / "out" / "report.html").exists()
    (tmp_path / "fade.py").write_text(FADE)
    still = bot3("backtest", *data, "--strategy", "fade.py", cwd=tmp_path)
    assert json.loads(still.stdout)["orders"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--strategy", "ema_cross"), "order books have join_bid"),
        (("--strategy", "join_bid", "--slippage-bps", "1"), "leave it out"),
        (("--strategy", "join_bid", "--set", "wait_s=0"), "wait_s"),
        (("--strategy", "join_bid", "--timerange", "20240101-"), "alone, and whole"),
    ],
)
def test_what_a_book_cannot_do_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "BTCUSDT.jsonl").write_text(
        '1 {"lastUpdateId": 1, "bids": [["100", "1"]], "asks": [["101", "1"]]}\n'
    )
    done = bot3("backtest", "--data", "BTCUSDT.jsonl", *arguments, cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    assert words in done.stderr
