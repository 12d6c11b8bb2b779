"""Runs a whole tree and gives its owner a handle on it.

Invariant: however `run_tree` ends, by `stop`, by cancellation or by failure, the actors were
stopped in the reverse order of their start, each within its deadline, before it returns.
Deadlines and delays are in Trio's time, so a virtual Trio clock drives them.
"""

from __future__ import annotations

from typing import final

import trio

from supervisors.child import Child
from supervisors.clock import Clock
from supervisors.dispatch import RunQueue
from supervisors.entropy import Dice
from supervisors.errors import (
    ChildBusyError,
    ChildExistsError,
    ChildNotFoundError,
    ChildStuckError,
    LeaveError,
    StartFailedError,
    SupervisionError,
)
from supervisors.life import Life, TreeRuntime
from supervisors.observe import ActorState, ActorStatistics, Observer
from supervisors.registry import Registry
from supervisors.restart import Restart
from supervisors.spec import ChildSpec, SupervisorSpec, check_child
from supervisors.supervisor import Supervisor


@final
class SupervisorHandle:
    """Administers the children of one supervisor while it runs.

    Every change is a step of the supervisor's own queue, so it never races a restart. When the
    supervisor ends meanwhile, the change raises `ActorDiedError`.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def which_children(self) -> tuple[ActorStatistics, ...]:
        """The children in start order, without what is below them."""
        observer = self._supervisor.runtime.observer
        return tuple(
            child.statistics(observer.restarts(child.path))
            for child in self._supervisor.children.values()
        )

    async def start_child(self, spec: ChildSpec) -> None:
        """Adds a child at the end and starts it; returns when it is ready.

        Raises:
            SpecError: this supervisor cannot have it.
            ChildExistsError: the name is taken.
            StartFailedError: it did not start; it is not listed then.
        """
        supervisor = self._supervisor
        check_child(supervisor.spec, spec)

        async def step() -> None:
            known = supervisor.children.get(spec.id)
            if known is not None:
                raise ChildExistsError(f"{known.path}: already there, {known.state.value}")
            child = supervisor.add(spec)
            try:
                await supervisor.keeper.start(child)
            except StartFailedError:
                supervisor.remove(child)
                raise
            if child.state is ActorState.IGNORED and spec.restart is Restart.TEMPORARY:
                supervisor.remove(child)

        await supervisor.call(step)

    async def terminate_child(self, name: str) -> None:
        """Stops it; it stays listed, unless temporary, and stays stopped. Twice is fine.

        Raises:
            ChildNotFoundError: no such child.
            ChildStuckError: it did not stop within its deadline.
        """
        supervisor = self._supervisor

        async def step() -> None:
            child = self._child(name)
            was_waiting = child.state is ActorState.BACKOFF
            if not await supervisor.keeper.stop(child):
                raise ChildStuckError(f"{child.path}: did not stop in time")
            if child.spec.restart is Restart.TEMPORARY:
                supervisor.remove(child)
            if was_waiting:
                self._hand_over_group()

        await supervisor.call(step)

    async def restart_child(self, name: str) -> None:
        """Starts a child that is listed and not running.

        Raises:
            ChildNotFoundError: no such child.
            ChildBusyError: it runs, or is about to be restarted.
            StartFailedError: it did not start; it stays listed.
        """

        async def step() -> None:
            await self._supervisor.keeper.start(self._idle_child(name))

        await self._supervisor.call(step)

    async def delete_child(self, name: str) -> None:
        """Forgets a child that is listed and not running; raises like `restart_child`."""

        async def step() -> None:
            self._supervisor.remove(self._idle_child(name))

        await self._supervisor.call(step)

    def _child(self, name: str) -> Child:
        child = self._supervisor.children.get(name)
        if child is None:
            raise ChildNotFoundError(f"{self._supervisor.path}: no child is named {name!r}")
        return child

    def _idle_child(self, name: str) -> Child:
        child = self._child(name)
        if child.is_busy:
            raise ChildBusyError(f"{child.path}: is {child.state.value}; terminate it first")
        return child

    def _hand_over_group(self) -> None:
        """The child whose timer would have restarted its group is gone: the next one leads."""
        for child in self._supervisor.children.values():
            if child.state is ActorState.PENDING:
                self._supervisor.restart_soon(child)
                return


@final
class TreeHandle:
    """What the owner of a running tree can do."""

    def __init__(self, root: Supervisor, life: Life) -> None:
        self._root = root
        self._life = life

    @property
    def observer(self) -> Observer:
        return self._root.runtime.observer

    @property
    def registry(self) -> Registry:
        return self._root.runtime.registry

    def stop(self) -> None:
        """Asks for an orderly stop in reverse order; `run_tree` returns when it is done."""
        self._life.order_stop()

    def snapshot(self) -> tuple[ActorStatistics, ...]:
        """Every actor and supervisor below the root, in start order."""
        return tuple(self._root.statistics())

    def supervisor(self, path: str) -> SupervisorHandle:
        """The supervisor at `path` as it runs now; ask again after it was restarted."""
        if path == self._root.path:
            return SupervisorHandle(self._root)
        body = self._find(path).body
        if not isinstance(body, Supervisor):
            raise ChildNotFoundError(f"{path}: is no supervisor")
        return SupervisorHandle(body)

    def kill(self, path: str, error: Exception | None = None) -> None:
        """Ends the running actor at `path` from outside; its supervisor restarts it by policy."""
        child = self._find(path)
        if child.life is not None:
            child.life.kill(error or SupervisionError(f"{path}: killed from outside"))

    def _find(self, path: str) -> Child:
        names = path.split("/")
        supervisor, child = self._root, None
        if names[0] == self._root.path:
            for name in names[1:]:
                child = supervisor.children.get(name)
                if child is None:
                    break
                if isinstance(child.body, Supervisor):
                    supervisor = child.body
        if child is None or child.path != path:
            raise ChildNotFoundError(f"{path}: no such actor in the tree")
        return child


async def run_tree(
    spec: SupervisorSpec,
    *,
    runs: RunQueue,
    clock: Clock,
    dice: Dice,
    observer: Observer,
    registry: Registry | None = None,
    task_status: trio.TaskStatus[TreeHandle] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Runs the tree until it is stopped, cancelled or fails; `started` with a `TreeHandle`.

    Args:
        spec: the root; its own restart type means nothing.
        runs: for the decision actors; one tree per run queue.
        clock: stamps lifecycle events.
        observer: is told of them.
        dice: for the jitter of back-offs.
        registry: shows ready actors by path; a fresh one by default.
        task_status: of `nursery.start`.

    Raises:
        StartFailedError: the tree did not start.
        RestartLimitReachedError: failures escalated to the root.
        ChildStuckError: it ended, but a child took longer than its deadline.
    """
    runtime = TreeRuntime(runs, clock, dice, observer, registry or Registry())
    root = Supervisor(spec, spec.id, runtime)
    life = Life(spec.id, 1, root, runtime)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_live, life, runs, name=spec.id)
        try:
            await life.decided.wait()
            if life.is_ready:
                task_status.started(TreeHandle(root, life))
            await life.done.wait()
        finally:
            life.order_stop()
    if life.error is not None and not isinstance(life.error, LeaveError):
        raise life.error


async def _live(life: Life, runs: RunQueue) -> None:
    """The root's life, and the pump for exactly as long."""
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_pump, life, runs, name=f"{life.path} pump")
            try:
                await life.run(lambda: None)
            finally:
                nursery.cancel_scope.cancel()


async def _pump(life: Life, runs: RunQueue) -> None:
    try:
        await runs.pump()
    finally:
        life.order_stop()  # no tree without its pump
