"""The circuit breaker: each arrow of its picture, and no storm whatever the venue does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.healing.circuit import Circuit
from bot3.healing.decision import Decision
from bot3.healing.settings import HealingSettings
from bot3.messages.healing import (
    CircuitChanged,
    CircuitState,
    HealingAction,
    VenueCall,
    VenueCallEnded,
)
from tests.bot3.making import SECOND_NS, START_NS, VENUE

SETTINGS = HealingSettings(
    circuit_failures=3, circuit_window_s=30.0, circuit_open_s=10.0, circuit_open_max_s=40.0
)
SUBMIT, CANCEL, QUERY = VenueCall.SUBMIT, VenueCall.CANCEL, VenueCall.QUERY


class Line:
    """A circuit, its clock in seconds, and everything that it decided."""

    def __init__(self, state: CircuitState = CircuitState.CLOSED) -> None:
        self.circuit = Circuit(VENUE, SETTINGS, state, START_NS)
        self.at_s = 0.0
        self.acted: list[tuple[float, str]] = []

    @property
    def state(self) -> str:
        return self.circuit.state.value

    def _note(self, decision: Decision | None) -> None:
        if decision is not None:
            assert isinstance(decision.command, CircuitChanged)
            assert (decision.command.venue, decision.command.state) == (VENUE, self.circuit.state)
            self.acted.append((self.at_s, decision.action.value))

    def now_ns(self) -> int:
        return START_NS + round(self.at_s * SECOND_NS)

    def call(self, call: VenueCall, problem: str = "") -> None:
        self._note(self.circuit.on_call(VenueCallEnded(VENUE, call, problem), self.now_ns()))

    def fail(self, times: int = 1, call: VenueCall = SUBMIT) -> None:
        for _ in range(times):
            self.call(call, "time-out")

    def wait(self, seconds: float) -> None:
        """Looks once a second."""
        for _ in range(round(seconds)):
            self.at_s += 1.0
            self._note(self.circuit.on_time(self.now_ns()))


def test_failures_of_every_kind_within_the_window_open_it() -> None:
    line = Line()
    for call in (SUBMIT, CANCEL):
        line.fail(call=call)
        line.wait(10)
    assert line.state == "closed"
    line.fail(call=QUERY)
    assert (line.state, line.acted) == ("open", [(20.0, "open_circuit")])


def test_failures_further_apart_than_the_window_do_not() -> None:
    line = Line()
    for _ in range(10):
        line.fail()
        line.wait(16)
    assert (line.state, line.acted) == ("closed", [])


def test_answers_are_no_failures() -> None:
    line = Line()
    for call in (SUBMIT, CANCEL, QUERY):
        for _ in range(5):
            line.call(call)
    assert line.acted == []


def test_what_ends_while_it_is_open_changes_nothing() -> None:
    line = Line()
    line.fail(3)
    line.call(SUBMIT)
    line.fail(9)
    assert (line.state, line.acted) == ("open", [(0.0, "open_circuit")])


def test_after_its_back_off_one_may_try_and_a_taken_order_closes_it() -> None:
    line = Line()
    line.fail(3)
    line.wait(9)
    assert line.state == "open"
    line.wait(1)
    assert line.state == "half_open"
    for call in (CANCEL, QUERY):  # says nothing of the matching engine
        line.call(call)
    assert line.state == "half_open"
    line.call(SUBMIT)
    assert line.state == "closed"
    assert line.acted == [(0.0, "open_circuit"), (10.0, "probe_circuit"), (10.0, "close_circuit")]
    line.fail(2)
    assert line.state == "closed"  # old failures are forgotten
    line.fail()
    assert line.state == "open"


@pytest.mark.parametrize("call", list(VenueCall))
def test_a_failed_call_opens_it_again_for_twice_as_long_up_to_the_most(call: VenueCall) -> None:
    line = Line()
    line.fail(3)
    for _ in range(4):
        while line.state == "open":
            line.wait(1)
        line.fail(call=call)
    probes = [at_s for at_s, action in line.acted if action == "probe_circuit"]
    assert probes == [10.0, 30.0, 70.0, 110.0]


def test_the_back_off_starts_anew_once_it_was_closed() -> None:
    line = Line()
    line.fail(3)
    line.wait(10)
    line.fail()
    line.wait(20)
    line.call(SUBMIT)
    line.fail(3)
    line.wait(10)
    assert line.acted[-1] == (40.0, "probe_circuit")


def test_a_probe_that_nothing_comes_of_is_followed_by_rarer_ones() -> None:
    line = Line()
    line.fail(3)
    line.wait(120)
    probes = [at_s for at_s, action in line.acted if action == "probe_circuit"]
    assert probes == [10.0, 20.0, 40.0, 80.0, 120.0]


@pytest.mark.parametrize("state", [CircuitState.OPEN, CircuitState.HALF_OPEN])
def test_one_that_was_found_open_waits_its_back_off(state: CircuitState) -> None:
    line = Line(state)
    line.wait(9)
    assert line.acted == []
    line.wait(1)
    assert line.acted == [(10.0, "probe_circuit")]


EVENTS = st.lists(
    st.tuples(st.sampled_from(VenueCall), st.sampled_from(["", "503"]), st.integers(0, 12)),
    max_size=120,
)


@given(events=EVENTS)
def test_whatever_happens_it_follows_its_picture_without_a_storm(
    events: list[tuple[VenueCall, str, int]],
) -> None:
    line = Line()
    for call, problem, pause_s in events:
        line.call(call, problem)
        line.wait(pause_s)
    follows = {
        "open_circuit": {"probe_circuit"},
        "probe_circuit": {"probe_circuit", "open_circuit", "close_circuit"},
        "close_circuit": {"open_circuit"},
    }
    actions = [action for _, action in line.acted]
    assert actions[:1] in ([], ["open_circuit"])
    assert all(after in follows[before] for before, after in pairwise(actions))
    openings = [at_s for at_s, action in line.acted if action == "open_circuit"]
    assert all(b - a >= 10.0 for a, b in pairwise(openings))
    probes = [at_s for at_s, action in line.acted if action == "probe_circuit"]
    assert all(b - a >= 10.0 for a, b in pairwise(probes))
    last = {"open_circuit": "open", "probe_circuit": "half_open", "close_circuit": "closed"}
    assert line.state == (last[actions[-1]] if actions else "closed")
    assert set(actions) <= {action.value for action in HealingAction}
