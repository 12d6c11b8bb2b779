"""Watches a tree and notes every broken promise; knows nothing of how the tree is run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import trio

from supervisors.errors import SupervisionError
from supervisors.observe import (
    ActorExited,
    ActorRestarted,
    ActorStarted,
    LifecycleEvent,
    RestartLimitHit,
)
from supervisors.restart import ExitReason, affected
from supervisors.spec import SupervisorSpec
from supervisors.tree import TreeHandle


class Witness:
    """`children_of(path)` names a supervisor's children in order, `spec_of(path)` is its own."""

    def __init__(
        self,
        children_of: Callable[[str], Sequence[str]],
        spec_of: Callable[[str], SupervisorSpec],
        temporary: set[str],
    ) -> None:
        self.problems: list[str] = []
        self.running: set[str] = set()
        self.starts: Counter[str] = Counter()
        self.interfered_with = ""  # the supervisor whose children somebody stops by hand
        self._children_of = children_of
        self.interrupted: list[str] = []  # ended by what passed through them
        self._spec_of = spec_of
        self._temporary = temporary
        self._attempts: Counter[str] = Counter()  # to restart it, in its supervisor's incarnation
        self._moment = 0
        self._started_at: dict[str, int] = {}
        self._exited_at: dict[str, int] = {}
        self._causes: Counter[str] = Counter()  # of restarts, below each supervisor
        self._begun: defaultdict[str, list[str]] = defaultdict(list)  # since the supervisor began
        self._stopped: defaultdict[str, list[str]] = defaultdict(list)  # since the last start

    def __call__(self, event: LifecycleEvent) -> None:
        parent, _, name = getattr(event, "path", "").rpartition("/")
        self._moment += 1
        match event:
            case ActorStarted(path=path):
                self._note(path in self.running, f"{path} runs twice")
                self.running.add(path)
                self.starts[path] += 1
                self._started_at[path] = self._moment
                if path in self._exited_at and parent != self.interfered_with:
                    self._check_group(path, parent, name)
                self._begun[parent].append(name)
                self._stopped.pop(parent, None)
                self._check_order(path, self._begun, "started")
            case ActorExited(path=path):
                self._exited(event, parent, name)
                self._check_order(path, self._stopped, "stopped", backwards=True)
                self._forget_incarnation(path)
            case ActorRestarted(path=path):
                self._attempted(path, parent)
                self._note(name in self._temporary, f"{path} is temporary and was restarted")
            case RestartLimitHit(path=path):
                too_few = self._causes[path] <= self._spec_of(path).intensity.restarts
                self._note(too_few, f"{path} gave up without enough causes")
            case _:
                pass

    @contextmanager
    def interference(self, parent: str) -> Iterator[None]:
        """What somebody stops by hand is no part of an orderly stop."""
        self.interfered_with = parent
        try:
            yield
        finally:
            self.interfered_with = ""
            self._stopped.pop(parent, None)

    def forget_unlisted(self, listed: set[str]) -> None:
        """Those that were removed start their counts anew."""
        for path in [path for path in self.starts if path not in listed]:
            del self.starts[path]

    def _exited(self, event: ActorExited, parent: str, name: str) -> None:
        was_running = event.path in self.running
        self.running.discard(event.path)
        self._exited_at[event.path] = self._moment
        if event.error.endswith("interrupted from outside"):
            self.interrupted.append(event.path)
        if not was_running and parent in self.running and parent != self.interfered_with:
            self._attempted(event.path, parent)
        left = event.error.startswith("supervisors.errors.LeaveError")
        if event.reason is ExitReason.SHUTDOWN and was_running and not left:
            self._stopped[parent].append(name)
        else:
            self._causes[parent] += 1

    def _attempted(self, path: str, parent: str) -> None:
        self._attempts[path] += 1
        too_often = self._attempts[path] > self._spec_of(parent).intensity.restarts
        self._note(too_often, f"{path} restarted more often than allowed")

    def _check_group(self, path: str, parent: str, name: str) -> None:
        """Who is to be restarted together with it has gone down after it did."""
        names = list(self._children_of(parent))
        for other in affected(self._spec_of(parent).strategy, names, name):
            sibling = f"{parent}/{other}"
            is_older = sibling in self.running and (
                self._started_at[sibling] < self._exited_at[path]
            )
            self._note(is_older, f"{sibling} did not go down with {path}")

    def _check_order(
        self, path: str, seen: dict[str, list[str]], what: str, *, backwards: bool = False
    ) -> None:
        """At the start and at the end of a supervisor."""
        if path not in seen or path == self.interfered_with:
            return
        order = list(self._children_of(path))
        places = [order.index(name) for name in seen.pop(path) if name in order]
        if not backwards and self._spec_of(path).starts_together:
            places.sort()  # none waits for another; but none starts twice
        expected = sorted(set(places), reverse=backwards)
        self._note(places != expected, f"{path}: children {what} as {places} of {order}")

    def _forget_incarnation(self, supervisor: str) -> None:
        self._causes.pop(supervisor, None)
        self._begun.pop(supervisor, None)
        for path in [path for path in self._attempts if path.rpartition("/")[0] == supervisor]:
            del self._attempts[path]
        for path in [path for path in self.running if path.startswith(f"{supervisor}/")]:
            self._note(True, f"{path} outlives its supervisor")

    def _note(self, is_broken: bool, problem: str) -> None:
        if is_broken:
            self.problems.append(problem)


class Sniper(trio.abc.Instrument):
    """Kills the actor at a path, if it is there, at the n-th task step from now, whosever it is."""

    def __init__(self) -> None:
        self.tree: TreeHandle | None = None
        self.shots = 0
        self._path, self._steps_left = "", -1

    def aim(self, path: str, steps: int) -> None:
        self._path, self._steps_left = path, steps

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if self._steps_left < 0 or self.tree is None:
            return
        self._steps_left -= 1
        if self._steps_left >= 0:
            return
        try:
            self.tree.kill(self._path)
        except SupervisionError:
            return  # not there now
        self.shots += 1
