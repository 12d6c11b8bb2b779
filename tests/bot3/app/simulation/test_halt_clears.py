"""A halt in the whole system: within a second nothing of ours rests on any venue, and a process
that is killed then comes back halted."""

from __future__ import annotations

from attrs import define, field

from bot3.app.simulation.invariants.events import BookPublished, VenueReported, WorldEvent
from bot3.app.simulation.scenario import BUSY, FaultPlan
from bot3.domain.values import Side
from bot3.messages.control import HaltTrading
from bot3.messages.minds import TargetProposed
from tests.bot3.app.simulation.driving import Driver

CALM = FaultPlan(restart_delay_s=(0.2, 0.5))
WANTED_AT_S = 4.3  # everything is up by then, and no bar is just closing
ON_ITS_WAY_S = 0.2
WITHIN_S = 1.0
AFTERWARDS_S = 5.0  # a restart, and then everything is wanted once more
PATIENT = {
    **BUSY,
    "exchanges.active": ["binance", "okx", "bybit"],
    "market.warm_up_bars": 60,
    "execution.maker_patience_s": 300.0,
    "execution.reprice_bps": 500.0,
    "execution.order_lifetime_s": 60.0,
}


@define(slots=False)
class Operator(Driver):
    """Wants everything, halts when that rests, kills the process a second later, and wants
    everything once more of the next one.
    """

    hears: tuple[type[WorldEvent], ...] = (VenueReported, BookPublished)
    resting: dict[str, str] = field(factory=dict)
    entries: int = 0
    found: list[str] = field(factory=list)
    left: list[str] | None = None
    entries_after: int = 0
    is_halted_again: bool = False

    def begin(self) -> None:
        self.clock.agenda.after(WANTED_AT_S, self.want_all)
        self.clock.agenda.after(WANTED_AT_S + ON_ITS_WAY_S, self.halt)

    def heard(self, event: WorldEvent) -> None:
        if not isinstance(event, VenueReported):
            return
        order, key = event.report.order, event.report.order.request.client_order_id
        if not order.status.is_open:
            self.resting.pop(key, None)
        elif key not in self.resting:
            self.resting[key] = f"{event.venue} {order.request.side.value}"
            self.entries += order.request.side is Side.BUY

    def want_all(self) -> None:
        now_ns = self.life.clock.now_ns()
        for key in self.engine.core.minds:
            self.engine.core.risk.send(TargetProposed(key, "hybrid", now_ns, now_ns, 1.0, 1.0))

    def halt(self) -> None:
        self.found = sorted(self.resting.values())
        self.engine.core.risk.send(HaltTrading("the operator"))
        self.clock.agenda.after(WITHIN_S, self.kill)

    def kill(self) -> None:
        self.left, self.entries_after = sorted(self.resting.values()), -self.entries
        self.life.crash(is_power_lost=False)
        self.clock.agenda.after(AFTERWARDS_S, self.want_all)
        self.clock.agenda.after(AFTERWARDS_S + WITHIN_S, self.look)

    def look(self) -> None:
        assert self.life.snapshots is not None
        self.is_halted_again = self.life.snapshots.status().is_halted
        self.entries_after += self.entries
        self.is_over = True


def test_a_halt_clears_every_venue_within_a_second_and_outlives_the_process() -> None:
    operator = Operator()
    operator.drive(7, CALM, PATIENT)
    assert operator.found == ["bybit buy", "okx buy", "okx buy"]
    assert operator.left == []
    assert operator.is_halted_again
    assert operator.entries_after == 0
