"""Random trees under random messages, ends, administration and crashes at random checkpoints.

Whatever happens: children start in order and stop in reverse, restarts stay within the intensity
or escalate, every message is accounted for, no task is left and only `Exception` is swallowed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from trio.testing import wait_all_tasks_blocked

from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.entropy import Entropy
from supervisors.errors import LeaveError, RestartLimitReachedError, SupervisionError
from supervisors.observe import Observer
from supervisors.spec import SupervisorSpec
from supervisors.testing import TrioClock
from supervisors.tree import TreeHandle, run_tree
from tests.supervisors.grove import END, LEAVES, TREES, Branch, Grove, Leaf, Message
from tests.supervisors.stepping import SteppedRun
from tests.supervisors.witness import Sniper, Witness

NUMBERS = st.integers(1, 4)
FATES: list[Callable[[], Message]] = [lambda: END, ValueError, ValueError, OSError, LeaveError]
ORDERS = ["terminate_child", "restart_child", "delete_child"]
ENDS = ["stop", "cancel", KeyboardInterrupt, SystemExit, GeneratorExit]
PLACES = st.integers(0, 30)
STEPS_BEFORE_THE_END = 12
MANY = 12


class GroveMachine(RuleBasedStateMachine):
    """One tree, from its start to its end by whatever means."""

    tree: TreeHandle

    def __init__(self) -> None:
        super().__init__()
        self.sniper = Sniper()
        self.run = SteppedRun(self.sniper)
        self.clock = TrioClock()
        self.grove = Grove(RunQueue(self.clock))
        self.observer = Observer(self.clock)
        self.specs: dict[str, SupervisorSpec] = {}
        self.deleted: set[str] = set()
        self.witness = Witness(self._names_below, self.specs.__getitem__, self.grove.temporary)
        self.observer.subscribe(self.witness)
        self.scope = trio.CancelScope()
        self.steps = 0
        self.is_over = False
        self.failure: BaseException | None = None
        self.tasks_left = 0

    @initialize(branch=TREES)
    def begin(self, branch: Branch) -> None:
        spec = self.grove.plant(branch)
        self._list_specs(spec, spec.id)

        async def start() -> None:
            self.tree = self.sniper.tree = await self.run.nursery.start(self._live, spec)

        self._do(start)

    @rule(place=PLACES, numbers=st.lists(NUMBERS, min_size=1, max_size=5))
    def send(self, place: int, numbers: list[int]) -> None:
        """To somebody, running or not."""
        self._send(sorted(self.grove.queues), place, *numbers)

    @rule(place=PLACES, fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=4))
    def end_or_fail(self, place: int, fates: list[Callable[[], Message]]) -> None:
        """By a message to somebody who runs, several times if it comes back."""
        names = {path.rpartition("/")[2] for path in self.witness.running}
        self._send(sorted(names & set(self.grove.queues)), place, *(fate() for fate in fates))

    @rule(seconds=st.sampled_from([0, 0.3, 1, 5, 60]))
    def wait(self, seconds: float) -> None:
        self._do(partial(trio.sleep, seconds))

    @rule(place=PLACES, steps=st.integers(0, 40))
    def crash_at_a_checkpoint(self, place: int, steps: int) -> None:
        self.sniper.aim(self._pick(place), steps)

    @precondition(lambda self: not self.is_over)
    @rule(place=PLACES, order=st.sampled_from(ORDERS))
    def administer(self, place: int, order: str) -> None:
        parent, _, name = self._pick(place).rpartition("/")
        if order == "delete_child":
            self.deleted.add(name)
        self._order(parent, lambda handle: getattr(handle, order)(name))

    @precondition(lambda self: not self.is_over and len(self.grove.queues) < MANY)
    @rule(place=PLACES, leaf=LEAVES)
    def add(self, place: int, leaf: Leaf) -> None:
        paths = sorted(self.specs)
        spec = self.grove.sprout(leaf)
        self._order(paths[place % len(paths)], lambda handle: handle.start_child(spec))

    @precondition(lambda self: not self.is_over and self.steps > STEPS_BEFORE_THE_END)
    @rule(place=PLACES, how=st.sampled_from(ENDS))
    def end(self, place: int, how: str | type[BaseException]) -> None:
        edges = sorted(name for name in self.grove.queues if name.startswith("e"))
        if how == "cancel":
            self.scope.cancel()
        elif not isinstance(how, str) and edges:
            self.grove.send(edges[place % len(edges)], how())
        else:
            self.tree.stop()
        self._do(partial(trio.sleep, 10))

    @invariant()
    def every_promise_is_kept(self) -> None:
        assert self.witness.problems == []
        assert list(self.observer.failures) == []

    @invariant()
    def every_message_is_accounted_for(self) -> None:
        for name, queue in self.grove.queues.items():
            settled = queue.handled + queue.dropped + queue.dead_letters.total
            if isinstance(queue, DecisionCell):
                assert queue.waiting <= queue.waiting_capacity
                assert self.grove.sent[name] == settled + queue.waiting
            else:
                assert queue.waiting + queue.in_hand <= queue.capacity + 1
                kept = queue.in_hand + queue.conflated + queue.waiting
                assert self.grove.sent[name] == queue.received == settled + kept
            assert not any("LeaveError" in letter.error for letter in queue.dead_letters)
        assert len(self.grove.runs) == 0

    @invariant()
    def restarts_are_starts_after_the_first(self) -> None:
        if not self.specs:
            return
        listed = {one.path for one in self.tree.snapshot()} | {"root"}
        self.witness.forget_unlisted(listed)
        forgotten = self.grove.temporary | self.deleted  # theirs may start anew at any time
        for path, starts in self.witness.starts.items():
            if forgotten.isdisjoint(path.split("/")):
                assert self.observer.restarts(path) == starts - 1, path
        assert set(self.observer.restarts_by_actor()) <= listed

    def teardown(self) -> None:
        if self.specs and not self.is_over:
            self.tree.stop()
            self._do(partial(trio.sleep, 100))
        self.run.end()
        assert self.is_over or not self.specs
        assert self.tasks_left == 0
        assert self.witness.running == set()
        self.every_promise_is_kept()
        self.every_message_is_accounted_for()
        self._nothing_but_exceptions_was_swallowed()

    def _nothing_but_exceptions_was_swallowed(self) -> None:
        interrupts = [one for one in self.grove.raised if not isinstance(one, Exception)]
        surfaced = list(_leaves(self.failure))
        assert interrupts or not self.witness.interrupted
        if interrupts:
            assert set(map(id, interrupts)) <= set(map(id, surfaced))
        elif surfaced:
            assert [type(error) for error in surfaced] == [RestartLimitReachedError]
        if self.scope.cancel_called and not interrupts:
            assert self.scope.cancelled_caught

    async def _live(self, spec: SupervisorSpec, task_status: trio.TaskStatus[TreeHandle]) -> None:
        before = trio.lowlevel.current_statistics().tasks_living
        try:
            with self.scope:
                await run_tree(
                    spec,
                    runs=self.grove.runs,
                    clock=self.clock,
                    dice=Entropy(1).dice("back-off"),
                    observer=self.observer,
                    task_status=task_status,
                )
        except BaseException as error:
            self.failure = error
        self.is_over = True
        self.tasks_left = trio.lowlevel.current_statistics().tasks_living - before

    def _send(self, names: list[str], place: int, *messages: Message) -> None:
        async def job() -> None:
            for message in messages if names else ():
                self.grove.send(names[place % len(names)], message)

        self._do(job)

    def _order(self, parent: str, order: Callable[[Any], Awaitable[None]]) -> None:
        async def job() -> None:
            # Refused: not there, busy, did not start, or its supervisor ended meanwhile.
            with self.witness.interference(parent), suppress(SupervisionError):
                await order(self.tree.supervisor(parent))

        self._do(job)

    def _do(self, job: Callable[[], Awaitable[object]]) -> None:
        async def settled() -> None:
            await job()
            await wait_all_tasks_blocked()

        self.steps += 1
        self.run.do(settled)

    def _pick(self, place: int) -> str:
        paths = [one.path for one in self.tree.snapshot()] or ["root/nobody"]
        return paths[place % len(paths)]

    def _names_below(self, path: str) -> list[str]:
        if not hasattr(self, "tree"):
            return [child.id for child in self.specs[path].children]
        return [one.name for one in self.tree.supervisor(path).which_children()]

    def _list_specs(self, spec: SupervisorSpec, path: str) -> None:
        self.specs[path] = spec
        for child in spec.children:
            if isinstance(child, SupervisorSpec):
                self._list_specs(child, f"{path}/{child.id}")


def _leaves(error: BaseException | None) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    elif error is not None:
        yield error


TestGrove = GroveMachine.TestCase
TestGrove.settings = settings(
    deadline=None,
    max_examples=120,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)
