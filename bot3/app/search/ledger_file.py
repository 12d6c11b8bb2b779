"""The ledger on disk: JSON lines that are only ever added to.

Invariant: a row that was added is whole and on the disk before anything that depends on it goes on;
two searches at a time do not tear each other's rows.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

from bot3.backtest.validation.ledger import TrialLedger
from bot3.domain.errors import DataError, UnavailableError

NAME: Final = "ledger.jsonl"


@final
class LedgerFile:
    """`directory` is made where it is not there. What was read once is not read again."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        self._forget()

    def _forget(self) -> None:
        self._ledger, self._read_bytes, self._read_lines = TrialLedger(), 0, 0

    def read(self) -> TrialLedger:
        """With what anybody has added since. Raises `DataError` for a line that is none; a torn
        last one is left out.
        """
        for line in self._added().split(b"\n")[:-1]:
            self._read_lines += 1
            try:
                self._ledger.take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise DataError(
                    f"{self._path}, line {self._read_lines}: no row of the ledger; mend it, or"
                    " move the file away: what was tried is then forgotten"
                ) from None
        return self._ledger

    def _added(self) -> bytes:
        """Whole lines from where was read to."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._read_bytes:  # another file meanwhile
                    self._forget()
                file.seek(self._read_bytes)
                body = file.read()
        except FileNotFoundError:
            self._forget()
            return b""
        except OSError as error:
            raise UnavailableError(f"{self._path}: {error.strerror or error}") from None
        whole = body[: body.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        return whole

    def add(self, row: Mapping[str, Any]) -> None:
        """Raises `UnavailableError`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                self._mend(file)
                file.write(json.dumps(row).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UnavailableError(f"{self._path}: {error.strerror or error}") from None

    @staticmethod
    def _mend(file: Any) -> None:
        """Takes away a last row that was cut off by a crash."""
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        if file.read() not in {b"", b"\n"}:
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
