"""`python -m bot3 decode`: one normalized record a line, counts at the end.

Invariant: every line of the file gives at least one record; nothing in it ends the reading.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol, TextIO

import msgspec
from attrs import frozen

from adapters.binance.recorded import BinanceRecording
from adapters.binance.recorded_books import BinanceBooks
from adapters.bybit.recorded import BybitRecording
from adapters.bybit.recorded_books import BybitBooks
from adapters.net.described import Described, Recording, control, malformed
from adapters.okx.recorded import OkxRecording
from adapters.okx.recorded_books import OkxBooks
from bot3.app.decode.lines import Line, LineKind, read_lines

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Books(Protocol):
    """Rebuilds the books of a recording."""

    def follow(self, record: Described) -> list[Described]:
        """`top`, `gap` and `resync` records."""
        ...


@frozen
class RecordedVenue:
    """How one venue's recordings are read."""

    recording: Callable[[], Recording]
    books: Callable[[], Books]


VENUES: Final[Mapping[str, RecordedVenue]] = {
    "binance": RecordedVenue(BinanceRecording, BinanceBooks),
    "okx": RecordedVenue(OkxRecording, OkxBooks),
    "bybit": RecordedVenue(BybitRecording, BybitBooks),
}


def decode_file(venue: str, path: Path, *, has_books: bool) -> int:
    """Prints every record; raises `DataError` where the file cannot be read."""
    counts: Counter[str] = Counter()
    write = sys.stdout.write
    try:
        for record in records(venue, path, has_books=has_books):
            counts[str(record["type"])] += 1
            write(_encode(record).decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has had enough; nothing is left to be flushed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _tell(counts, sys.stderr)
    return 0


def records(venue: str, path: Path, *, has_books: bool) -> Iterator[Described]:
    """With `has_books`, what the book does instead of the book's own events."""
    kinds = VENUES[venue]
    recording, books = kinds.recording(), kinds.books()
    for line in read_lines(path):
        for record in _described(recording, line):
            if line.ts_local_ns is not None:
                record["ts_local_ns"] = line.ts_local_ns
            if not has_books:
                yield record
                continue
            if record["type"] not in {"book", "book_change"}:
                yield record
            yield from books.follow(record)


def _described(recording: Recording, line: Line) -> list[Described]:
    match line.kind:
        case LineKind.FRAME:
            return recording.describe(line.text)
        case LineKind.REST:
            return recording.describe_rest(line.url, line.text)
        case LineKind.NOTE:
            return [control(line.text.decode(), None)]
        case LineKind.BROKEN:
            return [malformed(line.text.decode())]


def _tell(counts: Counter[str], stream: TextIO) -> None:
    told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(counts.items()))
    print(f"{counts.total():,} records: {told or 'none'}", file=stream)
