"""Virtual time for a whole Trio run, on Trio's public `Clock` alone.

Invariant: time stands still while any task can run and while real work (a thread) is in flight,
and jumps to the next deadline or event otherwise; it never goes back. A run in which nothing can
ever happen again ends with `DeadlockError`, which names the tasks that wait.

Trio asks `deadline_to_sleep_time` only when no task can run: that is the moment to jump. (With
`trio.testing.MockClock` a thread's work lets time run away, and a deadlock hangs for ever.) As an
instrument of the run the clock hears of every task that an event wakes; events that wake none are
followed by the next at once, without a pass of Trio's loop for each.
Nothing that runs under this clock may use `trio.testing.wait_all_tasks_blocked`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, TypeVar, final

import trio

from supervisors.testing.agenda import Agenda

T = TypeVar("T")
_NEVER_S = float("inf")
_UNTIL_WOKEN_S = 86_400.0
_TASKS_TOLD_MAX = 50
_JUMPS_MAX = 100  # in one go: between two of them Trio hears of signals


class DeadlockError(Exception):
    """No task can run, no deadline is set, no event is planned."""


def _trio_ns() -> int:
    return round(trio.current_time() * 1e9)


@final
class TrioClock:
    """Trio's time as a `Clock`: under a virtual clock it is virtual.

    `epoch_ns` is the calendar's time at Trio's zero, which only a virtual clock has at its start;
    `skew_ns` moves the calendar and may be changed at any time, durations never see it.
    `monotonic_ns` may be a virtual clock's own: read often, it costs less.
    """

    def __init__(self, epoch_ns: int = 0, monotonic_ns: Callable[[], int] = _trio_ns) -> None:
        self.skew_ns = 0
        self.monotonic_ns = monotonic_ns
        self._epoch_ns = epoch_ns

    def now_ns(self) -> int:
        return self._epoch_ns + self.skew_ns + self.monotonic_ns()


@final
class VirtualClock(trio.abc.Clock, trio.abc.Instrument):
    """Starts at 0. Give it to `run_virtually`.

    An event may move a deadline of Trio's only if it wakes a task too.
    """

    def __init__(self, agenda: Agenda | None = None) -> None:
        self.agenda = Agenda() if agenda is None else agenda
        self.failure: Exception | None = None
        self._now_ns = 0
        self._held = 0
        self._has_woken = False
        self._scope: trio.CancelScope | None = None

    def start_clock(self) -> None:
        """Nothing to do: time is a number."""

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """Trio's: one can run from now on."""
        del task
        self._has_woken = True

    def current_time(self) -> float:
        return self.agenda.now_s

    def monotonic_ns(self) -> int:
        """Rounded once for all who read it before the next jump."""
        return self._now_ns

    def deadline_to_sleep_time(self, deadline: float) -> float:
        if self._held:
            return _UNTIL_WOKEN_S
        self._has_woken = False
        # Beyond the guarded block it may be no instrument, and nobody waits for events.
        for _ in range(_JUMPS_MAX if self._scope is not None else 1):
            due_s = self.agenda.next_s
            if due_s is None or due_s > deadline:
                return self._pass_until(deadline)
            self._jump_to(due_s)
            try:
                self.agenda.fire()
            except Exception as error:
                self._fail(error)
            if self._has_woken:
                break
        return 0.0

    def _pass_until(self, deadline: float) -> float:
        """Nothing else comes before it."""
        if deadline == _NEVER_S:
            self._fail(DeadlockError(f"nothing can happen any more; waiting:\n{_waiting_tasks()}"))
            return 0.0
        self._jump_to(deadline)
        return 0.0

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Real work is in flight for the length of the block: time waits for it."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    @contextmanager
    def guarding(self, scope: trio.CancelScope) -> Iterator[None]:
        """A failure of the clock (a deadlock, an event that raises) cancels `scope`."""
        self._scope = scope
        try:
            yield
        finally:
            self._scope = None

    def _jump_to(self, time_s: float) -> None:
        if time_s > self.agenda.now_s:
            self.agenda.now_s = time_s
            self._now_ns = round(time_s * 1e9)

    def _fail(self, error: Exception) -> None:
        """The first failure ends the run; what follows from it is not told.

        Nothing is raised into Trio's loop unless there is no other way out of it: a deadlock that
        cancelling did not resolve.
        """
        if self._scope is None:
            return  # Trio itself begins or ends
        if self.failure is None:
            self.failure = error
            self._scope.cancel()
        elif isinstance(error, DeadlockError):
            raise error


def run_virtually(
    main: Callable[[], Awaitable[T]],
    clock: VirtualClock,
    *,
    instruments: Sequence[trio.abc.Instrument] = (),
) -> T:
    """`trio.run` under `clock`; threads hold its time, and sleeps are events of its agenda.

    Raises what `main` raises, `DeadlockError`, and what an event of the agenda raised.
    """

    async def guarded() -> T:
        with trio.CancelScope() as scope, clock.guarding(scope):
            return await main()
        assert clock.failure is not None
        raise clock.failure

    with _threads_hold(clock), _sleeps_are_events(clock.agenda):
        return trio.run(
            guarded,
            clock=clock,
            instruments=(clock, *instruments),
            restrict_keyboard_interrupt_to_checkpoints=True,
        )


@contextmanager
def _threads_hold(clock: VirtualClock) -> Iterator[None]:
    threads: Any = trio.to_thread
    in_thread = threads.run_sync

    async def held(*args: Any, **options: Any) -> Any:
        with clock.holding():
            return await in_thread(*args, **options)

    threads.run_sync = held
    try:
        yield
    finally:
        threads.run_sync = in_thread


@contextmanager
def _sleeps_are_events(agenda: Agenda) -> Iterator[None]:
    trio_itself: Any = trio
    trio_sleep = trio.sleep

    async def sleep(seconds: float) -> None:
        if 0.0 < seconds < _NEVER_S:
            await agenda.sleep(seconds)
        else:
            await trio_sleep(seconds)

    trio_itself.sleep = sleep
    try:
        yield
    finally:
        trio_itself.sleep = trio_sleep


def _waiting_tasks() -> str:
    """Every task of the run and where it waits, a line each."""
    root = trio.lowlevel.current_root_task()
    lines: list[str] = []
    tasks = [] if root is None else [root]
    while tasks and len(lines) < _TASKS_TOLD_MAX:
        task = tasks.pop()
        tasks += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
        frames = list(task.iter_await_frames())
        inner = next((f for f in reversed(frames) if not _is_trio(f[0].f_code.co_filename)), None)
        if inner is not None:
            code = inner[0].f_code
            where = f"{PurePath(code.co_filename).name}:{inner[1]} in {code.co_qualname}"
            lines.append(f"  {task.name}: {where}")
    return "\n".join(lines)


_TRIO_FOLDER = str(PurePath(sys.modules["trio"].__file__ or "").parent)


def _is_trio(filename: str) -> bool:
    return filename.startswith(_TRIO_FOLDER)
