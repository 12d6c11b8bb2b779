"""Whole sessions as processes: they trade, replay, stop in order. Slow ones run side by side."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot3.app.run import JOURNAL_NAME
from bot3.messages.control import SessionEnded, SessionStarted
from bot3.messages.orders import IntentRecorded
from bot3.portfolio.recovery import Recovery
from bot3.services.storage import JournalStore
from tests.bot3.app.processes import SHARED, TIMEOUT_S, bot3, one_error_line, start

L2 = SHARED / "data/l2/binance-spot-ethusdt_20240809.zst"
BARS = SHARED / "data/ohlcv/binance-BTC_USDT-1m-2023.parquet"
PATIENCE_S = 60.0
Summaries = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def summary_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Summaries]:
    """Starts every session at once; asked for one, waits for its JSON object."""

    def session(name: str, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        directory = tmp_path_factory.mktemp(name)
        return start("--json", "--userdir", "state", *arguments, cwd=directory, **extra)

    running = {"simulated": session("simulated", "--duration", "40", "--check-replay")}
    if L2.exists():
        # Technical analysis alone: the blend finds, rightly, that nothing here pays its costs.
        running["l2"] = session(
            "l2", "--duration", "90", "--replay", str(L2),
            BOT3__TA_ML_SPLIT__TA_WEIGHT="1.0", BOT3__TA_ML_SPLIT__ML_WEIGHT="0.0",
            BOT3__TA_ML_SPLIT__ADAPTIVE="false",
        )  # fmt: skip
    if BARS.exists():
        running["bars"] = session("bars", "--duration", "50", "--replay", str(BARS))

    def wait(name: str) -> dict[str, Any]:
        if name not in running:
            pytest.skip("the recorded data of ../shared is not here")
        out, err = running[name].communicate(timeout=TIMEOUT_S)
        assert running[name].returncode == 0, err
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found

    yield wait
    for process in running.values():
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], words: str) -> bool:
    """Reads what it prints until the words come; a line comes at least every five seconds."""
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE_S
    for line in process.stdout:
        if words in line:
            return True
        if time.monotonic() > deadline:
            break
    return False


def assert_nothing_is_left(journal: Path) -> None:
    """The journal was flushed to its end, and every order of it is final, every fill seen."""
    store = JournalStore(journal)
    records = [stored.record for stored in store.read_all()]
    store.close()
    started, ended = records[0], records[-1]
    assert isinstance(started, SessionStarted)
    assert isinstance(ended, SessionEnded)
    assert any(isinstance(record, IntentRecorded) for record in records)
    recovery = Recovery(started.account)
    recovery.fold(records)
    assert recovery.orders() == ()


def test_trades_and_prints_one_json_object_last(summary_of: Summaries) -> None:
    summary = summary_of("simulated")
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
    assert summary["replayed"]["said"] > 1_000
    assert summary["replayed"]["difference"] == ""


def test_interrupt_stops_in_order_and_a_second_copy_is_refused(tmp_path: Path) -> None:
    running = start(cwd=tmp_path)
    try:
        assert until(running, "filled: ")
        second = bot3("--duration", "1", cwd=tmp_path)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert second.returncode == 1
    assert "another bot3" in one_error_line(second)
    assert running.returncode == 0, err
    assert "Traceback" not in err
    assert re.search(r"equity +10,000.00 to ", out)
    assert_nothing_is_left(tmp_path / "user_data" / JOURNAL_NAME)


def test_trades_through_a_recorded_order_book(summary_of: Summaries) -> None:
    summary = summary_of("l2")
    assert "ethusdt" in summary["data_source"].lower()
    assert summary["data_source"].startswith("replayed")
    assert summary["events"] > 500
    assert summary["signals"] > 50
    assert summary["fills"] >= 1
    assert summary["fees_paid"] > 0


def test_trades_through_recorded_bars(summary_of: Summaries) -> None:
    summary = summary_of("bars")
    assert summary["data_source"].startswith("replayed")
    assert summary["signals"] > 5
    assert summary["fills"] >= 1


def test_the_end_of_a_recording_is_told(tmp_path: Path) -> None:
    rows = [f"{1_679_004_900_000 + n * 60_000},100,101,99,100,5" for n in range(10)]
    (tmp_path / "ETH_BTC.csv").write_text("\n".join(["ts,open,high,low,close,volume", *rows]))
    running = start("--replay", "ETH_BTC.csv", cwd=tmp_path)
    try:
        assert until(running, "the recording is over")
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == 0, err
    assert "10,000.00 to 10,000.00 BTC" in out


def test_a_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    running = start(cwd=tmp_path)
    try:
        assert until(running, "ready to trade")
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert "Traceback" not in err
    assert running.returncode in {0, 130}  # 0 where the orderly stop was faster
