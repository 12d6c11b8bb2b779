"""The journal's file and the lock of its directory, against real files and processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot3.domain.errors import DataError, UnavailableError
from bot3.messages.control import TradingHalted
from bot3.messages.journal import SCHEMA_VERSION
from bot3.services.lock import StateLock
from bot3.services.storage import JournalStore, record_ts_ns
from tests.bot3.making import START_NS, acknowledged

ROOT = Path(__file__).parents[3]


def halted(number: int) -> TradingHalted:
    return TradingHalted(str(number), START_NS + number)


def test_what_is_appended_reads_back_in_order_after_reopening(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journal.db")
    assert store.append([halted(1), acknowledged()], sync=True) == 2
    assert store.append([halted(3)], sync=False) == 3
    store.close()
    again = JournalStore(tmp_path / "journal.db")
    assert again.last_sequence == 3
    rows = list(again.read_all())
    assert [row.sequence for row in rows] == [1, 2, 3]
    assert [row.record for row in rows] == [halted(1), acknowledged(), halted(3)]
    assert [row.record for row in again.read_all(after=2)] == [halted(3)]
    again.close()


def test_the_syncing_of_each_batch_is_as_asked(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journal.db")
    for sync, level in ((True, 2), (False, 1), (True, 2)):
        store.append([halted(1)], sync=sync)
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (level,)
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journal.db")
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("INSERT INTO journal VALUES (2, 0, 'x', 1, '{}')")
    with pytest.raises(DataError, match="cannot write"):
        store.append([halted(1), halted(2)], sync=True)
    assert other.execute("SELECT sequence FROM journal").fetchall() == [(2,)]
    assert store.last_sequence == 0
    store.close()
    other.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE meta SET value = 99 WHERE key = 'schema_version'",
        f"INSERT INTO journal VALUES (9, 0, 'x', {SCHEMA_VERSION + 1}, '{{}}')",
    ],
)
def test_a_newer_file_is_refused_with_what_to_do(tmp_path: Path, change: str) -> None:
    path = tmp_path / "journal.db"
    JournalStore(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(change)
    connection.close()
    with pytest.raises(DataError, match=r"newer bot3.*run that version"):
        JournalStore(path)


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"no database at all " * 100)
    with pytest.raises(DataError, match=r"journal\.db: file is not a database: restore"):
        JournalStore(path)


def test_a_record_that_does_not_read_is_named(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journal.db")
    store.append([halted(1)], sync=True)
    store._connection.execute('UPDATE journal SET body = \'{"type":"Odd"}\'')
    with pytest.raises(DataError, match="record 1: Invalid value"):
        list(store.read_all())
    store.close()


def test_a_kill_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from bot3.services.storage import JournalStore\n"
        "from bot3.messages.control import TradingHalted\n"
        "store = JournalStore(pathlib.Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    store.append([TradingHalted(str(n), n)], sync=False)\n"
        "    print(n, flush=True)\n"
    )
    path = tmp_path / "journal.db"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for _ in range(50):
            last = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        last = int((child.stdout.read().split() or [last])[-1])
    store = JournalStore(path)
    numbers = [int(row.record.reason) for row in store.read_all()]
    store.close()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > last


def test_a_disk_that_fails_is_no_reason_to_move_the_journal_away(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be opened: .*: free the disk") as failed:
        JournalStore(tmp_path / "missing" / "journal.db")
    assert "move it away" not in str(failed.value)


def test_a_records_time_is_when_we_learned_of_it() -> None:
    assert record_ts_ns(halted(7)) == START_NS + 7
    assert record_ts_ns(acknowledged()) == START_NS


def test_a_second_holder_is_told_who_holds_it_and_what_to_do(tmp_path: Path) -> None:
    with StateLock(tmp_path / "state"):
        with pytest.raises(UnavailableError) as refused:
            StateLock(tmp_path / "state")
        assert f"another bot3 (process {os.getpid()}) uses" in str(refused.value)
        assert "\n" not in str(refused.value)
    StateLock(tmp_path / "state").release()


def test_a_directory_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match=r"file/state: cannot be written.*--userdir"):
        StateLock(tmp_path / "file" / "state")


def test_a_dead_holder_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, signal, os\n"
        "from bot3.services.lock import StateLock\n"
        "lock = StateLock(pathlib.Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    with StateLock(tmp_path) as lock:
        assert lock.path.read_text() == f"{os.getpid()}\n"
