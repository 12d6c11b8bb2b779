"""The simulated disk: whole batches, syncs that hold, losses, stalls, and dead processes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.disk import Commit, DiskSettings, SimulatedDisk
from bot3.domain.errors import DataError
from bot3.messages.control import TradingHalted
from bot3.messages.journal import Record
from supervisors.entropy import Entropy
from supervisors.testing import VirtualClock, run_virtually


def ignore(*_: object) -> None:
    pass


def batch(*names: str) -> list[Record]:
    return [TradingHalted(name, 1) for name in names]


def names(disk: SimulatedDisk) -> list[str]:
    return [getattr(record, "reason", "") for record in disk.records()]


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=12), st.integers(0, 99))
def test_a_power_loss_takes_whole_commits_after_the_last_sync_and_no_others(
    commits: list[tuple[int, bool]], seed: int
) -> None:
    disk = SimulatedDisk(Entropy(seed).dice("disk"), ignore)
    store, ends, synced = disk.mount(ignore).open_store(), [0], 0
    for size, is_synced in commits:
        store.append(batch(*"x" * size), sync=is_synced)
        ends.append(len(disk.bodies))
        synced = ends[-1] if is_synced else synced
    before = len(disk.bodies)
    lost = disk.lose_power()
    assert len(disk.bodies) == before - lost
    assert synced <= len(disk.bodies)
    assert len(disk.bodies) in ends
    assert disk.lose_power() == 0


def test_records_are_read_back_and_sequences_go_on() -> None:
    disk = SimulatedDisk(Entropy(1).dice("disk"), ignore)
    written: list[object] = []
    first = disk.mount(written.append).open_store()
    assert first.append(batch("a", "b"), sync=True) == 2
    second = disk.mount(ignore).open_store()
    assert (second.last_sequence, second.append(batch("c"), sync=False)) == (2, 3)
    assert [(row.sequence, row.record) for row in second.read_all()] == [
        (number, record) for number, record in enumerate(batch("a", "b", "c"), 1)
    ]
    assert written == [Commit(1, batch("a", "b"), is_synced=True)]


def test_a_dead_process_changes_nothing_also_in_the_middle_of_a_commit() -> None:
    disk = SimulatedDisk(Entropy(1).dice("disk"), ignore)
    process = disk.mount(ignore)
    store = process.open_store()
    store.append(batch("kept"), sync=False)
    process.crash()
    store.append(batch("a finally block"), sync=True)
    assert names(disk) == ["kept"]


def test_a_full_disk_is_an_error_and_writes_nothing() -> None:
    faults: list[str] = []
    disk = SimulatedDisk(Entropy(1).dice("disk"), faults.append)
    disk.settings = DiskSettings(error_rate=1.0)
    store = disk.mount(ignore).open_store()
    with pytest.raises(DataError, match="full"):
        store.append(batch("a"), sync=True)
    assert (names(disk), store.last_sequence, faults) == ([], 0, ["error"])


def test_work_takes_time_and_may_stall() -> None:
    faults: list[str] = []
    clock = VirtualClock()
    disk = SimulatedDisk(Entropy(1).dice("disk"), faults.append)

    async def main() -> list[float]:
        took, store = [], disk.mount(ignore)
        for rate in (0.0, 1.0):
            disk.settings = DiskSettings(stall_rate=rate)
            started_s = clock.current_time()
            assert await store.run_blocking(lambda word: word + "!", "done") == "done!"
            took.append(clock.current_time() - started_s)
        return took

    quick_s, stalled_s = run_virtually(main, clock)
    assert 0.0005 <= quick_s <= 0.006
    assert 0.1 <= stalled_s <= 2.0
    assert faults == ["stall"]
