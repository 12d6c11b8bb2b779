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
    """`directory` is made where it is not there."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME

    def read(self) -> TrialLedger:
        """Raises `DataError` for a line that is none; a torn last one is left out."""
        try:
            lines = self._path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return TrialLedger()
        except OSError as error:
            raise UnavailableError(f"{self._path}: {error.strerror or error}") from None
        ledger = TrialLedger()
        for number, line in enumerate(lines[:-1], 1):
            try:
                ledger.take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise DataError(
                    f"{self._path}, line {number}: no row of the ledger; mend it, or move the file"
                    " away: what was tried is then forgotten"
                ) from None
        return ledger

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
        file.seek(0)
        body = file.read()
        if body and not body.endswith(b"\n"):
            file.truncate(body.rfind(b"\n") + 1)
