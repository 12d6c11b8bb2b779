"""Random trees under random crashes and random administration keep the invariants."""

from __future__ import annotations

from collections import Counter
from typing import Any

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from supervisors.backoff import Backoff
from supervisors.dispatch import RunQueue
from supervisors.errors import SupervisionError
from supervisors.observe import ActorExited, ActorStarted, LifecycleEvent, Observer
from supervisors.restart import Intensity, Restart, Strategy
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.testing import TrioClock, running_tree

ACTS = st.sampled_from(
    ["stay", "fail", "late", "unready", "ignore", "crash@0", "crash@1", "crash@3", "end@2"]
)
BACKOFFS = st.sampled_from([None, Backoff(initial_s=1, max_s=4)])
LIVES = st.tuples(
    st.lists(ACTS, max_size=5), st.sampled_from(Restart), BACKOFFS, st.sampled_from([0, 1])
)
ORDERS = st.tuples(
    st.sampled_from(["terminate_child", "restart_child", "delete_child", "kill"]),
    st.sampled_from(["c0", "c1", "c2", "c3", "low"]),
    st.sampled_from([0, 0.5, 2]),
)


class Witness:
    """Asserts at each event that nobody runs twice, and who ended when all had to."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()
        self.starts: list[str] = []
        self.problems: list[str] = []

    def __call__(self, event: LifecycleEvent) -> None:
        if isinstance(event, ActorStarted):
            self.running[event.path] += 1
            self.starts.append(event.path)
            if self.running[event.path] != 1:
                self.problems.append(f"{event.path} runs twice")
        if isinstance(event, ActorExited) and self.running[event.path]:
            self.running[event.path] -= 1


def declare(stage: Any, lives: list[Any], strategies: tuple[Strategy, Strategy]) -> SupervisorSpec:
    """Two children below `low`, the others below the root; every first life is a good start."""

    def child(number: int) -> ChildSpec:
        acts, restart, backoff, slow_stop_s = lives[number]
        options = {"restart": restart, "backoff": backoff, "start_deadline_s": 2}
        first = "crash@1" if number % 2 else "stay"
        return stage.spec(f"c{number}", first, *acts, slow_stop_s=slow_stop_s, **options)

    low = SupervisorSpec("low", strategies[1], Intensity(3, 10), (child(0), child(1)), backoff=None)
    rest = [child(number) for number in range(2, len(lives))]
    return SupervisorSpec("root", strategies[0], Intensity(10**6, 1), (*rest[:1], low, *rest[1:]))


async def play(spec: SupervisorSpec, orders: list[tuple[str, str, float]]) -> Witness:
    clock, witness = TrioClock(), Witness()
    observer = Observer(clock)
    observer.subscribe(witness)
    with trio.fail_after(10_000):
        async with running_tree(spec, RunQueue(clock), observer=observer) as tree:
            for order, name, pause_s in orders:
                try:
                    if order == "kill":
                        tree.kill(f"root/{name}")
                    else:
                        await getattr(tree.supervisor("root"), order)(name)
                except SupervisionError:
                    pass  # refused: not there, busy, did not start
                await trio.sleep(pause_s)
            await trio.sleep(30)
    assert observer.failed_callbacks == 0
    return witness


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    lives=st.lists(LIVES, min_size=4, max_size=4),
    strategies=st.tuples(st.sampled_from(Strategy), st.sampled_from(Strategy)),
    orders=st.lists(ORDERS, max_size=8),
)
def test_nobody_runs_twice_nobody_is_left_and_the_tree_always_stops(
    stage: Any, lives: list[Any], strategies: tuple[Strategy, Strategy], orders: list[Any]
) -> None:
    fresh = type(stage)()
    spec = declare(fresh, lives, strategies)
    witness = trio.run(play, spec, orders, clock=MockClock(autojump_threshold=0))
    assert witness.problems == []
    assert +witness.running == Counter()
    assert witness.starts[:6] == [
        *("root/c2", "root/low/c0", "root/low/c1", "root/low", "root/c3", "root")
    ]
