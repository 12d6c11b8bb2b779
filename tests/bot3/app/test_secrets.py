"""No key, secret, passphrase or signature is written anywhere, whatever goes wrong."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.bot3.app.processes import bot3, start

KEY, SECRET, PHRASE = "keyOfNobody77", "secretOfNobody88", "phraseOfNobody99"
# Nobody listens there.
HOOK = "hookOfNobody66"
NAMES = ("BINANCE", "OKX", "BYBIT")
# Hexadecimal of 32 bytes, or base64 of them: what a signature looks like.
SIGNATURE = re.compile(rb"\b[0-9a-f]{64}\b|[A-Za-z0-9+/]{43}=")
DIGESTS = re.compile(rb'"(?:config_hash|journal_sha256|trace_sha256)": "[0-9a-f]+"')


def environ(secret: str) -> dict[str, str]:
    """Keys for every venue, and a log that keeps everything."""
    found = {"BOT3__SYSTEM__LOG_LEVEL": "debug"}
    found["BOT3__ALERTS__WEBHOOK_URL"] = f"http://127.0.0.1:9/{HOOK}"
    for name in NAMES:
        found |= {f"BOT3_{name}_KEY": KEY, f"BOT3_{name}_SECRET": secret}
        found[f"BOT3_{name}_PASSPHRASE"] = PHRASE if secret == SECRET else "demo-pass"
    return found


def written(directory: Path, *done: subprocess.CompletedProcess[str]) -> bytes:
    """All that a run left behind or said."""
    told = [f"{each.stdout}{each.stderr}".encode() for each in done]
    files = [path.read_bytes() for path in directory.rglob("*") if path.is_file()]
    return b"\n".join([*told, *(each for each in files if b"[venues." not in each)])


def assert_silent(everything: bytes, *secrets: str) -> None:
    for secret in secrets:
        assert secret.encode() not in everything
    assert not SIGNATURE.findall(DIGESTS.sub(b"", everything))


def served(directory: Path, *arguments: str, **extra: str) -> subprocess.Popen[str]:
    running = start(
        "venue", "--json", "--write-config", "there.toml", *arguments, cwd=directory, **extra
    )
    assert running.stdout is not None
    json.loads(running.stdout.readline())
    return running


def test_a_session_writes_none_of_them(tmp_path: Path) -> None:
    keys = ("--key", KEY, "--secret-env", "BOT3_BINANCE_SECRET")
    running = served(tmp_path, *keys, **environ(SECRET))
    given = environ(SECRET) | {"BOT3_OKX_PASSPHRASE": "demo-pass"}
    for name in NAMES:
        given[f"BOT3__VENUES__{name}__SECRET_ENV"] = f"BOT3_{name}_SECRET"
    try:
        done = bot3(
            "trade", "-v", "-c", "there.toml", "--duration", "8", "--json", cwd=tmp_path, **given
        )
    finally:
        running.kill()
        running.communicate()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"] > 0
    assert_silent(written(tmp_path, done), KEY, SECRET, HOOK)


def test_neither_do_the_errors(tmp_path: Path) -> None:
    """Refused keys, servers that are not there, a configuration that is wrong."""
    running = served(tmp_path)
    given = environ(SECRET)
    asked = ("-v", "-c", "there.toml", "--deadline", "4")
    for name in NAMES:
        given[f"BOT3__VENUES__{name}__MODE"] = "custom"
    try:
        examined = bot3("doctor", *asked, cwd=tmp_path, **given)
        refused = bot3("trade", "-v", "-c", "there.toml", "--duration", "3", cwd=tmp_path, **given)
    finally:
        running.kill()
        running.communicate()
    absent = bot3("doctor", *asked, cwd=tmp_path, **given)
    wrong = bot3(
        "show-config", "-v", cwd=tmp_path, **given, BOT3__VENUES__OKX__PASSPHRASE_ENV=PHRASE
    )
    assert [examined.returncode, absent.returncode, wrong.returncode] == [1, 1, 4]
    assert refused.returncode != 0
    assert_silent(written(tmp_path, examined, refused, absent, wrong), KEY, SECRET, PHRASE, HOOK)
