"""The example in the package's docstring does what it says."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import supervisors
from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.cell import DecisionCell
from supervisors.clock import SystemClock
from supervisors.dispatch import RunQueue
from supervisors.mailbox import Mailbox, Overflow
from supervisors.spec import DecisionSpec, EdgeSpec, SupervisorSpec
from supervisors.testing import running_tree

NAMES = {
    one.__name__: one
    for one in (
        *(DecisionActor, EdgeActor, EdgeContext, DecisionCell, SystemClock, RunQueue),
        *(Mailbox, Overflow, DecisionSpec, EdgeSpec, SupervisorSpec, running_tree, trio),
    )
}


async def test_the_example_runs(
    capsys: pytest.CaptureFixture[str], autojump_clock: MockClock
) -> None:
    assert supervisors.__doc__ is not None
    source = textwrap.dedent(supervisors.__doc__.partition("::\n")[2])
    namespace: dict[str, Any] = dict(NAMES)
    exec(source, namespace)
    await namespace["main"]()
    assert capsys.readouterr().out == "42\n8\n{'root/doubler': 1}\n"
