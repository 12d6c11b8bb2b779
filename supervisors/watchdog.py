"""Finds actors that do not get on: by progress inside the tree, by a thread outside of Trio.

Invariant: silence is a hang only while work waits; and a busy loop is never taken for liveness.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from typing import Any, final

import trio

from supervisors.clock import Clock
from supervisors.dispatch import RunQueue
from supervisors.errors import ActorHungError
from supervisors.mailbox import Mailbox

EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h
LOOKS_PER_DEADLINE = 4


async def watch_progress(
    mailbox: Mailbox[Any],
    progressed: Callable[[], int],
    *,
    liveness_s: float,
    done: trio.Event,
    kill: Callable[[ActorHungError], None],
) -> None:
    """Kills an edge actor whose mailbox holds messages while nothing moves for `liveness_s`.

    Movement is a message taken or a `progress()`. Looks four times per deadline, so it kills at
    most half a deadline late and never early. Returns when `done` is set or after the kill.
    """
    seen, stalled_at_s = (-1, -1), None
    while not done.is_set():
        marks = (mailbox.taken, progressed())
        now_s = trio.current_time()
        if marks != seen or mailbox.waiting == 0:
            seen, stalled_at_s = marks, None
        elif stalled_at_s is None:
            stalled_at_s = now_s
        elif now_s - stalled_at_s >= liveness_s:
            waiting = mailbox.waiting
            kill(ActorHungError(f"{waiting} messages wait and nothing moved for {liveness_s} s"))
            return
        with trio.move_on_after(liveness_s / LOOKS_PER_DEADLINE):
            await done.wait()


@final
class TurnWatchdog:
    """A thread that sees a turn of the run queue that does not end.

    Python cannot interrupt a synchronous handler. Past `turn_deadline_s` the stack goes to
    `on_stuck`, once a turn and in the watchdog's thread; past `exit_deadline_s` `terminate` ends
    the process, for a restart from the journal.

    Args:
        runs: the turns to watch.
        clock: must be readable from another thread.
        on_stuck: gets one text: the actor's name and the stacks of all threads.
        terminate: gets the exit code; by default the process ends at once, without clean-up.
    """

    def __init__(
        self,
        runs: RunQueue,
        clock: Clock,
        *,
        turn_deadline_s: float,
        exit_deadline_s: float,
        on_stuck: Callable[[str], None],
        terminate: Callable[[int], object] = os._exit,
        look_every_s: float = 0.25,
    ) -> None:
        if not 0 < turn_deadline_s <= exit_deadline_s:
            raise ValueError(
                f"need 0 < turn_deadline_s {turn_deadline_s} <= exit_deadline_s {exit_deadline_s}"
            )
        self._runs = runs
        self._clock = clock
        self._turn_deadline_ns = round(turn_deadline_s * 1e9)
        self._exit_deadline_ns = round(exit_deadline_s * 1e9)
        self._on_stuck = on_stuck
        self._terminate = terminate
        self._look_every_s = look_every_s
        self._reported_turn: int | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watches from now on."""
        if self._thread is not None:
            raise RuntimeError("the watchdog runs already")
        self._ending.clear()
        self._thread = threading.Thread(target=self._watch, name="turn watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; waits for it."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> TurnWatchdog:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def look(self) -> None:
        """One look at the clock and the turn; what the thread does again and again."""
        turn, started_ns, current = self._runs.turns, self._runs.turn_started_ns, self._runs.current
        if started_ns is None:
            return
        age_ns = self._clock.monotonic_ns() - started_ns
        if age_ns >= self._turn_deadline_ns and self._reported_turn != turn:
            self._reported_turn = turn
            name = "no actor" if current is None else current.name
            self._report(f"a turn has run for {age_ns / 1e9:.3f} s, now in {name}\n{_stacks()}")
        if age_ns >= self._exit_deadline_ns:
            self._terminate(EXIT_CODE)

    def _report(self, text: str) -> None:
        try:
            self._on_stuck(text)
        except Exception:
            traceback.print_exc(file=sys.stderr)

    def _watch(self) -> None:
        while not self._ending.wait(self._look_every_s):
            self.look()


def _stacks() -> str:
    with tempfile.TemporaryFile(mode="w+") as file:  # faulthandler writes to a descriptor
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return file.read()
