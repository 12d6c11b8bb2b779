"""`python -m bot3 decode`: forms of lines, bad ones, and what it says at the end."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from bot3.app.decode.lines import LineKind, line_of
from tests.bot3.app.processes import bot3, environment, one_error_line

TRADE = '{"e":"trade","E":5,"s":"BTCUSDT","t":7,"p":"2.50","q":"0.1","T":1700,"m":true}'
LINES = [
    TRADE,
    f"1723161254.5 {TRADE}",
    f"1723161254024619568 {TRADE}",
    json.dumps({"t": "recv", "conn": "a", "ts": 1628952395.25, "data": TRADE}),
    json.dumps({"t": "http", "conn": "a", "ts": 1, "url": "/api/v3/time", "data": "{}"}),
    json.dumps({"t": "connect", "conn": "a", "ts": 1, "addr": "wss://x"}),
    '{"t":"recv","data":',
    '{"e":"trade",',
    "not a frame",
    "",
    '{"e":"somethingNew","E":1}',
]
TYPES = ["trade"] * 4 + ["rest", "control"] + ["malformed"] * 3 + ["unknown"]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_each_line_is_a_record_whatever_it_holds(tmp_path: Path, suffix: str) -> None:
    body = ("\n".join(LINES) + "\n").encode()
    packed = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}
    path = tmp_path / f"frames.jsonl{suffix}"
    path.write_bytes(packed[suffix](body))
    done = bot3("decode", "--venue", "binance", str(path), cwd=tmp_path)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [record["type"] for record in records] == TYPES
    assert [record.get("ts_local_ns") for record in records[:4]] == [
        None,
        1_723_161_254_500_000_000,
        1_723_161_254_024_619_568,
        1_628_952_395_250_000_000,
    ]
    assert records[0]["price"] == 2.5
    assert done.stderr.startswith("10 records: control 1, malformed 3, rest 1, trade 4, unknown 1")


def test_a_broken_end_of_a_packed_file_is_one_line_after_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(f"{TRADE}\n".encode() * 3)[:-9])
    done = bot3("decode", "--venue", "binance", str(path), cwd=tmp_path)
    assert done.returncode == 1
    assert "cut.gz" in one_error_line(done)


def test_a_reader_that_has_had_enough_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_text(f"{TRADE}\n" * 20_000)
    command = [sys.executable, "-m", "bot3", "decode", "--venue", "binance", str(path)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["type"] == "trade"
        running.stdout.close()
        said = running.stderr.read()
    assert running.returncode == 0
    assert "error" not in said


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = bot3("decode", "--venue", "okx", "nowhere.zst", cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere.zst" in one_error_line(done)


@pytest.mark.parametrize("text", [b"1 ", b"1.5 \xff", b'{"t":1}', b"{}", b"\x00", b"9" * 400])
def test_odd_lines_have_a_kind(text: bytes) -> None:
    assert line_of(text).kind in LineKind
