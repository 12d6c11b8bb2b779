"""What the board shows of healing."""

from __future__ import annotations

from bot3.messages.healing import CircuitChanged, CircuitState, HealingActed, HealingAction
from tests.bot3.making import START_NS, VENUE
from tests.bot3.telemetry.test_board import Panel


def test_actions_are_counted_and_the_circuit_is_the_last_one_told() -> None:
    panel = Panel()
    assert (panel.status().healing, panel.status().venues[VENUE].circuit) == ({}, "closed")
    for action, state in (
        (HealingAction.OPEN_CIRCUIT, CircuitState.OPEN),
        (HealingAction.PROBE_CIRCUIT, CircuitState.HALF_OPEN),
        (HealingAction.OPEN_CIRCUIT, CircuitState.OPEN),
    ):
        panel.take(HealingActed(action, VENUE, "503", START_NS))
        panel.take(CircuitChanged(VENUE, state, "503"))
        assert panel.status().venues[VENUE].circuit == state.value
    assert panel.status().healing == {"open_circuit": 2, "probe_circuit": 1}
