"""`python -m bot3 venue`: what it prints, whom it lets in, how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.binance.signing import signed_query
from adapters.net.credentials import Credentials
from bot3.app.venues import EmbeddedVenue
from supervisors.clock import SystemClock
from tests.bot3.app.processes import bot3, one_error_line, start

SECRETS = {"ONE_SECRET": "0123456789abcdef", "TWO_SECRET": "fedcba9876543210"}


def first_line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline()


def account(url: str, key: str, secret: str) -> httpx.Response:
    now_ms = SystemClock().now_ns() // 1_000_000
    query = signed_query(Credentials(key, secret), {"timestamp": now_ms})
    return httpx.get(f"{url}/api/v3/account?{query}", headers={"X-MBX-APIKEY": key}, timeout=10.0)


def balances(reply: httpx.Response) -> dict[str, float]:
    rows: list[dict[str, Any]] = reply.json()["balances"]
    return {row["asset"]: float(row["free"]) for row in rows}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_json_line_once_it_serves_and_an_end_in_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    running = start("venue", "--json", "--seed", "7", cwd=tmp_path)
    try:
        told = json.loads(first_line(running))
        (made,) = told["accounts"]
        reply = account(told["venues"]["binance"]["rest_url"], made["api_key"], made["api_secret"])
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert balances(reply) == {"USDT": 10_000}
    assert told["seed"] == 7
    assert told["venues"]["binance"]["private_ws_url"].endswith("/ws-api/v3")
    assert (out, err) == ("", "")
    assert running.returncode == 0
    assert list(tmp_path.iterdir()) == []  # it leaves nothing behind


def test_each_given_key_is_an_account_and_its_secret_is_not_repeated(tmp_path: Path) -> None:
    keys = ("--key", "keynumber1", "--secret-env", "ONE_SECRET")
    more = ("--key", "keynumber2", "--secret-env", "TWO_SECRET")
    running = start(
        "venue", "--json", *keys, *more, cwd=tmp_path, BOT3__SYSTEM__CAPITAL="77", **SECRETS
    )
    try:
        line = first_line(running)
        url = json.loads(line)["venues"]["binance"]["rest_url"]
        first = account(url, "keynumber1", SECRETS["ONE_SECRET"])
        second = account(url, "keynumber2", SECRETS["TWO_SECRET"])
        swapped = account(url, "keynumber2", SECRETS["ONE_SECRET"])
    finally:
        running.kill()
        running.communicate()
    assert balances(first) == balances(second) == {"USDT": 77}
    assert first.json()["uid"] != second.json()["uid"]
    assert swapped.json()["code"] == -1022
    assert not any(secret in line for secret in SECRETS.values())


def test_people_are_told_how_to_trade_there(tmp_path: Path) -> None:
    running = start("venue", cwd=tmp_path)
    try:
        told = [first_line(running)]
        while not told[-1].endswith("python -m bot3\n"):
            told.append(first_line(running))
            assert told[-1], told
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    finally:
        running.kill()
    assert told[0].startswith("simulated: BTC/USDT")
    words = "".join(told)
    mode = "BOT3__VENUES__BINANCE__MODE=simulated"
    for name in (mode, "REST_URL=http://127.0.0.1:", "secret demo-secret"):
        assert name in words


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = bot3("venue", "--binance-port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert str(port) in one_error_line(done)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--key", "keynumber1"), "--secret-env"),
        (("--key", "keynumber1", "--secret-env", "NO_SECRET"), "NO_SECRET"),
        (("--key", "abc", "--secret-env", "ONE_SECRET"), "abc"),
        (("--key", "keynumber1", "--secret-env", "ONE_SECRET") * 2, "twice"),
    ],
)
def test_keys_that_cannot_work_are_refused_before_it_listens(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = bot3("venue", *arguments, cwd=tmp_path, **SECRETS)
    assert done.returncode == 4
    assert words in one_error_line(done)


def test_an_address_with_colons_is_a_url_too() -> None:
    urls = EmbeddedVenue("::1", 9001, "k", "s").urls
    assert urls["rest_url"] == "http://[::1]:9001"


def ended(running: subprocess.Popen[str]) -> str:
    """Asks it to end; what it had printed."""
    running.send_signal(signal.SIGINT)
    return running.communicate(timeout=30)[0]


def test_the_written_configuration_trades_there(tmp_path: Path) -> None:
    """When it trades is the market's matter, so it is asked for until it has."""
    there = start("venue", "--json", "--write-config", "there.toml", cwd=tmp_path)
    try:
        told = json.loads(first_line(there))
        (demo,) = told["accounts"]
        keys = told["venues"]["binance"]["rest_url"], demo["api_key"], demo["api_secret"]
        trading = start("trade", "-c", "there.toml", "--duration", "90", "--json", cwd=tmp_path)
        try:
            while trading.poll() is None and set(balances(account(*keys))) == {"USDT"}:
                time.sleep(0.5)
            summary = json.loads(ended(trading))
        finally:
            trading.kill()
    finally:
        there.kill()
        there.communicate()
    assert trading.returncode == 0
    assert (demo["api_key"], demo["passphrase"]) == ("demo", "demo-pass")
    assert summary["fills"] > 0


def test_a_configuration_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    done = bot3("venue", "--write-config", "no/such/place.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "no/such/place.toml" in one_error_line(done)
