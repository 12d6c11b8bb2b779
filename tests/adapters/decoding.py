"""What every venue's decoder of recordings must bear, and the files that are there."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import strategies as st

from adapters.net.described import Described, Recording

ROOT = Path(__file__).parents[2]
TYPES = {
    *("trade", "book", "book_change", "quote", "bar", "ticker", "order", "fill", "balance"),
    *("control", "rest", "unknown", "malformed"),
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


def shared(path: str) -> Path:
    """A recording, or a skip with a clear word."""
    found = Path(os.environ.get("BOT3_SHARED", ROOT.parent / "shared")) / "data" / path
    if not found.exists():
        pytest.skip(f"recorded data absent: {path}")
    return found


def received(path: Path) -> Iterator[str]:
    """The frames of a recorder's file."""
    with path.open("rb") as file:
        for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines():
            row = json.loads(line)
            if row["t"] == "recv":
                yield row["data"]


def assert_well_formed(records: list[Described]) -> Counter[str]:
    """At least one; each has what its type promises."""
    assert records
    for record in records:
        assert record["type"] in TYPES
        if record["type"] in {"unknown", "malformed"}:
            assert record["reason"]
        elif record["type"] not in {"control", "rest"}:
            assert {"symbol", "ts_venue_ns"} <= record.keys()
    return Counter(str(record["type"]) for record in records)


def assert_bears_mutations(recording: Recording, frames: list[str], seed: int) -> None:
    """Bytes lost, doubled and changed in real frames: records, never an exception."""
    dice = random.Random(seed)
    for frame in frames:
        raw = bytearray(frame.encode())
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(raw))
            match dice.randrange(3):
                case 0:
                    del raw[place : place + dice.randint(1, 9)]
                case 1:
                    raw[place:place] = raw[place : place + dice.randint(1, 9)]
                case _:
                    raw[place] = dice.randrange(256)
            if not raw:
                raw = bytearray(b"{}")
        assert_well_formed(recording.describe(bytes(raw)))
