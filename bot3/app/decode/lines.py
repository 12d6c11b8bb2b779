"""Lines of a recording: a frame, a frame after its time, or a recorder's row. Pure but for opening.

Invariant: every line of the file is yielded once, whatever it holds.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from enum import Enum, unique
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import zstandard
from attrs import frozen

from adapters.net.frames import DECODE_ERRORS
from bot3.domain.errors import DataError

LINE_BYTES_MAX: Final = 64 * 1024 * 1024
_NS_PER_S: Final = 1_000_000_000
_SECONDS_BELOW: Final = 1e12  # a larger number of a recorder's clock is in nanoseconds
_TIMED = re.compile(rb"([0-9]+(?:\.[0-9]+)?)[ \t]+(.*)", re.DOTALL)


@unique
class LineKind(Enum):
    """What a line is about."""

    FRAME = "frame"
    REST = "rest"
    NOTE = "note"
    BROKEN = "broken"


@frozen
class Line:
    """`ts_local_ns`: when the recorder had it, None where it does not say. A broken line's `text`
    is the reason, a note's its kind.
    """

    kind: LineKind
    text: bytes
    ts_local_ns: int | None = None
    url: str = ""


class _Row(msgspec.Struct):
    t: str
    ts: float | int | None = None
    url: str = ""
    data: str | None = None


_rows = msgspec.json.Decoder(_Row)


def read_lines(path: Path) -> Iterator[Line]:
    """Plain, .gz or .zst by the file's name; raises `DataError` where it cannot be read."""
    try:
        with _opened(path) as file:
            while raw := file.readline(LINE_BYTES_MAX + 1):
                if len(raw) > LINE_BYTES_MAX:
                    raise DataError(f"{path}: a line exceeds {LINE_BYTES_MAX} bytes")
                if text := raw.strip():
                    yield line_of(text)
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise DataError(f"{path}: {error}") from None


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.open(path))
    file = path.open("rb")
    if path.suffix != ".zst":
        return file
    return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file, closefd=True))


def line_of(text: bytes) -> Line:
    """One stripped line."""
    timed = _TIMED.fullmatch(text)
    if timed is not None:
        body = timed[2]
        is_snapshot = body.startswith(b'{"lastUpdateId"')  # between the frames, without its URL
        kind, url = (LineKind.REST, "/depth") if is_snapshot else (LineKind.FRAME, "")
        return Line(kind, body, _nanoseconds(timed[1].decode()), url)
    if not text.startswith((b'{"t":', b'{"t" :')):
        return Line(LineKind.FRAME, text)
    try:
        row = _rows.decode(text)
    except DECODE_ERRORS as error:
        return Line(LineKind.BROKEN, f"not a recorder's row: {error}".encode())
    ts_ns = None if row.ts is None else _nanoseconds(repr(row.ts))
    if row.data is None or row.t not in {"recv", "http"}:
        return Line(LineKind.NOTE, row.t.encode(), ts_ns)
    kind = LineKind.REST if row.t == "http" else LineKind.FRAME
    return Line(kind, row.data.encode(), ts_ns, row.url)


def _nanoseconds(text: str) -> int:
    """From seconds or nanoseconds, exactly where the text is exact."""
    whole, _, fraction = text.partition(".")
    if "e" in text or "E" in text:
        return int(float(text) * _NS_PER_S)
    if float(text) >= _SECONDS_BELOW:
        return int(whole)
    return int(whole) * _NS_PER_S + int(fraction[:9].ljust(9, "0") or 0)
