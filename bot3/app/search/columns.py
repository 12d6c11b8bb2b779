"""Columns of a search in files that are mapped into memory, read in parts: the data may be larger
than the memory, and every worker sees the same pages.

Invariant: what was written is never changed. The files go with the process that wrote them; those
of one that was killed go with the next search in the same directory.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedWriter
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from bot3.backtest.source import Source
from bot3.domain.bars import Bars, Ints
from bot3.domain.errors import UnavailableError

_PREFIX: Final = "columns-"
_LOCK: Final = "lock"
_BAR: Final = ("open", "high", "low", "close", "volume")
Place = tuple[str, str, tuple[int, ...], int]


@contextmanager
def column_files(directory: Path) -> Iterator[ColumnFiles]:
    """In a folder of their own, which is gone afterwards. Raises `UnavailableError`."""
    with ExitStack() as stack:
        with _writing(directory):
            directory.mkdir(parents=True, exist_ok=True)
            with _locked(directory / "columns.lock"):  # a folder that nobody has locked is nobody's
                _sweep(directory)
                made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=directory))
                stack.callback(shutil.rmtree, made, ignore_errors=True)
                stack.enter_context(_locked(made / _LOCK))
        yield ColumnFiles(made)


@final
class ColumnFiles:
    """Raises `UnavailableError` where nothing can be written."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._count = directory, 0

    def bars(self, source: Source) -> Bars:
        """All of them, of which no more than a part was in memory."""
        paths = {name: self._new() for name in ("open_ns", *_BAR)}
        with _writing(self._directory), ExitStack() as stack:
            files = {name: stack.enter_context(path.open("wb")) for name, path in paths.items()}
            for part in source.chunks():
                for name, file in files.items():
                    _write(file, getattr(part, name))
        shape = (source.rows,)
        open_ns: Ints = mapped(str(paths["open_ns"]), "int64", shape, 0)
        values: dict[str, Any] = {
            name: mapped(str(paths[name]), "float64", shape, 0) for name in _BAR
        }
        return Bars(
            source.symbol, open_ns, **values, interval_ns=source.interval_ns,
            is_trades=source.is_trades, venue=source.venue,
        )  # fmt: skip

    def keep(
        self, shape: tuple[int, ...], dtype: str, rows: Iterable[NDArray[Any]]
    ) -> NDArray[Any]:
        """An array of `rows` that are made one by one."""
        path = self._new()
        with _writing(path), path.open("wb") as file:
            for row in rows:
                _write(file, row.astype(dtype, copy=False))
        return mapped(str(path), dtype, shape, 0)

    def _new(self) -> Path:
        self._count += 1
        return self._directory / f"{self._count}.bin"


def _write(file: BufferedWriter, column: NDArray[Any]) -> None:
    file.write(np.ascontiguousarray(column).data)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror or error}") from None


def mapped(path: str, dtype: str, shape: tuple[int, ...], offset: int) -> NDArray[Any]:
    """A part of a file, read where it is looked at."""
    return np.asarray(np.memmap(path, dtype, "r", offset, shape))


def place_of(array: NDArray[Any]) -> Place | None:
    """What `mapped` has to be given to get it again, in any process; None where it lies in memory
    or in pieces.
    """
    base: Any = array
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    if base is None or not isinstance(base, np.memmap) or not array.flags.c_contiguous:
        return None
    offset = base.offset + array.ctypes.data - base.ctypes.data
    return str(base.filename), array.dtype.str, array.shape, offset


@contextmanager
def _locked(file: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """The system frees it when its holder dies."""
    with file.open("ab") as opened:
        fcntl.flock(opened, how)
        yield


def _sweep(directory: Path) -> None:
    """What a killed process has left."""
    for left in directory.glob(f"{_PREFIX}*"):
        free = _locked(left / _LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(BlockingIOError, FileNotFoundError), free:
            shutil.rmtree(left, ignore_errors=True)
