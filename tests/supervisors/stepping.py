"""A Trio run that synchronous code drives step by step, in virtual time.

Invariant: the run moves only inside `do` and `end`; between them not even its clock does. All of it
happens in the caller's thread, so that what Hypothesis repeats is repeated exactly.
"""

from __future__ import annotations

import queue
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import outcome
import trio
from trio.testing import MockClock

T = TypeVar("T")
Job = tuple[Callable[[], Awaitable[Any]], list[outcome.Outcome[Any]]]

JOB_DEADLINE_S = 100_000.0  # virtual: a job that waits for nothing ends, too


class SteppedRun:
    """Runs as a guest of whoever calls `do`; `nursery` is for what goes on between the jobs."""

    nursery: trio.Nursery

    def __init__(self, *instruments: trio.abc.Instrument) -> None:
        self._ticks: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._done: list[outcome.Outcome[None]] = []
        self._jobs, jobs = trio.open_memory_channel[Job](1)
        trio.lowlevel.start_guest_run(
            self._work_off,
            jobs,
            run_sync_soon_threadsafe=self._ticks.put,
            done_callback=self._done.append,
            host_uses_signal_set_wakeup_fd=True,
            clock=MockClock(autojump_threshold=0),
            instruments=instruments,
        )

    async def _work_off(self, jobs: trio.MemoryReceiveChannel[Job]) -> None:
        async with trio.open_nursery() as self.nursery:
            async for job, box in jobs:
                box.append(await outcome.acapture(_in_time, job))

    def do(self, job: Callable[[], Awaitable[T]]) -> T:
        """Runs `job` in Trio to its end; raises what it raises."""
        box: list[outcome.Outcome[T]] = []
        self._jobs.send_nowait((job, box))
        while not box and not self._done:
            self._ticks.get(timeout=10)()
        if not box:
            self._done[0].unwrap()
        return box[0].unwrap()

    def end(self) -> None:
        """Ends the run; raises what is left of it."""
        self._jobs.close()
        while not self._done:
            self._ticks.get(timeout=10)()
        self._done[0].unwrap()


async def _in_time(job: Callable[[], Awaitable[T]]) -> T:
    with trio.fail_after(JOB_DEADLINE_S):
        return await job()
