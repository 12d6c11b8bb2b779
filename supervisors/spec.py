"""What is to run, as data: a tree on one screen.

Invariant: a declaration that was built can be run; bad ones raise `SpecError` where they are built.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar, final

from attrs import field, frozen

from supervisors.actor import DecisionActor, EdgeActor
from supervisors.backoff import Backoff
from supervisors.cell import DecisionCell
from supervisors.errors import SpecError
from supervisors.mailbox import Mailbox
from supervisors.restart import AutoShutdown, Intensity, Restart, Strategy

M = TypeVar("M")


@frozen(kw_only=True)
class ChildSpec(ABC):
    """What every child declares.

    Args:
        restart: when it is started again.
        start_deadline_s: to be ready; a supervisor's start is bounded by its children's instead.
        stop_deadline_s: to end after it was cancelled.
        significant: its own end may end the supervisor, see `AutoShutdown`.
        backoff: None restarts at once.
    """

    restart: Restart = Restart.PERMANENT
    start_deadline_s: float = 30.0
    stop_deadline_s: float = 5.0
    significant: bool = False
    backoff: Backoff | None = field(factory=Backoff)

    @property
    @abstractmethod
    def id(self) -> str:
        """Unique among its siblings."""

    def __attrs_post_init__(self) -> None:
        if not self.id or "/" in self.id:
            raise SpecError(f"child name {self.id!r}: must not be empty or contain a slash")
        for name in ("start_deadline_s", "stop_deadline_s"):
            _check_duration(self.id, name, getattr(self, name))
        if self.significant and self.restart is Restart.PERMANENT:
            raise SpecError(
                f"{self.id}: a significant child must be transient or temporary, for a permanent"
                " one never ends by itself"
            )


@final
@frozen
class DecisionSpec(ChildSpec, Generic[M]):
    """A decision actor: `build` makes a fresh one at each start, `cell` is its stable address."""

    cell: DecisionCell[M] = field(kw_only=False)
    build: Callable[[], DecisionActor[M]] = field(kw_only=False)

    @property
    def id(self) -> str:
        return self.cell.name


@final
@frozen
class EdgeSpec(ChildSpec):
    """An edge actor; with `liveness_s`, messages that wait that long without progress kill it.

    `liveness_s` needs a mailbox: silence is a hang only while work waits. With `drain_deadline_s`
    its stop begins with so much time to handle what waits; without, it is cancelled at once.
    """

    name: str = field(kw_only=False)
    build: Callable[[], EdgeActor] = field(kw_only=False)
    mailbox: Mailbox[Any] | None = field(kw_only=False, default=None)
    liveness_s: float | None = field(kw_only=False, default=None)
    drain_deadline_s: float | None = None

    @property
    def id(self) -> str:
        return self.name

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        for name in ("liveness_s", "drain_deadline_s"):
            value_s = getattr(self, name)
            if value_s is None:
                continue
            _check_duration(self.id, name, value_s)
            if self.mailbox is None:
                raise SpecError(f"{self.id}: {name} needs a mailbox")


def _children(given: Iterable[ChildSpec]) -> tuple[ChildSpec, ...]:
    return tuple(given)


@final
@frozen
class SupervisorSpec(ChildSpec):
    """Children in the order of their start, and what becomes of them when one ends.

    With `starts_together` none waits for the one before: for children that need nothing of one
    another, so `ONE_FOR_ONE` alone may say it.
    """

    name: str = field(kw_only=False)
    strategy: Strategy = field(kw_only=False, default=Strategy.ONE_FOR_ONE)
    intensity: Intensity = field(kw_only=False, default=Intensity(3, 5.0))
    children: tuple[ChildSpec, ...] = field(kw_only=False, default=(), converter=_children)
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER
    starts_together: bool = False

    @property
    def id(self) -> str:
        return self.name

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.starts_together and self.strategy is not Strategy.ONE_FOR_ONE:
            raise SpecError(f"{self.id}: {self.strategy.value} is an order; it starts in order")
        seen: set[str] = set()
        for child in self.children:
            check_child(self, child)
            if child.id in seen:
                raise SpecError(f"{self.id}: two children are named {child.id!r}")
            seen.add(child.id)
        _check_shared(self)


def check_child(supervisor: SupervisorSpec, child: object) -> None:
    """Whether this supervisor can have this child at all; raises `SpecError`."""
    if not isinstance(child, DecisionSpec | EdgeSpec | SupervisorSpec):
        raise SpecError(f"{supervisor.id}: {child!r} is no declaration of a child")
    if child.significant and supervisor.auto_shutdown is AutoShutdown.NEVER:
        raise SpecError(f"{supervisor.id}: {child.id} is significant, but auto_shutdown is 'never'")


def _queues(spec: ChildSpec) -> Iterator[tuple[str, object]]:
    if isinstance(spec, DecisionSpec):
        yield spec.id, spec.cell
    elif isinstance(spec, EdgeSpec) and spec.mailbox is not None:
        yield spec.id, spec.mailbox
    elif isinstance(spec, SupervisorSpec):
        for child in spec.children:
            yield from _queues(child)


def _check_shared(spec: SupervisorSpec) -> None:
    owners: dict[int, str] = {}
    for owner, queue in _queues(spec):
        if id(queue) in owners:
            raise SpecError(f"{spec.id}: {owners[id(queue)]} and {owner} share one cell or mailbox")
        owners[id(queue)] = owner


def _check_duration(owner: str, name: str, value_s: float) -> None:
    if not (math.isfinite(value_s) and value_s > 0):
        raise SpecError(f"{owner}: {name} {value_s} must be positive and finite")
