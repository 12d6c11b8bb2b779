"""What is shown of a venue's dead-man's switch."""

from __future__ import annotations

from msgspec.structs import replace

from bot3.messages.orders import DEAD_MAN, DeadManChanged
from bot3.telemetry.metrics import Registry
from bot3.telemetry.status_metrics import StatusMetrics
from tests.bot3.making import START_NS, VENUE, canceled
from tests.bot3.telemetry.test_board import Panel


def test_whether_it_is_armed_and_what_it_took() -> None:
    panel, registry = Panel(), Registry()
    metrics = StatusMetrics(registry)
    metrics.publish(panel.status())
    assert panel.status().venues[VENUE].is_dead_man_armed is None
    assert "dead_man" not in registry.render()
    panel.take(DeadManChanged(VENUE, True, "it takes our entries", START_NS))
    panel.take(canceled())
    panel.take(replace(canceled(), reason=DEAD_MAN))
    state = panel.status().venues[VENUE]
    assert (state.is_dead_man_armed, state.dead_man) == (True, "it takes our entries")
    assert state.dead_man_canceled == 1
    metrics.publish(panel.status())
    assert f'bot3_dead_man_canceled_total{{venue="{VENUE}"}} 1' in registry.render()
    assert f'bot3_dead_man_armed{{venue="{VENUE}"}} 1' in registry.render()
    panel.take(DeadManChanged(VENUE, False, "it is down", START_NS))
    metrics.publish(panel.status())
    assert f'bot3_dead_man_armed{{venue="{VENUE}"}} 0' in registry.render()
