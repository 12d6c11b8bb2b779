"""Edge actors that live as a script says, and the log of what they did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import pytest
import trio

from supervisors.actor import EdgeActor, EdgeContext
from supervisors.dispatch import RunQueue
from supervisors.errors import IgnoreStartError, LeaveError
from supervisors.observe import ActorExited, LifecycleEvent, Observer
from supervisors.spec import ChildSpec, EdgeSpec, SupervisorSpec
from supervisors.testing import TrioClock, running_tree
from supervisors.tree import TreeHandle

E = TypeVar("E")


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


class Stage:
    """Makes puppets; `log` has `+name` when one is ready and `-name` when one ends."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.built: Counter[str] = Counter()

    def spec(
        self, name: str, *acts: str, then: str = "stay", slow_stop_s: float = 0, **options: object
    ) -> EdgeSpec:
        """The n-th incarnation plays the n-th act, later ones play `then`. No back-off here."""

        def build() -> Puppet:
            number = self.built[name]
            self.built[name] += 1
            act = acts[number] if number < len(acts) else then
            return Puppet(self, name, act, slow_stop_s)

        return EdgeSpec(name, build, **{"backoff": None, **options})


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

    def grow(*children: ChildSpec, **options: object) -> AbstractAsyncContextManager[TreeHandle]:
        spec = SupervisorSpec("root", children=children, **options)
        return running_tree(spec, runs, observer=recorder.observer)

    return grow
