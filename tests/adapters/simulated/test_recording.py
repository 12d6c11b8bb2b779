"""Opening recordings: each kind is recognized, each damage is one clear `DataError`."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zstandard

from adapters.simulated.bar_file import BarFile
from adapters.simulated.depth_file import BookRecord, DepthFile, TickerRecord, TradeRecord
from adapters.simulated.recording import open_replay
from adapters.simulated.symbols import split_symbol, symbol_in_name
from bot3.domain.errors import DataError
from bot3.domain.values import Symbol

DEPTH_LINES = [
    '1000 {"lastUpdateId":5,"bids":[["99.90","1.5"]],"asks":[["100.10","2.0"]]}',
    '1001 {"data":{"u":6,"s":"ETHUSDT","b":"99.90","B":"1.5","a":"100.10","A":"1.0"}}',
    '1002 {"data":{"e":"depthUpdate","U":6,"u":7,"b":[["99.80","3.0"]],"a":[["100.10","1.0"]]}}',
    '1003 {"data":{"e":"trade","s":"ETHUSDT","t":1,"p":"100.10","q":"0.5","T":1,"m":false}}',
]


def bars(count: int = 5) -> pd.DataFrame:
    close = np.linspace(100.0, 101.0, count)
    return pd.DataFrame(
        {
            "ts": 1_680_000_000_000 + 60_000 * np.arange(count),
            "open": close - 0.25,
            "high": close + 0.5,
            "low": close - 0.5,
            "close": close,
            "volume": 1.5,
        }
    )


def depth_text(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def test_depth_files_plain_and_compressed(tmp_path: Path) -> None:
    content = depth_text(DEPTH_LINES)
    writers: dict[str, Callable[[bytes], bytes]] = {
        "a.txt": bytes,
        "a.gz": gzip.compress,
        "a.zst": zstandard.ZstdCompressor().compress,
    }
    for name, pack in writers.items():
        path = tmp_path / name
        path.write_bytes(pack(content))
        recording = open_replay(path)
        assert (recording.kind, recording.symbol) == ("depth", "ETH/USDT")
        assert isinstance(recording.content, DepthFile)
        kinds = [type(record) for record in recording.content.records()]
        assert kinds == [BookRecord, TickerRecord, BookRecord, TradeRecord]
        assert (recording.content.tick, recording.content.lot) == (10_000_000, 10_000_000)
        assert "ETH/USDT" in recording.describe()


def test_bars_of_every_format_are_the_same(tmp_path: Path) -> None:
    frame = bars()
    frame.to_csv(tmp_path / "BTC_USDT-1m.csv", index=False)
    frame.to_parquet(tmp_path / "BTC_USDT-1m.parquet")
    frame.to_feather(tmp_path / "BTC_USDT-1m.feather")
    dated = frame.assign(ts=pd.to_datetime(frame["ts"], unit="ms", utc=True))
    dated.rename(columns={"ts": "date"}).to_csv(tmp_path / "btcusdt-dated.csv", index=False)
    frame.assign(ts=frame["ts"] // 1000).to_csv(tmp_path / "seconds_BTCUSDT.csv", index=False)
    for path in tmp_path.iterdir():
        recording = open_replay(path)
        assert (recording.kind, recording.symbol) == ("bars", "BTC/USDT")
        content = recording.content
        assert isinstance(content, BarFile)
        assert content.open_ns[0] == 1_680_000_000 * 10**9
        assert content.interval_ns == 60 * 10**9
        assert recording.default_speed == 60.0
        assert np.allclose(content.close, frame["close"])


def test_an_explicit_symbol_wins(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    bars().to_csv(path, index=False)
    assert open_replay(path, Symbol("ABC/EUR")).symbol == "ABC/EUR"
    with pytest.raises(DataError, match="symbol"):
        open_replay(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop(columns="close"), ["close", "wanted are"]),
        (lambda f: f.rename(columns={"ts": "when"}), ["ts or timestamp", "when"]),
        (lambda f: f.iloc[:0], ["0 bars"]),
        (lambda f: f.iloc[:1], ["1 bars"]),
        (lambda f: f.assign(low=[99, 99, 0, 99, 99]), ["row 3", "low is not positive"]),
        (lambda f: f.assign(open=[99, -1, 99, 99, 99]), ["row 2", "open is not positive"]),
        (lambda f: f.assign(high=[101, 101, 101, np.nan, 101]), ["row 4", "high is missing"]),
        (lambda f: f.assign(close=[1, 1, 1, 1, np.inf]), ["row 5", "close"]),
        (lambda f: f.assign(volume=[1, 1, -1, 1, 1]), ["row 3", "volume is negative"]),
        (lambda f: f.assign(high=[1, 101, 101, 101, 101]), ["row 1", "high is below low"]),
        (lambda f: f.assign(ts=[1e12, 2e12, 2e12, 3e12, 4e12]), ["row 3", "not after"]),
        (lambda f: f.assign(close=["1", "x", "1", "1", "1"]), ["row 2", "close"]),
        (lambda f: f.assign(ts=["2023-01-01", "??", "", "", ""]), ["row 2", "time"]),
    ],
)
def test_bad_bars_say_what_and_where(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], words: list[str]
) -> None:
    path = tmp_path / "BTC_USDT.csv"
    change(bars()).to_csv(path, index=False)
    expect_error(path, words)


def expect_error(path: Path, words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        open_replay(path)
    for word in [path.name, *words]:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    expect_error(tmp_path / "none.csv", ["no such file"])
    expect_error(tmp_path, ["folder"])
    for name in ("empty.csv", "empty.parquet", "empty.feather", "empty.zst", "empty.gz", "empty"):
        path = tmp_path / name
        path.write_bytes(b"")
        expect_error(path, ["empty"])


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_a_cut_table_is_found(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"BTC_USDT.{suffix}"
    frame = bars(500)
    frame.to_parquet(path) if suffix == "parquet" else frame.to_feather(path)
    path.write_bytes(path.read_bytes()[:-700])
    expect_error(path, ["cut"])


def test_cut_compressed_frames_are_found(tmp_path: Path) -> None:
    content = depth_text(DEPTH_LINES * 50)
    for name, packed in (
        ("a.zst", zstandard.ZstdCompressor().compress(content)),
        ("a.gz", gzip.compress(content)),
    ):
        path = tmp_path / name
        path.write_bytes(packed[:-10])
        expect_error(path, ["ends in the middle"])


def test_a_cut_line_of_a_csv_is_found(tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT.csv"
    text = bars().to_csv(index=False)
    path.write_text(text[: text.rindex(",")])
    expect_error(path, ["row 5", "volume"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('1004 {"stream":"ethusdt@tra', ["line 5"]),
        ("not a line", ["line 5"]),
        ('1004 {"stream":"x","data":{"e":"trade","p":"0","q":"1","m":true}}', ["not positive"]),
        ('1004 {"stream":"x","data":{"e":"trade","p":"NaN","q":"1","m":true}}', ["'NaN'"]),
        ('1004 {"stream":"x","data":{"e":"depthUpdate","u":9,"b":[["-1","1"]],"a":[]}}', ["'-1'"]),
        ('1004 {"stream":"x","data":{"u":9,"b":"2","B":"1","a":"1","A":"1"}}', ["not a market"]),
        ('999 {"stream":"x","data":{"e":"trade","p":"1","q":"1","m":true}}', ["sort"]),
        ('1004 {"some":"thing"}', ["no frame that is known"]),
    ],
)
def test_bad_frames_say_what_and_where(tmp_path: Path, line: str, words: list[str]) -> None:
    path = tmp_path / "frames.txt"
    path.write_bytes(depth_text([*DEPTH_LINES, line]))
    expect_error(path, ["line 5", *words])


def test_frames_without_best_prices_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "frames.txt"
    path.write_bytes(depth_text(DEPTH_LINES[2:]))
    expect_error(path, ["snapshot", "bookTicker"])


def test_symbols_in_names() -> None:
    assert split_symbol("ethusdt") == split_symbol("ETH/USDT") == "ETH/USDT"
    assert symbol_in_name("binance-perp-BTC_USDT-1m-2025-05") == "BTC/USDT"
    assert symbol_in_name("binance-spot-ethusdt_20240808") == "ETH/USDT"
    assert symbol_in_name("binance-ETH_BTC-5m-2018") == "ETH/BTC"
    assert symbol_in_name("binance-gappy-1m-2017") is None
