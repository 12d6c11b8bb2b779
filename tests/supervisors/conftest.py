"""Actors of both kinds that live as a script says, and the log of what they did."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import pytest
import trio

from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.errors import IgnoreStartError, LeaveError
from supervisors.observe import ActorExited, LifecycleEvent, Observer
from supervisors.spec import ChildSpec, DecisionSpec, EdgeSpec, SupervisorSpec
from supervisors.testing import TrioClock, running_tree
from supervisors.tree import TreeHandle

E = TypeVar("E")
PATIENCE_S = 2_000  # virtual: what waits for ever fails instead


class Puppet(EdgeActor):
    """One life. Acts: `stay`, `fail`, `late`, `unready`, `ignore`, or `crash@s`, `end@s`, `leave@s`
    so many seconds after it was ready."""

    def __init__(self, stage: Stage, name: str, act: str, slow_stop_s: float) -> None:
        self.stage, self.name, self.act, self.slow_stop_s = stage, name, act, slow_stop_s

    async def run(self, context: EdgeContext) -> None:
        act, _, after_s = self.act.partition("@")
        if act == "fail":
            raise OSError(f"{self.name} cannot start")
        if act == "ignore":
            raise IgnoreStartError(f"{self.name} is not needed")
        if act == "unready":
            return
        try:
            if act == "late":
                await trio.sleep_forever()
            self.stage.log.append(f"+{self.name}")
            context.ready()
            await trio.sleep(float(after_s)) if after_s else await trio.sleep_forever()
            if act == "crash":
                raise ValueError(f"{self.name} crashed")
            if act == "leave":
                raise LeaveError(f"{self.name} leaves")
        finally:
            self.stage.log.append(f"-{self.name}")
            with trio.CancelScope(shield=True):
                await trio.sleep(self.slow_stop_s)


class Mind(DecisionActor[int | BaseException]):
    """One life of a decision actor: raises the errors it is sent, keeps the numbers. Acts: `stay`,
    `fail`, `ignore`."""

    def __init__(self, stage: Stage, name: str, act: str) -> None:
        self.stage, self.name, self.act = stage, name, act

    def started(self) -> None:
        if self.act == "fail":
            raise OSError(f"{self.name} cannot start")
        if self.act == "ignore":
            raise IgnoreStartError(f"{self.name} is not needed")
        self.stage.log.append(f"+{self.name}")

    def handle(self, message: int | BaseException) -> None:
        if isinstance(message, BaseException):
            raise message
        self.stage.heard[self.name].append(message)


class Stage:
    """Makes puppets; `log` has `+name` when one is ready and `-name` when one ends."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.built: Counter[str] = Counter()
        self.heard: defaultdict[str, list[int]] = defaultdict(list)

    def spec(
        self, name: str, *acts: str, then: str = "stay", slow_stop_s: float = 0, **options: object
    ) -> EdgeSpec:
        """The n-th incarnation plays the n-th act, later ones play `then`. No back-off here."""

        def build() -> Puppet:
            return Puppet(self, name, self._next_act(name, acts, then), slow_stop_s)

        return EdgeSpec(name, build, **{"backoff": None, **options})

    def mind(
        self, cell: DecisionCell[Any], *acts: str, then: str = "stay", **options: object
    ) -> DecisionSpec[Any]:
        """A decision actor, like `spec`."""

        def build() -> Mind:
            return Mind(self, cell.name, self._next_act(cell.name, acts, then))

        return DecisionSpec(cell, build, **{"backoff": None, **options})

    def _next_act(self, name: str, acts: tuple[str, ...], then: str) -> str:
        number = self.built[name]
        self.built[name] += 1
        return acts[number] if number < len(acts) else then


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def runs() -> RunQueue:
    return RunQueue(TrioClock())


class Recorder:
    """All lifecycle events, in order."""

    def __init__(self) -> None:
        self.observer = Observer(TrioClock())
        self.events: list[LifecycleEvent] = []
        self.observer.subscribe(self.events.append)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def reasons(self) -> list[tuple[str, str]]:
        return [(exited.path, exited.reason.value) for exited in self.of(ActorExited)]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def grow(
    runs: RunQueue, recorder: Recorder
) -> Callable[..., AbstractAsyncContextManager[TreeHandle]]:
    """`async with grow(*children, **options of the root's spec) as tree:`"""

    @asynccontextmanager
    async def grow(*children: ChildSpec, **options: object) -> AsyncIterator[TreeHandle]:
        spec = SupervisorSpec("root", children=children, **options)
        with trio.fail_after(PATIENCE_S):
            async with running_tree(spec, runs, observer=recorder.observer) as tree:
                yield tree

    return grow
