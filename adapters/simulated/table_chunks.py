"""A table of a file, some rows at a time: CSV (plain or compressed), Parquet, Feather.

Invariant: no more than a part is in memory; of Parquet and Feather inside another compression, and
of Feather's first version, which both can only be read whole, all of it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from adapters.simulated.bar_file import kind_of, not_whole, read_frame
from adapters.simulated.recorded_bytes import chunks_of
from bot3.domain.errors import DataError

KLINE: Final = ("open_time", "open", "high", "low", "close", "volume")
_BUFFER_BYTES: Final = 1 << 20
_PACKED: Final = frozenset({".gz", ".zst"})


def table_chunks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """Parts of at most so many rows, with column names in lower case; raises `DataError`."""
    kind = kind_of(path)
    try:
        if kind == ".csv":
            yield from _csv(path, rows)
        elif path.suffix in _PACKED:
            yield _lowered(read_frame(path))
        else:
            yield from map(_lowered, (_parquet if kind == ".parquet" else _feather)(path, rows))
    except (ValueError, OSError, EOFError) as error:
        raise not_whole(path, error) from error


def _csv(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    file = io.BufferedReader(_Unpacked(path), _BUFFER_BYTES)
    first = file.peek(1).partition(b"\n")[0]
    if not first:
        raise DataError(f"{path}: the file is empty; record or download it again")
    # A dump of Binance's klines has no header: open time, open, high, low, close, volume, and more.
    cells = first.decode(errors="replace").split(",")[: len(KLINE)]
    given: dict[str, Any] = {}
    if len(cells) == len(KLINE) and all(map(_is_number, cells)):
        given = {"header": None, "names": [*KLINE], "usecols": range(len(KLINE))}
    with pd.read_csv(file, chunksize=rows, **given) as parts:
        yield from map(_lowered, parts)


def _parquet(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    # Buffers that were read ahead would be kept until the file is closed.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=rows):
            yield pa.Table.from_batches([batch]).to_pandas()


def _feather(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    with pa.OSFile(str(path)) as source:
        if source.read(6) != b"ARROW1":
            yield read_frame(path)
            return
        reader = pa.ipc.open_file(source)
        for at in range(reader.num_record_batches):
            table = pa.Table.from_batches([reader.get_batch(at)])
            for begin in range(0, len(table), rows):
                yield table.slice(begin, rows).to_pandas()


def _lowered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis([str(name).strip().lower() for name in frame.columns], axis=1)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@final
class _Unpacked(io.RawIOBase):
    """Bytes of a file, decompressed as they are asked for."""

    def __init__(self, path: Path) -> None:
        self._chunks, self._left = chunks_of(path), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = next(self._chunks, b"")
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)
