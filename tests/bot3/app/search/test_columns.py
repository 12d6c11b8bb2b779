"""Columns in mapped files: what was written, in any process, not copied, and gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from bot3.app.search.columns import ColumnFiles, column_files, place_of
from bot3.app.search.data import bars_digest
from bot3.app.search.executors import Work, _share, computing
from bot3.domain.bars import Bars, Floats
from bot3.domain.errors import UnavailableError
from bot3.evolution.table import in_memory, table_of
from tests.bot3.backtest.making import cut, wandering

BARS = wandering(200, 3)


def inspect(data: tuple[Bars, Floats], asked: Sequence[int]) -> list[tuple[float, int, bool]]:
    """A value, who looked, and whether it lies in a file."""
    bars, piece = data
    return [
        (float(bars.close[at] + piece[at]), os.getpid(), place_of(piece) is not None)
        for at in asked
    ]


def test_parts_become_columns_that_are_those_of_the_file(tmp_path: Path) -> None:
    with column_files(tmp_path) as files:
        for rows in (1, 64, 200):
            found = files.bars(evolve(cut(BARS, rows), venue="okx"))
            assert bars_digest(found) == bars_digest(BARS)
            assert (found.name, found.interval_ns) == ("okx:BTC/USDT", BARS.interval_ns)
    assert [each.name for each in tmp_path.iterdir()] == ["columns.lock"]


def test_features_are_the_same_wherever_they_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = table_of(BARS)
    monkeypatch.setattr("bot3.evolution.table._PART_ROWS", 37)
    with column_files(tmp_path) as files:
        table = table_of(files.bars(cut(BARS, 50)), files.keep)
        np.testing.assert_array_equal(table.columns, plain.columns)
        np.testing.assert_array_equal(table.returns, plain.returns)
        assert table.columns.dtype == plain.columns.dtype
        inside = table.columns[:, 20:90]
        assert place_of(inside) is None  # in pieces
        np.testing.assert_array_equal(files.keep(inside.shape, "float32", inside), inside)
        np.testing.assert_array_equal(in_memory(inside.shape, "float32", inside), inside)


def test_workers_map_the_files_and_only_what_lies_elsewhere_is_copied(tmp_path: Path) -> None:
    with column_files(tmp_path) as files, ExitStack() as stack:
        bars = files.bars(cut(BARS, 50))
        work = Work(inspect, (bars, bars.volume[30:70]), ())
        assert _share(stack, work)[1] == []
        mixed = Work(inspect, (bars, BARS.volume[30:70]), ())
        assert [size for _, size in _share(stack, mixed)[1]] == [40 * 8]
        with computing(work, 2) as ask:
            found = ask(range(40))
        values = (BARS.close[:40] + BARS.volume[30:70]).tolist()
        assert [value for value, _, _ in found] == values
        assert os.getpid() not in {worker for _, worker, _ in found}
        assert all(is_mapped for _, _, is_mapped in found)


def test_what_a_killed_search_left_goes_with_the_next_one(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from bot3.app.search.columns import column_files\n"
        "with column_files(pathlib.Path(sys.argv[1])): print('there', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        (theirs,) = tmp_path.glob("columns-*")
        with column_files(tmp_path):
            assert theirs.exists()
        other.send_signal(signal.SIGKILL)
        other.wait(10)
    assert theirs.exists()
    with column_files(tmp_path):
        assert not theirs.exists()


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    for number in range(1, 7):
        (tmp_path / f"{number}.bin").symlink_to("/dev/full")
    with pytest.raises(UnavailableError, match="No space left"):
        ColumnFiles(tmp_path).bars(cut(BARS, 50))
