"""Reads the recorded Binance frames in place; skips where they are absent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

REPO_ROOT = Path(__file__).parents[3]


def shared(path: str) -> Path:
    """A file of the shared data, or a skip with a clear word."""
    root = Path(os.environ.get("BOT3_SHARED", REPO_ROOT.parent / "shared"))
    found = root / path
    if not found.exists():
        pytest.skip(f"recorded data absent: {path}")
    return found


def lines(path: str) -> list[bytes]:
    with shared(path).open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()


def l2_frames(path: str) -> Iterator[tuple[int, bytes]]:
    """(local receive time in ns, frame); a torn last line is left out."""
    for line in lines(path):
        local_ns, _, frame = line.partition(b" ")
        if frame.endswith(b"}"):
            yield int(local_ns), frame


def rows(path: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines(path)]
