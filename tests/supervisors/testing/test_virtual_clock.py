"""Virtual time: jumps only when nothing can run, waits for threads, tells deadlocks."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import pytest
import trio

from supervisors.testing import Agenda, DeadlockError, TrioClock, VirtualClock, run_virtually


def test_hours_take_no_time() -> None:
    async def main() -> float:
        await trio.sleep(24 * 3600)
        return trio.current_time()

    started_s = time.perf_counter()
    assert run_virtually(main, VirtualClock()) == 24 * 3600
    assert time.perf_counter() - started_s < 60


def test_time_waits_for_a_thread() -> None:
    """With Trio's mock clock this is `TooSlowError`."""

    async def main() -> float:
        with trio.fail_after(3600):
            await trio.to_thread.run_sync(time.sleep, 0.02)
        return trio.current_time()

    assert run_virtually(main, VirtualClock()) == 0.0


def test_time_stands_still_while_a_task_can_run() -> None:
    async def main() -> float:
        with trio.move_on_after(1.0):
            for _ in range(1_000):
                await trio.lowlevel.checkpoint()
        return trio.current_time()

    assert run_virtually(main, VirtualClock()) == 0.0


def test_events_come_between_deadlines_in_their_order() -> None:
    agenda, seen = Agenda(), list[tuple[float, str]]()

    def note(name: str) -> None:
        seen.append((trio.current_time(), name))

    async def main() -> None:
        agenda.at(2.0, lambda: note("second"))
        agenda.at(1.0, lambda: note("first"))
        agenda.at(2.0, lambda: agenda.after(0.0, lambda: note("at once")))
        await trio.sleep(1.5)
        note("task")
        await trio.sleep(1.5)

    run_virtually(main, VirtualClock(agenda))
    assert seen == [(1.0, "first"), (1.5, "task"), (2.0, "second"), (2.0, "at once")]
    assert len(agenda) == 0


def test_an_event_wakes_a_task_that_has_no_deadline() -> None:
    agenda = Agenda()

    async def main() -> float:
        woken = trio.Event()
        agenda.at(5.0, woken.set)
        await woken.wait()
        return trio.current_time()

    assert run_virtually(main, VirtualClock(agenda)) == 5.0


def test_a_task_that_an_event_wakes_runs_before_the_next_event() -> None:
    """Events that wake nobody come one after the other; one that wakes a task ends their row."""
    agenda, seen = Agenda(), list[str]()

    async def main() -> None:
        woken = trio.Event()
        for time_s in (1.0, 2.0, 4.0):
            agenda.at(time_s, lambda: seen.append("event"))
        agenda.at(3.0, woken.set)
        await woken.wait()
        seen.append(f"task at {trio.current_time()}")
        await trio.sleep(2.0)

    run_virtually(main, VirtualClock(agenda))
    assert seen == ["event", "event", "task at 3.0", "event"]


def test_a_deadlock_is_told_with_the_tasks_that_wait() -> None:
    async def wait_for_godot() -> None:
        await trio.Event().wait()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_godot, name="vladimir")

    with pytest.raises(DeadlockError, match=r"vladimir: test_virtual_clock\.py:\d+ in .*godot"):
        run_virtually(main, VirtualClock())


def test_a_deadlock_behind_a_shield_ends_the_process_rather_than_hang() -> None:
    """Trio cannot be left in order then: in a process of its own."""
    program = """
        import trio
        from supervisors.testing import VirtualClock, run_virtually

        async def main():
            with trio.CancelScope(shield=True):
                await trio.Event().wait()

        run_virtually(main, VirtualClock())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "DeadlockError: nothing can happen any more" in done.stderr


def test_an_event_that_raises_ends_the_run_with_its_error() -> None:
    agenda = Agenda()

    def fail() -> None:
        raise ValueError("planned")

    async def main() -> None:
        agenda.at(1.0, fail)
        await trio.sleep(10.0)

    with pytest.raises(ValueError, match="planned"):
        run_virtually(main, VirtualClock(agenda))


def test_the_calendar_may_be_skewed_and_durations_never_see_it() -> None:
    async def main() -> None:
        clock = TrioClock(epoch_ns=1_000)
        await trio.sleep(1e-6)
        assert (clock.now_ns(), clock.monotonic_ns()) == (2_000, 1_000)
        clock.skew_ns = -500
        assert (clock.now_ns(), clock.monotonic_ns()) == (1_500, 1_000)

    run_virtually(main, VirtualClock())


def test_a_deadline_wins_against_a_sleep_that_ends_with_it() -> None:
    """As it does with Trio's own sleep: what would come after the sleep is not done."""
    done = list[str]()

    async def main() -> None:
        with trio.move_on_after(5.0):
            await trio.sleep(5.0)
            done.append("slept")
        with trio.move_on_after(5.0):
            await trio.sleep(4.0)
            done.append("slept less")

    run_virtually(main, VirtualClock())
    assert done == ["slept less"]


def test_a_sleep_that_is_cancelled_wakes_nobody_later() -> None:
    async def main() -> list[float]:
        ends = list[float]()
        with trio.move_on_after(1.0):
            await trio.sleep(2.0)
        ends.append(trio.current_time())
        await trio.sleep(10.0)  # the first one's end lies within
        ends.append(trio.current_time())
        await trio.sleep(0.0)
        return ends

    assert run_virtually(main, VirtualClock()) == [1.0, 11.0]
    assert trio.sleep.__module__ == "trio"


def test_all_clocks_read_the_same_moment() -> None:
    virtual = VirtualClock()

    async def main() -> None:
        for _ in range(3):
            await trio.sleep(0.1)
            readings = {round(trio.current_time() * 1e9), virtual.monotonic_ns()}
            readings |= {TrioClock(0, virtual.monotonic_ns).now_ns(), TrioClock().monotonic_ns()}
            assert len(readings) == 1

    run_virtually(main, virtual)
    assert virtual.monotonic_ns() == 300_000_000
