"""Whole trees: a crash costs one actor a restart and one message, and nobody else notices."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.entropy import Entropy
from supervisors.errors import SupervisionError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.observe import ActorKind, MessageDeadLettered, Workload
from supervisors.registry import Registry
from supervisors.restart import Intensity
from supervisors.spec import DecisionSpec, EdgeSpec, SupervisorSpec
from supervisors.testing import TrioClock, crash, crash_on_next_message, running_tree
from supervisors.tree import run_tree

POISON = 13
PLENTY = Intensity(1000, 3600)


class Plant:
    """`relay` (decision) -> `doubler` (decision) -> `store` (edge); poison kills one of them."""

    def __init__(self, runs: RunQueue, *, poisons: str, backoff: Backoff | None = None) -> None:
        self.relay: DecisionCell[int] = DecisionCell("relay", runs)
        self.doubler: DecisionCell[int] = DecisionCell("doubler", runs)
        self.inbox: Mailbox[int] = Mailbox("store", capacity=10_000, policy=Overflow.BLOCK)
        self.stored: list[int] = []
        self.poisons = poisons
        common: dict[str, Any] = {"backoff": backoff}
        self.children = (
            EdgeSpec("store", lambda: Store(self), self.inbox, **common),
            DecisionSpec(self.doubler, lambda: Step(self, "doubler", self.inbox, 2), **common),
            DecisionSpec(self.relay, lambda: Step(self, "relay", self.doubler, 1), **common),
        )

    def taste(self, name: str, message: int) -> None:
        if name == self.poisons and message in (POISON, 2 * POISON):
            raise ValueError(f"{name} cannot take {message}")


class Step(DecisionActor[int]):
    def __init__(self, plant: Plant, name: str, target: Any, factor: int) -> None:
        self.plant, self.name, self.target, self.factor = plant, name, target, factor

    def handle(self, message: int) -> None:
        self.plant.taste(self.name, message)
        self.target.send(message * self.factor)


class Store(EdgeActor):
    def __init__(self, plant: Plant) -> None:
        self.plant = plant

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            message = await self.plant.inbox.receive()
            await trio.sleep(0.01)
            self.plant.taste("store", message)
            self.plant.stored.append(message)


@pytest.mark.parametrize("poisons", ["relay", "doubler", "store"])
@pytest.mark.parametrize(
    "backoff", [None, Backoff(initial_s=0.5, max_s=2)], ids=["at once", "backed off"]
)
async def test_a_crash_loses_the_poison_and_nothing_else(
    grow: Any,
    runs: Any,
    recorder: Any,
    poisons: str,
    backoff: Backoff | None,
    autojump_clock: MockClock,
) -> None:
    plant = Plant(runs, poisons=poisons, backoff=backoff)
    async with grow(*plant.children, intensity=PLENTY) as tree:
        for n in range(40):
            plant.relay.send(n)
            if n % 5 == 0:
                await trio.sleep(0.02)
        await trio.sleep(10)
        killers = {POISON} if poisons == "store" else {POISON, 2 * POISON}
        assert plant.stored == [2 * n for n in range(40) if n not in killers]
        expected = {f"root/{poisons}": len(killers)}
        assert tree.observer.restarts_by_actor() == expected
        loads = {one.name: one.workload for one in tree.snapshot()}
        assert loads[poisons].dead_letters == len(killers)
        assert sum(load.dead_letters for load in loads.values()) == len(killers)
        assert sum(load.waiting + load.dropped for load in loads.values()) == 0
    letters = [event.letter for event in recorder.of(MessageDeadLettered)]
    assert {(letter.to, letter.error.split(" cannot")[0]) for letter in letters} == {
        (poisons, f"ValueError: {poisons}")
    }


async def test_the_statistics_say_who_did_what(
    grow: Any, runs: Any, autojump_clock: MockClock
) -> None:
    plant = Plant(runs, poisons="doubler")
    async with grow(*plant.children) as tree:
        for n in (1, POISON, 2):
            plant.relay.send(n)
        await trio.sleep(1)
        store, doubler, relay = tree.snapshot()
        assert (store.kind, relay.kind) == (ActorKind.EDGE, ActorKind.DECISION)
        assert relay.workload == Workload(handled=3)
        assert doubler.workload == Workload(handled=2, dead_letters=1)
        assert (doubler.restarts, doubler.path) == (1, "root/doubler")
        assert store.workload.handled == 2
    assert tree.snapshot()[0].state.value == "stopped"


async def test_crash_kills_between_messages_and_the_other_with_the_next(
    grow: Any, runs: Any, autojump_clock: MockClock
) -> None:
    plant = Plant(runs, poisons="nobody")
    async with grow(*plant.children) as tree:
        crash(plant.relay, OSError("at once"))
        crash(plant.relay, OSError("it is down already"))
        plant.relay.send(1)
        await trio.sleep(1)
        crash_on_next_message(plant.relay, OSError("next"))
        assert plant.relay.is_up
        plant.relay.send(2)
        plant.relay.send(3)
        await trio.sleep(1)
        assert plant.stored == [2, 6]
        assert [letter.message for letter in plant.relay.dead_letters] == [2]
        assert tree.observer.restarts("root/relay") == 2
        tree.kill("root/store")
        plant.relay.send(4)
        await trio.sleep(1)
        assert plant.stored == [2, 6, 8]
        assert tree.observer.restarts("root/store") == 1


async def test_an_edge_actor_stopped_in_the_middle_of_a_message_leaves_a_dead_letter(
    grow: Any, runs: Any, autojump_clock: MockClock
) -> None:
    plant = Plant(runs, poisons="nobody")
    async with grow(*plant.children):
        plant.relay.send(1)
        plant.relay.send(2)
        await trio.sleep(0.015)
    assert plant.stored == [2]
    assert [letter.message for letter in plant.inbox.dead_letters] == [4]
    assert plant.inbox.handled == 1


async def test_the_registry_shows_who_is_ready(
    runs: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    registry = Registry()
    plant = Plant(runs, poisons="relay", backoff=Backoff(initial_s=5, max_s=5, jitter=0))
    spec = SupervisorSpec("root", children=plant.children)
    async with running_tree(spec, runs, registry=registry):
        assert registry.names() == ("root/doubler", "root/relay", "root/store")
        assert registry.get("root/relay") is plant.relay
        generation = registry.generation("root/relay")
        plant.relay.send(POISON)
        await wait_all_tasks_blocked()
        assert registry.names() == ("root/doubler", "root/store")
        await trio.sleep(6)
        assert registry.generation("root/relay") > generation
    assert registry.names() == ()


async def test_no_task_and_no_pump_is_left_behind(runs: Any, autojump_clock: MockClock) -> None:
    before = trio.lowlevel.current_statistics().tasks_living
    for poisons in ("store", "relay"):
        plant = Plant(runs, poisons=poisons, backoff=Backoff(initial_s=50, max_s=50))
        spec = SupervisorSpec("root", children=plant.children)
        async with running_tree(spec, runs):
            plant.relay.send(POISON)
            await trio.sleep(1)
        assert trio.lowlevel.current_statistics().tasks_living == before


async def test_a_second_tree_on_the_same_run_queue_is_refused(
    grow: Any, runs: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    async with grow():
        with pytest.raises(BaseExceptionGroup) as failed:
            await run_tree(
                SupervisorSpec("other"),
                runs=runs,
                clock=runs.clock,
                dice=Entropy(1).dice("other"),
                observer=recorder.observer,
            )
        assert failed.group_contains(SupervisionError, match="already has a pump")


class Echo(DecisionActor[int]):
    """Sends itself one message after the other, for ever."""

    def __init__(self, cell: DecisionCell[int]) -> None:
        self.cell = cell

    def handle(self, message: int) -> None:
        self.cell.send(message + 1)


async def test_a_tree_with_an_endless_exchange_still_lives_and_stops(
    recorder: Any, autojump_clock: MockClock
) -> None:
    runs = RunQueue(TrioClock(), turn_limit=50)
    cell: DecisionCell[int] = DecisionCell("echo", runs)
    spec = SupervisorSpec("root", children=(DecisionSpec(cell, lambda: Echo(cell)),))
    async with running_tree(spec, runs):
        cell.send(0)
        for _ in range(100):
            await trio.lowlevel.checkpoint()
    assert cell.handled > 50 * 50
    assert not cell.is_up
