"""Declarations refuse what cannot be run, when they are built."""

from __future__ import annotations

import pytest

from supervisors.actor import DecisionActor, EdgeActor, EdgeContext
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.errors import SpecError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.restart import AutoShutdown, Restart
from supervisors.spec import DecisionSpec, EdgeSpec, SupervisorSpec

RUNS = RunQueue(ManualClock())


class Idle(EdgeActor):
    async def run(self, context: EdgeContext) -> None:
        context.ready()


class Deaf(DecisionActor[int]):
    def handle(self, message: int) -> None:
        del message


def test_ids_are_the_names_of_cells_edges_and_supervisors() -> None:
    specs = (
        DecisionSpec(DecisionCell("a", RUNS), Deaf),
        EdgeSpec("b", Idle),
        SupervisorSpec("c"),
    )
    assert [spec.id for spec in specs] == ["a", "b", "c"]
    assert SupervisorSpec("root", children=list(specs)).children == specs


def test_duplicate_names_are_refused() -> None:
    with pytest.raises(SpecError, match="two children are named 'a'"):
        SupervisorSpec("root", children=(EdgeSpec("a", Idle), EdgeSpec("a", Idle)))


@pytest.mark.parametrize("name", ["", "a/b"])
def test_names_that_are_no_path_element_are_refused(name: str) -> None:
    with pytest.raises(SpecError, match="must not be empty or contain a slash"):
        EdgeSpec(name, Idle)


@pytest.mark.parametrize("deadline_s", [0, -1, float("inf"), float("nan")])
@pytest.mark.parametrize(
    "which", ["start_deadline_s", "stop_deadline_s", "liveness_s", "drain_deadline_s"]
)
def test_deadlines_are_positive_and_finite(which: str, deadline_s: float) -> None:
    mailbox: Mailbox[int] = Mailbox("a", capacity=1, policy=Overflow.REJECT)
    with pytest.raises(SpecError, match=f"a: {which} .* must be positive and finite"):
        EdgeSpec("a", Idle, mailbox, **{which: deadline_s})


@pytest.mark.parametrize("which", ["liveness_s", "drain_deadline_s"])
def test_liveness_and_draining_need_a_mailbox(which: str) -> None:
    with pytest.raises(SpecError, match=f"{which} needs a mailbox"):
        EdgeSpec("a", Idle, **{which: 1})


def test_a_permanent_child_cannot_be_significant() -> None:
    with pytest.raises(SpecError, match="transient or temporary"):
        EdgeSpec("a", Idle, significant=True)


def test_a_significant_child_needs_an_auto_shutdown() -> None:
    child = EdgeSpec("a", Idle, significant=True, restart=Restart.TRANSIENT)
    with pytest.raises(SpecError, match="auto_shutdown is 'never'"):
        SupervisorSpec("root", children=(child,))
    assert SupervisorSpec("root", children=(child,), auto_shutdown=AutoShutdown.ANY).children


def test_one_cell_or_mailbox_has_one_owner_in_the_whole_tree() -> None:
    cell: DecisionCell[int] = DecisionCell("a", RUNS)
    mailbox: Mailbox[int] = Mailbox("m", capacity=1, policy=Overflow.REJECT)
    for one, other in [
        (DecisionSpec(cell, Deaf), DecisionSpec(cell, Deaf)),
        (EdgeSpec("a", Idle, mailbox), EdgeSpec("b", Idle, mailbox)),
    ]:
        with pytest.raises(SpecError, match="share one cell or mailbox"):
            SupervisorSpec("root", children=(SupervisorSpec("low", children=(one,)), other))


def test_a_child_that_is_no_declaration_is_refused() -> None:
    with pytest.raises(SpecError, match="is no declaration of a child"):
        SupervisorSpec("root", children=(Idle,))  # type: ignore[arg-type]
