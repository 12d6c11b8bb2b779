"""`python -m bot3 doctor`: what it finds, and what it says to do."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bot3.app.processes import bot3

ALL = {"BOT3__EXCHANGES__ACTIVE": '["binance","okx","bybit"]'}
CHECKS = ("clock", "filters", "keys", "market data", "private stream", "dead-man's switch")


def test_every_embedded_venue_is_healthy(tmp_path: Path) -> None:
    done = bot3("doctor", "--json", cwd=tmp_path, **ALL)
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert body["is_good"]
    found = [(each["venue"], each["check"]) for each in body["findings"] if each["is_good"]]
    wanted = [(venue, check) for venue in ("binance", "okx", "bybit") for check in CHECKS]
    assert found == [("-", "configuration"), *wanted]
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_comes_with_advice_and_without_a_secret(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        '[exchanges]\nactive = ["binance", "okx"]\n'
        '[venues.binance]\nmode = "custom"\nrest_url = "http://127.0.0.1:9"\n'
        'ws_url = "ws://127.0.0.1:9/stream"\nprivate_ws_url = "ws://127.0.0.1:9/ws"\n'
        '[venues.okx]\nmode = "demo"\n'
    )
    keys = {"BOT3_BINANCE_KEY": "akeyof8", "BOT3_BINANCE_SECRET": "asecretof9"}
    done = bot3("doctor", "-c", "bad.toml", "--deadline", "3", cwd=tmp_path, **keys)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    failed = [line.split()[1:3] for line in lines if line.startswith("FAIL")]
    assert failed == [
        ["binance", "clock"],
        ["binance", "filters"],
        ["binance", "keys"],
        ["binance", "market"],
        ["binance", "private"],
        ["okx", "keys"],
    ]
    assert sum("→" in line for line in lines) == len(failed)
    assert "BOT3_OKX_KEY and BOT3_OKX_SECRET and BOT3_OKX_PASSPHRASE" in done.stdout
    assert not any(text in done.stdout + done.stderr for text in keys.values())
