"""What many children cost: counted in calls and task steps, for time is not the tree's alone."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import trio
from attrs import frozen
from trio.testing import MockClock

from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.errors import LeaveError
from supervisors.observe import Observer
from supervisors.restart import Intensity, Restart, Strategy
from supervisors.spec import SupervisorSpec
from supervisors.testing import TrioClock, running_tree

PLENTY = Intensity(10**6, 3600)


class Meter(trio.abc.Instrument):
    """Counts task steps, and every call of a function, written in Python or in C."""

    def __init__(self) -> None:
        self.steps = self.calls = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps += 1

    def on_profile(self, frame: object, event: str, argument: object) -> None:
        self.calls += event in {"call", "c_call"}


@frozen
class Scene:
    """A share of the children, at least one of a kind, fail at one moment or leave for good."""

    share: float
    strategy: Strategy = Strategy.ONE_FOR_ONE
    leaves: bool = False

    def spec(self, stage: Any, cells: list[DecisionCell[Any]], ends: int) -> SupervisorSpec:
        restart = Restart.TEMPORARY if self.leaves else Restart.PERMANENT
        act = "leave@1" if self.leaves else "crash@1"
        edges = [
            stage.spec(f"e{n}", *[act][: n < ends], restart=restart) for n in range(len(cells))
        ]
        minds = [stage.mind(cell, restart=restart) for cell in cells]
        children = (*edges, *minds)
        return SupervisorSpec("root", self.strategy, intensity=PLENTY, children=children)

    async def live(self, stage: Any, children: int) -> None:
        """Starts them, lets some end, stops all."""
        runs = RunQueue(TrioClock())
        cells: list[DecisionCell[Any]] = [DecisionCell(f"d{n}", runs) for n in range(children // 2)]
        ends = max(1, int(len(cells) * self.share))
        spec = self.spec(stage, cells, ends)
        async with running_tree(spec, runs, observer=Observer(runs.clock)) as tree:
            for cell in cells[:ends]:
                cell.send(LeaveError() if self.leaves else ValueError())
            await trio.sleep(2)
            left = children - (2 * ends if self.leaves else 0)
            assert [one.state.value for one in tree.snapshot()] == ["running"] * left


def measure(scene: Scene, stage: Any, children: int) -> Meter:
    meter = Meter()
    before = sys.getprofile()
    sys.setprofile(meter.on_profile)
    try:
        clock = MockClock(autojump_threshold=0)
        trio.run(scene.live, stage, children, clock=clock, instruments=[meter])
    finally:
        sys.setprofile(before)
    return meter


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(Scene(1.0), id="all of them crash"),
        pytest.param(Scene(0.0, Strategy.ONE_FOR_ALL), id="one crashes and all start again"),
        pytest.param(Scene(1.0, leaves=True), id="all of them leave for good"),
    ],
)
def test_ten_times_the_children_cost_about_ten_times(stage: Any, scene: Scene) -> None:
    few, many = (measure(scene, type(stage)(), children) for children in (40, 400))
    assert 7 < many.steps / few.steps < 11
    assert 7 < many.calls / few.calls < 11
