"""`python -m bot3` as a user meets it: what it refuses, in which words, with which exit code."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot3.app.processes import TIMEOUT_S, bot3, environment, one_error_line


def test_help_needs_no_heavy_library(tmp_path: Path) -> None:
    probe = (
        "import sys, bot3.app.cli as c\n"
        "try: c.cli(['--help'])\n"
        "except SystemExit as end: print(end.code)\n"
        "print([m for m in ('numba', 'river', 'talib', 'pandas') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    assert "--duration" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["0", "[]"]


def test_a_bad_configuration_names_every_problem_and_exits_4(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('[risk]\nmax_drawdwn = 0.1\nmax_position_size = "lots"\n')
    done = bot3("-c", str(config), cwd=tmp_path, BOT3__SYSTEM__CAPITAL="-5")
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    for word in ("risk.max_drawdwn", "risk.max_position_size", "lots", "system.capital", "-5"):
        assert word in done.stderr


def test_a_missing_configuration_is_one_line(tmp_path: Path) -> None:
    done = bot3("-c", "nowhere.toml", cwd=tmp_path)
    assert done.returncode == 4
    assert "nowhere.toml" in one_error_line(done)


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = bot3("--duration", "1", cwd=tmp_path, BOT3__TELEMETRY__PORT=str(port))
    assert done.returncode == 1
    line = one_error_line(done)
    assert str(port) in line
    assert "telemetry" in line


@pytest.mark.parametrize("size", [0, 100, 20_000])
def test_a_full_disk_is_one_line_at_the_start_and_later(tmp_path: Path, size: int) -> None:
    script = (
        "import resource, sys; from bot3.__main__ import main\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        "sys.argv = ['bot3', '--duration', '60', '--json']; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1
    assert "free the disk" in one_error_line(done)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.csv", None, "missing.csv"),
        ("wrong.csv", b"time,price\n1,2\n", "open"),
        ("empty.csv", b"", "empty"),
        ("cut.zst", bytes.fromhex("28b52ffd0458"), "cut.zst"),
    ],
)
def test_a_bad_replay_file_is_one_line(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = bot3("--replay", name, "--duration", "1", cwd=tmp_path)
    assert done.returncode == 1
    line = one_error_line(done)
    assert words in line


def test_verbose_shows_the_traceback(tmp_path: Path) -> None:
    done = bot3("--replay", "missing.csv", "-v", "--duration", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_an_unknown_or_misplaced_option_is_a_usage_error(tmp_path: Path) -> None:
    assert bot3("--nonsense", cwd=tmp_path).returncode == 2
    misplaced = bot3("-c", "mine.toml", "trade", cwd=tmp_path)
    assert misplaced.returncode == 2
    assert "after the command" in misplaced.stderr


def test_show_config_says_where_a_value_came_from(tmp_path: Path) -> None:
    done = bot3("show-config", cwd=tmp_path, BOT3__RISK__MAX_DRAWDOWN="0.1")
    assert done.returncode == 0
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("risk.max_drawdown")]
    assert "0.1" in line
    assert "BOT3__RISK__MAX_DRAWDOWN" in line


def test_a_route_is_planned_over_the_venues_and_nothing_is_sent(tmp_path: Path) -> None:
    venues = {"BOT3__EXCHANGES__ACTIVE": '["binance","okx"]'}
    order = ("route", "--side", "buy", "--symbol", "BTC/USDT")
    done = bot3(*order, "--amount", "15", "--unfunded", "--json", cwd=tmp_path, **venues)
    found = json.loads(done.stdout)
    assert {child["venue"] for child in found["children"]} == {"binance", "okx"}
    assert sum(child["amount"] for child in found["children"]) == pytest.approx(found["amount"])
    assert found["amount"] + found["unrouted"] == pytest.approx(15)
    assert list(tmp_path.iterdir()) == []
    assert bot3(*order, "--amount", "x", cwd=tmp_path).returncode == 2
    unknown = bot3("route", "--side", "buy", "--symbol", "A/B", "--amount", "1", cwd=tmp_path)
    assert (unknown.returncode, "exchanges.symbols" in one_error_line(unknown)) == (4, True)
