"""The journal's file: SQLite in WAL mode, one writer, one table of records in their order.

Invariant: a batch is in the file whole or not at all, and `append` returns only after it is; with
`sync` it survives a power loss, without it a kill. Blocking: for a worker thread, one at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, final

import msgspec
import trio
from attrs import frozen

from bot3.domain.errors import DataError
from bot3.messages.journal import SCHEMA_VERSION, Record, StoredRecord, decode, encode
from bot3.messages.orders import OrderFilled

T = TypeVar("T")
STORE_VERSION = 1  # of the tables; that of the records is `SCHEMA_VERSION`

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
    sequence INTEGER PRIMARY KEY, ts_ns INTEGER NOT NULL, kind TEXT NOT NULL,
    version INTEGER NOT NULL, body BLOB NOT NULL
);
"""

# Nothing is wrong with the file: the disk, or our rights on it, fail (sqlite.org/rescode.html).
_DISK_FAILURES = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
)

# From version N to N + 1, one statement list each. None has been needed yet.
MIGRATIONS: dict[int, Sequence[str]] = {}


def record_ts_ns(record: Record) -> int:
    """When we learned of it."""
    if isinstance(record, OrderFilled):
        return record.fill.ts_local_ns
    ts_ns: int = getattr(record, "ts_ns" if hasattr(record, "ts_ns") else "ts_local_ns")
    return ts_ns


@final
class JournalStore:
    """Opens or creates the file. Raises `DataError`, with what to do, where it cannot be used.

    `is_read_only` for a look beside its writer: the file must be there, and nothing is changed.
    """

    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        self.path = path
        where = f"{path.absolute().as_uri()}?mode=ro" if is_read_only else path
        try:
            self._connection = sqlite3.connect(
                where, isolation_level=None, check_same_thread=False, timeout=5.0, uri=is_read_only
            )
            try:
                if not is_read_only:
                    self._prepare_tables()
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            raise self._failed("cannot be opened", error) from error

    def _prepare_tables(self) -> None:
        run = self._connection.execute
        run("PRAGMA journal_mode=WAL")
        self._connection.executescript(_TABLES)
        run("INSERT OR IGNORE INTO meta VALUES ('schema_version', ?)", (STORE_VERSION,))
        self._migrate(self._store_version())

    def _store_version(self) -> int:
        query = "SELECT value FROM meta WHERE key = 'schema_version'"
        version: int = self._connection.execute(query).fetchone()[0]
        return version

    def _prepare(self) -> None:
        run = self._connection.execute
        if self._store_version() > STORE_VERSION:
            raise self._too_new(self._store_version(), STORE_VERSION)
        newest = "SELECT sequence, version FROM journal ORDER BY sequence DESC LIMIT 1"
        self.last_sequence: int
        self.last_sequence, version = run(newest).fetchone() or (0, SCHEMA_VERSION)
        if version > SCHEMA_VERSION:
            raise self._too_new(version, SCHEMA_VERSION)
        self._is_synced: bool | None = None

    def _migrate(self, version: int) -> None:
        if version > STORE_VERSION:
            raise self._too_new(version, STORE_VERSION)
        while version < STORE_VERSION:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement in MIGRATIONS[version]:
                self._connection.execute(statement)
            version += 1
            self._connection.execute(
                "UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,)
            )
            self._connection.execute("COMMIT")

    def _too_new(self, found: int, known: int) -> DataError:
        return DataError(
            f"journal {self.path}: written by a newer bot3 (version {found}, this one knows"
            f" {known}): run that version, or choose another state directory"
        )

    def _failed(self, what: str, error: sqlite3.Error) -> DataError:
        """What to do: a journal that only lacks room is never one to move away."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DISK_FAILURES:
            return DataError(
                f"journal {self.path}: {what}: {error}: free the disk, check its rights"
            )
        return self._unusable(str(error))

    def _unusable(self, problem: str) -> DataError:
        return DataError(
            f"journal {self.path}: {problem}: restore it from a copy, or move it away to start"
            " anew (open orders are then found by asking the venue)"
        )

    def append(self, records: Sequence[Record], *, sync: bool) -> int:
        """Writes all in one transaction; the last one's sequence. Raises `DataError`.

        A commit with `sync` also syncs everything that earlier ones without it left behind.
        """
        rows = [
            (number, record_ts_ns(record), type(record).__name__, SCHEMA_VERSION, encode(record))
            for number, record in enumerate(records, self.last_sequence + 1)
        ]
        try:
            if sync != self._is_synced:
                self._connection.execute(f"PRAGMA synchronous={'FULL' if sync else 'NORMAL'}")
                self._is_synced = sync
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise DataError(
                f"journal {self.path}: cannot write: {error}: free the disk, check its rights"
            ) from error
        self.last_sequence += len(rows)
        return self.last_sequence

    def read_all(self, after: int = 0) -> Iterator[StoredRecord]:
        """In order, from the one after sequence `after`; raises `DataError`."""
        query = "SELECT sequence, body FROM journal WHERE sequence > ? ORDER BY sequence"
        try:
            for sequence, body in self._connection.execute(query, (after,)):
                try:
                    yield StoredRecord(sequence, decode(body))
                except msgspec.DecodeError as error:
                    raise self._unusable(f"record {sequence}: {error}") from error
        except sqlite3.Error as error:
            raise self._failed("cannot be read", error) from error

    def close(self) -> None:
        """Nothing is lost where this is never called."""
        self._connection.close()


@final
@frozen
class FileDisk:
    """A journal in a file; its blocking work is done in threads."""

    path: Path

    def open_store(self) -> JournalStore:
        """Raises `DataError`, see `JournalStore`."""
        return JournalStore(self.path)

    async def run_blocking(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)`, in a worker thread."""
        return await trio.to_thread.run_sync(work, *args)
