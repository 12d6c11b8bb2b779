"""One actor per instrument, added and removed while the tree runs."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from supervisors.cell import DecisionCell
from supervisors.errors import ActorDiedError, LeaveError
from supervisors.observe import Observer
from supervisors.registry import Registration
from supervisors.restart import Intensity, Restart
from supervisors.spec import SupervisorSpec

SYMBOLS = ("BTC", "ETH", "SOL")


def states(handle: Any) -> dict[str, str]:
    return {one.name: one.state.value for one in handle.which_children()}


class Desk:
    """The owner of the instruments: it knows their cells and starts what is not there."""

    def __init__(self, stage: Any, runs: Any) -> None:
        self.stage = stage
        self.cells: dict[str, DecisionCell[Any]] = {
            symbol: DecisionCell(symbol, runs) for symbol in SYMBOLS
        }

    async def open(self, tree: Any, **options: object) -> None:
        minds = tree.supervisor("root/minds")
        for symbol, cell in self.cells.items():
            if symbol not in states(minds):
                await minds.start_child(self.stage.mind(cell, **options))


@pytest.fixture
def desk(stage: Any, runs: Any) -> Desk:
    return Desk(stage, runs)


MINDS = SupervisorSpec("minds", intensity=Intensity(1, 60), backoff=None)


async def test_instruments_come_and_go_while_the_others_trade(
    grow: Any, stage: Any, desk: Desk, autojump_clock: MockClock
) -> None:
    async with grow(MINDS) as tree:
        await desk.open(tree)
        minds = tree.supervisor("root/minds")
        for cell in desk.cells.values():
            cell.send(1)
        await minds.terminate_child("ETH")
        await minds.delete_child("ETH")
        for cell in desk.cells.values():
            cell.send(2)
        assert states(minds) == {"BTC": "running", "SOL": "running"}
        assert stage.heard == {"BTC": [1, 2], "ETH": [1], "SOL": [1, 2]}
        await desk.open(tree)
        assert list(states(minds)) == ["BTC", "SOL", "ETH"]
        assert stage.heard["ETH"] == [1, 2]


async def test_a_dynamic_child_is_restarted_like_any_other(
    grow: Any, stage: Any, desk: Desk, autojump_clock: MockClock
) -> None:
    async with grow(MINDS) as tree:
        await desk.open(tree)
        desk.cells["ETH"].send(ValueError("boom"))
        await wait_all_tasks_blocked()
        assert tree.observer.restarts_by_actor() == {"root/minds/ETH": 1}


async def test_dynamic_children_are_gone_after_their_supervisors_restart_until_started_again(
    grow: Any, stage: Any, desk: Desk, autojump_clock: MockClock
) -> None:
    async with grow(MINDS) as tree:
        await desk.open(tree)
        for _ in range(2):
            desk.cells["BTC"].send(ValueError("boom"))
            await wait_all_tasks_blocked()
        assert states(tree.supervisor("root/minds")) == {}
        assert tree.observer.restarts_by_actor() == {"root/minds": 1}
        desk.cells["SOL"].send(7)  # kept: the cell is its owner's
        await desk.open(tree)
        assert list(states(tree.supervisor("root/minds"))) == list(SYMBOLS)
        assert stage.heard["SOL"] == [7]


async def test_a_handle_on_the_incarnation_that_is_gone_says_so(
    grow: Any, stage: Any, desk: Desk, autojump_clock: MockClock
) -> None:
    async with grow(MINDS) as tree:
        old = tree.supervisor("root/minds")
        tree.kill("root/minds")
        await wait_all_tasks_blocked()
        with pytest.raises(ActorDiedError, match="root/minds: the supervisor is not running"):
            await old.start_child(stage.mind(desk.cells["BTC"]))


@pytest.mark.parametrize("restart", list(Restart))
@pytest.mark.parametrize("how", ["crash", "leave"])
async def test_dynamic_children_that_end_by_themselves_during_the_stop_do_no_harm(
    grow: Any, stage: Any, desk: Desk, how: str, restart: Restart, autojump_clock: MockClock
) -> None:
    async with grow(stage.spec("a"), MINDS) as tree:
        await desk.open(tree, restart=restart)
        slow = stage.spec("slow", slow_stop_s=3)
        await tree.supervisor("root/minds").start_child(slow)
        await tree.supervisor("root/minds").start_child(stage.spec("last", f"{how}@2"))

        async def end_while_stopping() -> None:
            await trio.sleep(1)
            desk.cells["ETH"].send(ValueError() if how == "crash" else LeaveError())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(end_while_stopping)
            tree.stop()
    assert stage.log[-3:] == ["-last", "-slow", "-a"]
    assert trio.current_time() == 3
    assert not any(cell.is_up for cell in desk.cells.values())


async def test_watchers_of_the_registry_see_them_come_crash_return_and_go(
    grow: Any, desk: Desk, autojump_clock: MockClock
) -> None:
    seen: list[Registration] = []
    async with grow(MINDS) as tree:
        tree.registry.subscribe(seen.append)
        await desk.open(tree)
        desk.cells["BTC"].send(ValueError("boom"))
        await wait_all_tasks_blocked()
        await tree.supervisor("root/minds").terminate_child("SOL")
    told = [(one.name.rpartition("/")[2], one.address is not None) for one in seen]
    assert told[:6] == [
        *(("BTC", True), ("ETH", True), ("SOL", True)),
        *(("BTC", False), ("BTC", True), ("SOL", False)),
    ]
    assert sorted(told[6:]) == [("BTC", False), ("ETH", False)]
    generations = [one.generation for one in seen if one.name.endswith("BTC")]
    assert generations[0] == generations[1] < generations[2] == generations[3]


async def test_names_that_come_and_go_leave_no_counts_behind(
    grow: Any, stage: Any, runs: Any, recorder: Any, autojump_clock: MockClock
) -> None:
    observer: Observer = recorder.observer
    plenty = Intensity(1000, 3600)
    minds_spec = SupervisorSpec("minds", intensity=plenty, backoff=None)
    async with grow(minds_spec, intensity=plenty) as tree:
        for n in range(50):
            minds = tree.supervisor("root/minds")
            await minds.start_child(stage.mind(DecisionCell(f"n{n}", runs)))
            tree.kill(f"root/minds/n{n}")
            await wait_all_tasks_blocked()
            assert observer.restarts(f"root/minds/n{n}") == 1
            if n % 2:
                await minds.terminate_child(f"n{n}")
                await minds.delete_child(f"n{n}")
            else:
                tree.kill("root/minds")
                await wait_all_tasks_blocked()
        assert observer.restarts_by_actor() == {"root/minds": 25}
