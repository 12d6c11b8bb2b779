"""Children that need nothing of one another: a start waits for the slowest, not for their sum."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from supervisors.actor import EdgeActor, EdgeContext
from supervisors.errors import SpecError, StartFailedError, StartTimeoutError
from supervisors.restart import Strategy
from supervisors.spec import EdgeSpec, SupervisorSpec


def slow(stage: Any, name: str, after_s: float) -> EdgeSpec:
    """Ready after so long."""

    class Slow(EdgeActor):
        async def run(self, context: EdgeContext) -> None:
            await trio.sleep(after_s)
            stage.log.append(f"+{name}")
            context.ready()
            try:
                await trio.sleep_forever()
            finally:
                stage.log.append(f"-{name}")

    return EdgeSpec(name, Slow)


async def test_they_start_at_once_and_stop_in_reverse_order(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (slow(stage, "a", 7), slow(stage, "b", 5), slow(stage, "c", 6))
    hasty = SupervisorSpec("hasty", children=children, starts_together=True)
    async with grow(hasty, stage.spec("d")) as tree:
        assert trio.current_time() == 7
        assert stage.log == ["+b", "+c", "+a", "+d"]
        names = [one.path for one in tree.snapshot()]
        assert names == ["root/hasty", "root/hasty/a", "root/hasty/b", "root/hasty/c", "root/d"]
    assert stage.log[4:] == ["-d", "-c", "-b", "-a"]


@pytest.mark.parametrize(
    ("act", "error", "at_s"), [("fail", StartFailedError, 0), ("late", StartTimeoutError, 3)]
)
async def test_the_first_that_does_not_start_stops_the_others_and_fails_the_supervisor(
    grow: Any, stage: Any, act: str, error: type[Exception], at_s: float, autojump_clock: MockClock
) -> None:
    bad = stage.spec("b", act, start_deadline_s=3)
    children = (slow(stage, "a", 1), bad, slow(stage, "c", 20))
    with pytest.raises(ExceptionGroup) as failed:
        async with grow(SupervisorSpec("hasty", children=children, starts_together=True)):
            raise AssertionError("the tree must not start")
    assert failed.group_contains(StartFailedError, match="root/hasty/b")
    (inner,) = failed.value.exceptions
    assert isinstance(inner.__cause__, error)
    assert trio.current_time() == at_s
    assert [entry for entry in stage.log if "b" not in entry] == (["+a", "-a"] if at_s else [])


async def test_a_crash_before_the_slowest_is_ready_is_a_restart(
    grow: Any, stage: Any, autojump_clock: MockClock
) -> None:
    children = (stage.spec("a", "crash@1"), slow(stage, "b", 5))
    async with grow(SupervisorSpec("hasty", children=children, starts_together=True)):
        await trio.sleep(1)
        assert stage.log == ["+a", "-a", "+b", "+a"]


@pytest.mark.parametrize("strategy", [Strategy.REST_FOR_ONE, Strategy.ONE_FOR_ALL])
def test_a_group_that_has_an_order_does_not_start_together(strategy: Strategy) -> None:
    with pytest.raises(SpecError, match="it starts in order"):
        SupervisorSpec("a", strategy, starts_together=True)
