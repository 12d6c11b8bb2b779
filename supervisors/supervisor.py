"""Runs a `SupervisorSpec`: starts in order, restarts by policy, stops in reverse order.

Invariant: everything that happens to a child goes through the supervisor's own queue, one step at
a time; a back-off is a timer into that queue, so the supervisor is always responsive. When it
ends, for whatever reason, every child was told to stop, the last started first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any, final

import trio

from supervisors.actor import Address
from supervisors.child import Child, DecisionBody, EdgeBody
from supervisors.dead_letters import DeadLetter, describe
from supervisors.errors import (
    ActorDiedError,
    ChildStuckError,
    LeaveError,
    RestartLimitReachedError,
    SpecError,
    StartFailedError,
    SupervisionError,
)
from supervisors.keeper import ChildKeeper, Step
from supervisors.life import Body, Life, TreeRuntime
from supervisors.observe import (
    ActorKind,
    ActorRestarted,
    ActorState,
    ActorStatistics,
    BackoffStarted,
    RestartLimitHit,
    Workload,
)
from supervisors.request import Reply
from supervisors.restart import (
    Restart,
    RestartWindow,
    Strategy,
    affected,
    ends_supervisor,
    is_restarted,
)
from supervisors.spec import ChildSpec, DecisionSpec, EdgeSpec, SupervisorSpec


@final
class Supervisor:
    """One incarnation of a supervisor; itself a `Body`. `keeper` is there while it runs."""

    kind = ActorKind.SUPERVISOR
    keeper: ChildKeeper

    def __init__(self, spec: SupervisorSpec, path: str, runtime: TreeRuntime) -> None:
        self.spec = spec
        self.path = path
        self.runtime = runtime
        self.children: dict[str, Child] = {}
        self._window = RestartWindow(spec.intensity)
        self._steps: deque[Step] = deque()  # at most an exit and a timer a child, a call a caller
        self._wake = trio.lowlevel.ParkingLot()
        self._calls: set[Reply[None]] = set()
        self._is_serving = False
        for child_spec in spec.children:
            self.add(child_spec)

    @property
    def address(self) -> Address[Any] | None:
        return None

    def finish(self, error: BaseException | None, ts_ns: int) -> tuple[DeadLetter, ...]:
        del error, ts_ns  # its children have reported theirs
        return ()

    def workload(self) -> Workload:
        return Workload()

    async def run(self, life: Life) -> None:
        """Until it is cancelled or fails.

        Raises:
            StartFailedError: a child could not start; the earlier ones were stopped.
            RestartLimitReachedError: more restarts than the intensity.
            LeaveError: its significant children ended.
            ChildStuckError: a child did not stop within its deadline.
        """
        failure: SupervisionError | None = None
        stuck = ""
        self.runtime.observer.forget_below(self.path, but=self.children)
        try:
            async with trio.open_nursery() as nursery:
                self.keeper = ChildKeeper(nursery, self.runtime, self._post, self._exited)
                try:
                    await self._start_all()
                    life.ready()
                    await self._serve()
                except SupervisionError as error:
                    failure = error
                finally:
                    with trio.CancelScope(shield=True):
                        stuck = await self._close(life)
                    nursery.cancel_scope.cancel()  # timers; every child was told to stop
        finally:
            if stuck:
                raise ChildStuckError(f"{self.path}: did not stop in time: {stuck}") from failure
        if failure is not None:
            raise failure

    async def _start_all(self) -> None:
        children = tuple(self.children.values())
        if not self.spec.starts_together:
            for child in children:
                await self.keeper.start(child)
            return
        failures: list[SupervisionError] = []
        async with trio.open_nursery() as starting:

            async def start(child: Child) -> None:
                try:
                    await self.keeper.start(child)
                except SupervisionError as error:
                    failures.append(error)
                    starting.cancel_scope.cancel()  # nobody waits for the others any more

            for child in children:
                starting.start_soon(start, child)
        if failures:
            raise failures[0]

    def add(self, spec: ChildSpec) -> Child:
        """A new child at the end of the list, not started."""
        path = f"{self.path}/{spec.id}"
        child = Child(spec, path, partial(_make_body, spec, path, self.runtime))
        self.children[spec.id] = child
        return child

    def remove(self, child: Child) -> None:
        """From the list; it must not run."""
        del self.children[child.spec.id]
        self.runtime.observer.forget(child.path)
        if isinstance(child.spec, SupervisorSpec):
            self.runtime.observer.forget_below(child.path)

    def restart_soon(self, child: Child, delay_s: float = 0.0) -> None:
        """It and its group are started again after the delay."""
        self.keeper.after(child, delay_s, lambda timer: partial(self._restart, child, timer))

    async def call(self, step: Step) -> None:
        """Runs `step` between the supervisor's own steps; raises what it raises."""
        if not self._is_serving:
            raise ActorDiedError(f"{self.path}: the supervisor is not running")
        reply: Reply[None] = Reply()

        async def answer() -> None:
            try:
                await step()
            except SupervisionError as error:
                reply.fail(error)
            else:
                reply.answer(None)

        self._calls.add(reply)
        try:
            self._post(answer)
            await reply.wait()
        finally:
            self._calls.discard(reply)

    def statistics(self) -> Iterator[ActorStatistics]:
        """Of every actor below, in start order."""
        for child in self.children.values():
            yield child.statistics(self.runtime.observer.restarts(child.path))
            if isinstance(child.body, Supervisor):
                yield from child.body.statistics()

    def _post(self, step: Step) -> None:
        self._steps.append(step)
        self._wake.unpark()

    async def _serve(self) -> None:
        self._is_serving = True
        while True:
            while not self._steps:
                await self._wake.park()
            await self._steps.popleft()()

    async def _close(self, life: Life) -> str:
        """Stops all; names those that are stuck."""
        self._is_serving = False
        children = tuple(self.children.values())
        for child in reversed(children):
            await self.keeper.stop(child)
        for reply in self._calls:
            reply.fail(ActorDiedError(f"{self.path}: the supervisor ended"))
        life.settled.set()
        return ", ".join(c.path for c in children if c.state is ActorState.STUCK)

    async def _exited(self, child: Child, life: Life) -> None:
        if child.life is not life or child.state is not ActorState.RUNNING:
            return  # it was stopped or replaced meanwhile
        if is_restarted(child.spec.restart, life.reason):
            await self._schedule_restart(child, life.error)
            return
        child.state = ActorState.ENDED
        if child.spec.restart is Restart.TEMPORARY:
            self.remove(child)
        others = (other.is_alive and other.spec.significant for other in self.children.values())
        auto = self.spec.auto_shutdown
        if child.spec.significant and ends_supervisor(auto, others_alive=any(others)):
            raise LeaveError(f"{self.path}: ends, for its significant {child.spec.id} has ended")

    async def _schedule_restart(self, child: Child, cause: Exception | None) -> None:
        self._charge(child, cause)
        await self._stop_group(child)
        up_s = 0.0 if child.life is None else child.life.up_s
        delay_s = child.streak.next_delay_s(up_s, self.runtime.dice)
        if delay_s > 0:
            now_ns = self.runtime.clock.now_ns()
            self.runtime.observer.report(
                BackoffStarted(now_ns, child.path, delay_s, child.streak.crashes, describe(cause))
            )
        self.restart_soon(child, delay_s)

    def _charge(self, child: Child, cause: Exception | None) -> None:
        if self._window.charge(trio.current_time()):
            return
        most, within_s = self.spec.intensity.restarts, self.spec.intensity.within_s
        now_ns = self.runtime.clock.now_ns()
        self.runtime.observer.report(
            RestartLimitHit(now_ns, self.path, child.spec.id, most, within_s)
        )
        raise RestartLimitReachedError(
            f"{self.path}: more than {most} restarts within {within_s} s, the last for"
            f" {child.spec.id}: {cause}"
        ) from cause

    async def _stop_group(self, failed: Child) -> None:
        for child in reversed(self._group(failed)):
            if child is failed or child.state is ActorState.STOPPED:
                continue  # what was stopped by hand stays stopped
            if not await self.keeper.stop(child):
                raise ChildStuckError(f"{child.path}: blocks the restart of its group")
            if child.spec.restart is Restart.TEMPORARY:
                self.remove(child)
            else:
                child.state = ActorState.PENDING

    def _group(self, failed: Child) -> tuple[Child, ...]:
        if self.spec.strategy is Strategy.ONE_FOR_ONE:
            return (failed,)  # without a look at the others: a crash costs the same among many
        return tuple(affected(self.spec.strategy, tuple(self.children.values()), failed))

    async def _restart(self, child: Child, timer: trio.CancelScope) -> None:
        if child.timer is not timer:
            return  # overtaken by a stop or by the restart of a larger group
        child.timer = None
        waiting = (ActorState.BACKOFF, ActorState.PENDING)
        for member in [one for one in self._group(child) if one.state in waiting]:
            try:
                await self.keeper.start(member)
            except StartFailedError as error:
                await self._schedule_restart(member, error)
                return
            self._report_restarted(member)

    def _report_restarted(self, child: Child) -> None:
        if child.state is ActorState.RUNNING:  # and not IGNORED
            restarts = self.runtime.observer.restarts(child.path)
            now_ns = self.runtime.clock.now_ns()
            self.runtime.observer.report(ActorRestarted(now_ns, child.path, restarts))


def _make_body(spec: ChildSpec, path: str, runtime: TreeRuntime) -> Body:
    match spec:
        case DecisionSpec():
            return DecisionBody(spec)
        case EdgeSpec():
            return EdgeBody(spec)
        case SupervisorSpec():
            return Supervisor(spec, path, runtime)
        case _:
            raise SpecError(f"{path}: {spec!r} is no declaration of a child")
