"""`bot3 stats`: files of other tools, errors with their place, and a journal of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from bot3.app.cli import cli
from bot3.domain.ids import RunId
from bot3.domain.values import Side
from bot3.messages.control import EquityMarked, SessionStarted
from bot3.messages.orders import OrderFilled
from bot3.portfolio.drawdown import DAY_NS
from bot3.services.storage import JournalStore
from tests.bot3.making import START_NS, d, make_fill

RETURNS = np.random.default_rng(7).normal(0.001, 0.02, 120)


def told(*arguments: str | Path) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["stats", *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert isinstance(found, dict)
    return found


def written(path: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(path, index=False)
    return path


def test_every_way_to_write_an_equity_curve_says_the_same(tmp_path: Path) -> None:
    equity = np.cumprod(np.append(1.0, 1.0 + RETURNS)) * 1e4
    days = pd.date_range("2024-03-01", periods=len(equity), tz="UTC")
    seconds = days.as_unit("s").astype("int64")
    files = [
        written(tmp_path / "a.csv", pd.DataFrame({"date": days.date, "equity": equity})),
        written(tmp_path / "b.csv", pd.DataFrame({"Timestamp": days, "Balance": equity})),
        written(tmp_path / "c.csv", pd.DataFrame({"time": seconds * 1000, "value": equity})),
        written(tmp_path / "d.csv", pd.DataFrame({"ts": seconds, "nav": equity})),
        written(tmp_path / "e.csv", pd.DataFrame({"date": days.date[1:], "return": RETURNS})),
    ]
    pd.DataFrame({"date": days, "equity": equity}).to_parquet(tmp_path / "f.parquet")
    np.savetxt(tmp_path / "g.csv", equity)
    files += [tmp_path / "f.parquet", tmp_path / "g.csv"]
    found = [told("--equity", file) for file in files]
    assert {each["days"] for each in found} == {120}
    for name in ("sharpe", "sortino", "calmar", "total_return", "probabilistic_sharpe"):
        assert [each[name] for each in found] == pytest.approx([found[0][name]] * len(found))
    assert found[0]["first_day"] == found[2]["first_day"] == found[4]["first_day"] == "2024-03-01"
    low, high = found[0]["intervals"]["sharpe"]
    assert low < found[0]["sharpe"] < high


def test_more_trials_leave_less_of_a_ratio(tmp_path: Path) -> None:
    file = written(tmp_path / "r.csv", pd.DataFrame({"return": RETURNS + 0.002}))
    one, many = told("--equity", file), told("--equity", file, "--trials", "100")
    assert one["deflated_sharpe"] == one["probabilistic_sharpe"] > many["deflated_sharpe"]


def test_trials_of_a_file_say_how_likely_overfitting_is(tmp_path: Path) -> None:
    table = np.random.default_rng(1).normal(0.0, 0.01, (100, 12))
    names = [f"trial {number}" for number in range(12)]
    file = written(tmp_path / "t.csv", pd.DataFrame(table, columns=names))
    assert told("--trials-file", file)["overfitting"]["splits"] == 252


def test_trades(tmp_path: Path) -> None:
    file = written(tmp_path / "t.csv", pd.DataFrame({"pnl": [2.0, -1.0], "symbol": ["A", "B"]}))
    assert told("--trades", file)["trades"]["profit_factor"] == 2.0
    assert told("--equity", file)["trades"]["trades"] == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "columns a, b: want one of equity"),
        ("date,equity\n2024-01-01,5\nsoon,6\n", "row 2: date 'soon' is not a time"),
        ("date,equity\n2024-01-01,5\n2024-01-02,x\n", "row 2: equity 'x' is not a number"),
        ("date,equity\n2024-01-02,5\n2024-01-01,6\n", "row 2: its time is before"),
        ("date,equity\n2024-01-02,5\n2024-01-03,-6\n", "row 2: equity -6.0"),
        ("time,equity\n5,5\n6,6\n", "time 5: no time since 1970"),
        ("", "cannot be read as a table"),
        ("equity\n", "no rows"),
    ],
)
def test_a_file_that_says_nothing_is_refused_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "x.csv").write_text(text)
    result = CliRunner().invoke(cli, ["stats", "--equity", str(tmp_path / "x.csv")])
    assert result.exit_code == 1
    assert words in result.output


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["stats", "--equity", str(tmp_path / "none.csv")])
    assert (result.exit_code, "no such file" in result.output) == (1, True)


def test_without_a_file_the_journal_says_it(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journal.sqlite")
    store.append(
        (
            SessionStarted(RunId("testrun1"), "mine", "hash", "simulated", START_NS),
            EquityMarked(d(1000), d(1000), 0.0, START_NS, d(0)),
            OrderFilled(make_fill("1", 1, amount="1", price="100", fee=d(1))),
            OrderFilled(make_fill("2", 2, amount="0.5", price="110", fee=d(0), side=Side.SELL)),
            EquityMarked(d(1004), d(1004), 0.0, START_NS + 1, d("50.2")),
            OrderFilled(make_fill("3", 3, amount="0.5", price="112", fee=d(0), side=Side.SELL)),
            EquityMarked(d(1010), d(1010), 0.0, START_NS + DAY_NS, d(0)),
        ),
        sync=False,
    )
    store.close()
    found = told("--userdir", tmp_path)
    assert (found["source"], found["days"], found["sharpe"]) == ("simulated", 1, None)
    assert found["total_return"] == pytest.approx(0.01)
    assert found["trades"]["profit"] == pytest.approx(10.0)
    assert (found["trades"]["trades"], found["trades"]["win_rate"]) == (1, 1.0)  # a round trip
    assert found["turnover_per_day"] == pytest.approx((155 / 1000 + 56 / 1004) / 2)
    assert found["exposure"] == pytest.approx(0.05 / 3)
