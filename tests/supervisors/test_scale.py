"""What many children cost: counted in calls and task steps, for time is not the tree's alone."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.cell import DecisionCell
from supervisors.dispatch import RunQueue
from supervisors.observe import Observer
from supervisors.restart import Intensity, Strategy
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


async def live(stage: Any, children: int, strategy: Strategy, crashes: int) -> None:
    """Starts them, lets the first `crashes` crash at one moment, stops all."""
    runs = RunQueue(TrioClock())
    acts = ["crash@1"]
    specs: list[Any] = [stage.spec(f"e{n}", *acts[: n < crashes]) for n in range(children // 2)]
    cells: list[DecisionCell[Any]] = [DecisionCell(f"d{n}", runs) for n in range(children // 2)]
    specs += [stage.mind(cell) for cell in cells]
    spec = SupervisorSpec("root", children=specs, strategy=strategy, intensity=PLENTY)
    async with running_tree(spec, runs, observer=Observer(runs.clock)) as tree:
        for cell in cells[:crashes]:
            cell.send(ValueError("boom"))
        await trio.sleep(2)
        assert {one.state.value for one in tree.snapshot()} == {"running"}


def measure(stage: Any, children: int, strategy: Strategy, crashes: int) -> Meter:
    meter = Meter()
    before = sys.getprofile()
    sys.setprofile(meter.on_profile)
    try:
        clock = MockClock(autojump_threshold=0)
        trio.run(live, stage, children, strategy, crashes, clock=clock, instruments=[meter])
    finally:
        sys.setprofile(before)
    return meter


@pytest.mark.parametrize(
    ("strategy", "share_of_crashes"),
    [
        pytest.param(Strategy.ONE_FOR_ONE, 1.0, id="all of them crash"),
        pytest.param(Strategy.ONE_FOR_ALL, 0.0, id="one crashes and all start again"),
    ],
)
def test_ten_times_the_children_cost_about_ten_times(
    stage: Any, strategy: Strategy, share_of_crashes: float
) -> None:
    few, many = (
        measure(type(stage)(), children, strategy, max(1, int(children * share_of_crashes)))
        for children in (40, 400)
    )
    assert 7 < many.steps / few.steps < 11
    assert 7 < many.calls / few.calls < 11
