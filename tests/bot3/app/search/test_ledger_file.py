"""The ledger on disk: what others add is seen, what was read is not read again."""

from __future__ import annotations

from pathlib import Path

from bot3.app.search.ledger_file import NAME, LedgerFile
from bot3.backtest.validation.ledger import opened_row, run_row, trials_row

DAYS = ["a", "b"]


def test_each_sees_what_the_other_adds(tmp_path: Path) -> None:
    ours, theirs = LedgerFile(tmp_path), LedgerFile(tmp_path)
    assert ours.read().tried_before(DAYS, "ours") == 0
    theirs.add(run_row("theirs", "evolve", DAYS))
    theirs.add(trials_row("theirs", [("x", 0.1), ("y", 0.2)]))
    assert ours.read().tried_before(DAYS, "ours") == 2
    theirs.add(trials_row("theirs", [("z", 0.1)]))
    theirs.add(opened_row("theirs", ["b"]))
    assert ours.read().tried_before(DAYS, "ours") == 3
    assert ours.read().opened_by(DAYS, "ours") == "theirs"


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    ledger, path = LedgerFile(tmp_path), tmp_path / NAME
    ledger.add(run_row("one", "evolve", DAYS))
    ledger.read()
    path.write_bytes(b"#" * (path.stat().st_size - 1) + b"\n")
    ledger.add(trials_row("one", [("x", 0.1)]))
    assert ledger.read().tried_before(DAYS, "other") == 1


def test_a_torn_row_waits_and_a_file_that_was_moved_away_is_forgotten(tmp_path: Path) -> None:
    ledger, path = LedgerFile(tmp_path), tmp_path / NAME
    ledger.add(run_row("one", "evolve", DAYS))
    row = b'{"kind": "trials", "run": "one", "trials": [["x", 0.1]]}'
    with path.open("ab") as file:
        file.write(row)
    assert ledger.read().tried_before(DAYS, "other") == 0
    with path.open("ab") as file:
        file.write(b"\n")
    assert ledger.read().tried_before(DAYS, "other") == 1
    path.unlink()
    assert ledger.read().tried_before(DAYS, "other") == 0
    ledger.add(run_row("two", "evolve", DAYS))
    assert ledger.read().tried_before(DAYS, "other") == 0
