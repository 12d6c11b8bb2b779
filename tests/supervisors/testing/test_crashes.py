"""Crashes at random checkpoints: of actors that run, at steps from the seed, told one by one."""

from __future__ import annotations

import trio

from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.entropy import Entropy
from supervisors.observe import ActorKind
from supervisors.restart import Intensity
from supervisors.spec import DecisionSpec, EdgeSpec, SupervisorSpec
from supervisors.testing import (
    CheckpointCrashes,
    TrioClock,
    VirtualClock,
    actor_of,
    crash,
    deterministic,
    run_virtually,
    running_tree,
)
from supervisors.tree import TreeHandle


class Walker(EdgeActor):
    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            await trio.sleep(0.1)
            context.progress()


class Counter(DecisionActor[int]):
    def __init__(self) -> None:
        self.total = 0

    def handle(self, message: int) -> None:
        self.total += message


def walk(seed: int, seconds: float, *, is_on: bool = True) -> tuple[list[tuple[float, str]], int]:
    """Three walkers under crashes: when which was ended, and how often one was restarted."""
    crashed: list[tuple[float, str]] = []

    async def main() -> int:
        runs = RunQueue(TrioClock())
        walkers = tuple(
            EdgeSpec(name, Walker, backoff=Backoff(initial_s=0.05, max_s=0.05)) for name in "abc"
        )
        root = SupervisorSpec("root", intensity=Intensity(10_000, 1.0), children=walkers)
        async with running_tree(root, runs) as tree:

            def victims(tree: TreeHandle) -> list[str]:
                return [each.path for each in tree.snapshot() if each.kind is ActorKind.EDGE]

            instrument = CheckpointCrashes(
                Entropy(seed).dice("crashes"),
                50,
                tree=lambda: tree,
                victims=victims,
                crashed=lambda path: crashed.append((trio.current_time(), path)),
            )
            instrument.is_on = is_on
            trio.lowlevel.add_instrument(instrument)
            await trio.sleep(seconds)
            trio.lowlevel.remove_instrument(instrument)
            await trio.sleep(1)
            return sum(tree.observer.restarts_by_actor().values())

    with deterministic(seed):
        return crashed, run_virtually(main, VirtualClock())


def test_every_crash_is_a_restart_and_all_actors_have_their_share() -> None:
    crashed, restarts = walk(1, 200.0)
    assert restarts > 50
    assert {path for _, path in crashed} == {"root/a", "root/b", "root/c"}
    # One that is ended again while it waits for its restart is not ended twice.
    assert restarts <= len(crashed)


def test_the_same_seed_crashes_the_same_actors_at_the_same_times() -> None:
    assert walk(2, 50.0) == walk(2, 50.0)
    assert walk(2, 50.0) != walk(3, 50.0)


def test_switched_off_nothing_happens() -> None:
    assert walk(1, 50.0, is_on=False) == ([], 0)


async def test_an_incarnation_can_be_looked_at_while_it_is_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    runs = RunQueue(TrioClock())
    cell: DecisionCell[int] = DecisionCell("counter", runs)
    assert actor_of(cell) is None
    async with running_tree(SupervisorSpec("root", children=(DecisionSpec(cell, Counter),)), runs):
        cell.send(2)
        first = actor_of(cell)
        assert isinstance(first, Counter)
        assert first.total == 2
        crash(cell, ValueError("planned"))
        assert actor_of(cell) is None
        await trio.sleep(1)
        assert actor_of(cell) not in (first, None)
