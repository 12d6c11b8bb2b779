"""Starts and stops single children, and keeps the tasks that watch them.

Invariant: `start` returns with a child that serves, or raises with one that does not run any more;
`stop` returns within the child's deadlines, and says so when the child has not ended by then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, final

import trio

from supervisors.child import Child
from supervisors.errors import ChildStuckError, StartFailedError, StartTimeoutError
from supervisors.life import Life, TreeRuntime
from supervisors.mailbox import Mailbox
from supervisors.observe import ActorState, ChildStuckReported
from supervisors.spec import ChildSpec, EdgeSpec, SupervisorSpec
from supervisors.watchdog import watch_progress

Step = Callable[[], Awaitable[None]]


@final
class ChildKeeper:
    """The hands of one supervisor.

    Args:
        nursery: of the supervisor; all tasks of its children live in it.
        post: puts a step into the supervisor's queue.
        exited: the step for a child that had been ready and ended.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        runtime: TreeRuntime,
        post: Callable[[Step], None],
        exited: Callable[[Child, Life], Awaitable[None]],
    ) -> None:
        self._nursery = nursery
        self._runtime = runtime
        self._post = post
        self._exited = exited

    async def start(self, child: Child) -> None:
        """Returns when the child is ready or asked to be left out.

        Raises:
            StartFailedError: it ended before, or its deadline passed and it was stopped.
            ChildStuckError: its deadline passed and it does not stop.
        """
        life = child.conceive(self._runtime)

        def ended() -> None:
            self._post(lambda: self._exited(child, life))

        self._nursery.start_soon(life.run, ended, name=child.path)
        with trio.CancelScope() as deadline:
            if not isinstance(child.spec, SupervisorSpec):  # bounded by its children's deadlines
                deadline.deadline = trio.current_time() + child.spec.start_deadline_s
            await life.decided.wait()
        if life.is_ready:
            child.state = ActorState.RUNNING
            self._watch(child, life)
        elif not life.done.is_set():
            if not await self.stop(child):
                raise ChildStuckError(f"{child.path}: neither started nor stopped in time")
            deadline_s = child.spec.start_deadline_s
            raise StartTimeoutError(f"{child.path}: not ready within {deadline_s} s")
        elif life.is_ignored:
            child.state = ActorState.IGNORED
        else:
            child.state = ActorState.ENDED
            raise StartFailedError(f"{child.path}: {life.error}") from life.error

    async def stop(self, child: Child) -> bool:
        """Drains and cancels it and waits for its end. False when stuck; that is reported once."""
        child.disarm()
        life = child.life
        if life is not None and not life.done.is_set():
            if child.state is ActorState.STUCK:
                return False
            child.state = ActorState.STOPPING
            await self._drain(child.spec, life)
            life.order_stop()
            if isinstance(child.spec, SupervisorSpec):  # its children have deadlines of their own
                await life.settled.wait()
            with trio.move_on_after(child.spec.stop_deadline_s):
                await life.done.wait()
            if not life.done.is_set():
                child.state = ActorState.STUCK
                self._report_stuck(child)
                return False
        child.state = ActorState.STOPPED
        return True

    def after(self, child: Child, delay_s: float, step: Callable[[trio.CancelScope], Step]) -> None:
        """Posts `step` after `delay_s`, unless the child is disarmed before."""
        child.state = ActorState.BACKOFF
        child.timer = timer = trio.CancelScope()
        if delay_s <= 0:
            self._post(step(timer))
        else:
            name = f"{child.path} back-off"
            self._nursery.start_soon(self._sleep, timer, delay_s, step(timer), name=name)

    async def _drain(self, spec: ChildSpec, life: Life) -> None:
        if not isinstance(spec, EdgeSpec) or spec.mailbox is None or not life.is_ready:
            return
        if spec.drain_deadline_s is not None:
            with trio.move_on_after(spec.drain_deadline_s):
                await spec.mailbox.drained()

    async def _sleep(self, timer: trio.CancelScope, delay_s: float, step: Step) -> None:
        with timer:
            await trio.sleep(delay_s)
            self._post(step)

    def _watch(self, child: Child, life: Life) -> None:
        spec = child.spec
        if isinstance(spec, EdgeSpec) and spec.mailbox is not None and spec.liveness_s is not None:
            name = f"{child.path} liveness"
            watch = self._watch_progress
            self._nursery.start_soon(watch, child, life, spec.mailbox, spec.liveness_s, name=name)

    async def _watch_progress(
        self, child: Child, life: Life, mailbox: Mailbox[Any], liveness_s: float
    ) -> None:
        await watch_progress(
            mailbox,
            lambda: life.progressed,
            liveness_s=liveness_s,
            done=life.done,
            kill=life.kill,
        )
        with trio.move_on_after(child.spec.stop_deadline_s):
            await life.done.wait()
        if not life.done.is_set():
            self._report_stuck(child)

    def _report_stuck(self, child: Child) -> None:
        now_ns = self._runtime.clock.now_ns()
        deadline_s = child.spec.stop_deadline_s
        self._runtime.observer.report(ChildStuckReported(now_ns, child.path, deadline_s))
