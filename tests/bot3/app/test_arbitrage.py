"""`python -m bot3 arbitrage` as its user sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot3.app.cli import cli
from tests.bot3.app.processes import bot3

ACTIVE = {
    "BOT3__EXCHANGES__ACTIVE": '["binance", "okx"]',
    "BOT3__EXCHANGES__SYMBOLS": '["BTC/USDT"]',
    "BOT3__SIMULATION__TAKER_FEE_RATE": "0.0002",
}

CHEAP = {
    "ts_ns": 1, "venue": "binance", "symbol": "BTC/USDT",
    "bids": [[50_000, 1]], "asks": [[50_010, 1], [50_020, 2]],
}  # fmt: skip
DEAR = {
    "ts_ns": 2, "venue": "okx", "symbol": "BTC/USDT",
    "bids": [["50200", "0.5"], ["50150", "1"]], "asks": [["50210", "1"]],
}  # fmt: skip


def lines_of(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def run(*arguments: str) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(cli, ["arbitrage", *arguments])
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_a_line_of_json_an_opportunity(tmp_path: Path) -> None:
    path = lines_of(tmp_path / "q.jsonl", CHEAP, DEAR)
    code, lines, _ = run("--quotes", path, "--json", "--fee", "0.0005")
    assert code == 0
    (body,) = map(json.loads, lines)
    assert (body["ts_ns"], body["kind"]) == (2, "cross_venue")
    buy, sell = body["legs"]
    assert (buy["venue"], buy["side"], sell["venue"], sell["side"]) == (
        "binance", "buy", "okx", "sell",
    )  # fmt: skip
    assert sell["amount"] == pytest.approx(1.5)
    paid = buy["amount"] * buy["price"]
    got = sell["amount"] * sell["price"] * 0.9995
    assert body["size_quote"] == pytest.approx(paid)
    assert body["profit_quote"] == pytest.approx(got - paid)
    assert body["net_bps"] == pytest.approx(1e4 * (got - paid) / paid)
    assert body["gross_bps"] == pytest.approx(body["net_bps"] + 10, abs=0.1)


def test_it_is_told_once_and_again_where_it_changed(tmp_path: Path) -> None:
    less = DEAR | {"ts_ns": 4, "bids": [[50_200, 0.5]]}
    gone = DEAR | {"ts_ns": 5, "bids": [[50_000, 0.5]]}
    back = less | {"ts_ns": 6}
    rows = (CHEAP, DEAR, DEAR | {"ts_ns": 3}, less, gone, back)
    path = lines_of(tmp_path / "q.jsonl", *rows)
    _, lines, _ = run("--quotes", path, "--json")
    assert [json.loads(line)["ts_ns"] for line in lines] == [2, 4, 6]


def test_fees_of_one_venue_balances_and_bounds(tmp_path: Path) -> None:
    path = lines_of(tmp_path / "q.jsonl", CHEAP, DEAR)
    assert run("--quotes", path, "--json", "--fee", "0", "--fee", "okx=0.01")[1] == []
    assert run("--quotes", path, "--json", "--min-bps", "500")[1] == []
    assert run("--quotes", path, "--json", "--max-age-s", "0.0000000001")[1] == []
    (line,) = run("--quotes", path, "--json", "--balance", "okx:BTC=0.1")[1]
    assert json.loads(line)["legs"][1]["amount"] == pytest.approx(0.1)
    (line,) = run("--quotes", path, "--json", "--max-size", "1000")[1]
    told = json.loads(line)
    assert told["size_quote"] + told["profit_quote"] == pytest.approx(1_000)


def test_what_is_left_when_the_orders_arrive(tmp_path: Path) -> None:
    gone = DEAR | {"ts_ns": 20_000_000, "bids": [[50_100, 5]]}
    far = CHEAP | {"ts_ns": 90_000_000}
    path = lines_of(tmp_path / "q.jsonl", CHEAP, DEAR, gone, far)
    _, lines, _ = run("--quotes", path, "--json", "--fee", "0", "--latency-ms", "50")
    first = json.loads(lines[0])
    assert first["net_bps"] > 0
    assert first["late_net_bps"] < 0
    _, lines, _ = run("--quotes", path, "--json", "--fee", "0", "--latency-ms", "10")
    assert json.loads(lines[0])["late_net_bps"] == pytest.approx(json.loads(lines[0])["net_bps"])


def test_people_read_how_often(tmp_path: Path) -> None:
    path = lines_of(tmp_path / "q.jsonl", CHEAP, DEAR)
    code, lines, _ = run("--quotes", path)
    assert code == 0
    assert "cross_venue" in lines[0]
    assert lines[-1].startswith("2 books of 2 instruments: 1 (50.00%) left something")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("nonsense", "q.jsonl:2"),
        ('{"ts_ns": 1}', "q.jsonl:2"),
        (json.dumps(DEAR | {"symbol": "BTCUSDT"}), "BASE/QUOTE"),
        (json.dumps(DEAR | {"bids": [["x", 1]]}), "q.jsonl:2"),
        (json.dumps(DEAR | {"bids": [[-1, 1]]}), "q.jsonl:2"),
        (json.dumps(DEAR | {"bids": [["nan", 1]]}), "q.jsonl:2"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: str, words: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(CHEAP) + "\n" + row + "\n")
    code, _, errors = run("--quotes", str(path))
    assert code == 1
    assert words in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fee", "x"), ("--fee", "1.5"), ("--fee", "okx="), ("--balance", "okx=1"),
        ("--balance", "okx:BTC=-1"), ("--balance", "okx:BTC=inf"),
    ],
)  # fmt: skip
def test_bad_options_are_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, _, errors = run("--quotes", lines_of(tmp_path / "q.jsonl", CHEAP), *arguments)
    assert code == 4
    assert arguments[1] in errors


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    code, _, errors = run("--quotes", str(tmp_path / "none.jsonl"))
    assert code == 1
    assert "none.jsonl" in errors


def test_the_configured_venues_books_now(tmp_path: Path) -> None:
    done = bot3("arbitrage", "--json", cwd=tmp_path, **ACTIVE)
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout.splitlines()[-1])
    assert body["data_source"].startswith("simulated")
    ways = {(row["symbol"], row["buy"], row["sell"]) for row in body["pairs"]}
    assert ways == {("BTC/USDT", "binance", "okx"), ("BTC/USDT", "okx", "binance")}
    for row in body["pairs"]:
        assert row["net_bps"] == pytest.approx(1e4 * (row["bid"] / row["ask"] * 0.9998**2 - 1))


def test_what_clears_is_told_as_it_comes(tmp_path: Path) -> None:
    """By a bound below all costs everything does."""
    arguments = ("--watch", "--duration", "1", "--json", "--min-bps", "-1000")
    done = bot3("arbitrage", *arguments, cwd=tmp_path, **ACTIVE)
    assert done.returncode == 0, done.stderr
    assert all(json.loads(line)["legs"] for line in done.stdout.splitlines())
