"""A task that waits for news of a simulated connection.

Invariant: at most one at a time; it is woken once, or cancelled, and then it is forgotten. Messages
come by the thousand, and a parking lot, which is made for many tasks, costs more than they do.
"""

from __future__ import annotations

from typing import final

import trio


@final
class Waiter:
    """`what` it does, for the error that a second task gets."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._task: trio.lowlevel.Task | None = None

    async def wait(self) -> None:
        """Until `wake`; a checkpoint. Raises `trio.BusyResourceError` where one waits already."""
        if self._task is not None:
            raise trio.BusyResourceError(f"two tasks {self._what}")
        self._task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._abort)

    def wake(self) -> None:
        """The one that waits, if there is one."""
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED
