"""`python -m bot3` as a user meets it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("BOT3_SHARED", ROOT.parent / "shared"))
TIMEOUT_S = 120


def environment(**extra: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BOT3")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "BOT3__TELEMETRY__PORT": "0",
        "BOT3__SYSTEM__SEED": "28",
        **extra,
    }


def bot3(*arguments: str, cwd: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot3", *arguments],
        cwd=cwd,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def one_error_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def summary_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def test_trades_and_prints_one_json_object_last(tmp_path: Path) -> None:
    summary = summary_of(bot3("--duration", "30", "--json", cwd=tmp_path))
    assert summary["events"] > 100
    assert summary["signals"] > 10
    assert summary["fills"] >= 1
    assert sum(summary["orders"].values()) >= 1
    assert set(summary) >= {"denials", "restarts", "config_hash", "data_source", "max_drawdown"}
    assert summary["equity_start"] == pytest.approx(10_000, rel=1e-6)
    assert 9_000 < summary["equity_end"] < 11_000
    assert 0 < summary["tick_to_order_us"]["p50"] <= summary["tick_to_order_us"]["p99"]
    venue = summary["venues"]["binance"]
    assert venue["connected"] is True
    assert 0 <= venue["book_age_ms"] < 5_000
    assert (tmp_path / "user_data").is_dir()


def test_interrupt_stops_in_order_and_a_second_copy_is_refused(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "bot3"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("user_data/*")) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(8)
        second = bot3("--duration", "1", cwd=tmp_path)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert second.returncode == 1
    assert "another bot3" in one_error_line(second)
    assert running.returncode == 0, err
    assert "Traceback" not in err
    assert re.search(r"equity", out, re.IGNORECASE)


def test_trades_through_a_recorded_order_book(tmp_path: Path) -> None:
    """With technical analysis alone: the blend finds that nothing here pays its costs, rightly."""
    recording = SHARED / "data/l2/binance-spot-ethusdt_20240809.zst"
    if not recording.exists():
        pytest.skip("the recorded data of ../shared is not here")
    summary = summary_of(
        bot3(
            "--replay",
            str(recording),
            "--duration",
            "85",
            "--json",
            cwd=tmp_path,
            BOT3__TA_ML_SPLIT__TA_WEIGHT="1.0",
            BOT3__TA_ML_SPLIT__ML_WEIGHT="0.0",
            BOT3__TA_ML_SPLIT__ADAPTIVE="false",
        )
    )
    assert "ethusdt" in summary["data_source"].lower()
    assert summary["data_source"].startswith("replayed")
    assert summary["events"] > 500
    assert summary["signals"] > 50
    assert summary["fills"] >= 1
    assert summary["fees_paid"] > 0


def test_trades_through_recorded_bars(tmp_path: Path) -> None:
    recording = SHARED / "data/ohlcv/binance-BTC_USDT-1m-2023.parquet"
    if not recording.exists():
        pytest.skip("the recorded data of ../shared is not here")
    summary = summary_of(
        bot3("--replay", str(recording), "--duration", "40", "--json", cwd=tmp_path)
    )
    assert summary["data_source"].startswith("replayed")
    assert summary["signals"] > 5
    assert summary["fills"] >= 1


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


def test_an_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    assert bot3("--nonsense", cwd=tmp_path).returncode == 2


def test_show_config_says_where_a_value_came_from(tmp_path: Path) -> None:
    done = bot3("show-config", cwd=tmp_path, BOT3__RISK__MAX_DRAWDOWN="0.1")
    assert done.returncode == 0
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("risk.max_drawdown")]
    assert "0.1" in line
    assert "BOT3__RISK__MAX_DRAWDOWN" in line
