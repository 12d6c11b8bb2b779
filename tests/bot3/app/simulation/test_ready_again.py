"""How long a killed process waits until it may trade again, with venues a tenth of a second away.

Computing takes no time here: all of it is waiting, for answers that depend on one another.
"""

from __future__ import annotations

from attrs import define, field

from adapters.simulated.links import Latency
from bot3.app.simulation.scenario import BUSY, FaultPlan
from tests.bot3.app.simulation.driving import Driver

FAR = FaultPlan(restart_delay_s=(0.2, 0.2), latency=Latency(0.05, 0.05))
THREE = {**BUSY, "exchanges.active": ["binance", "okx", "bybit"], "market.warm_up_bars": 120}
LOOK_S = 0.01
LIVES = 2
LATER = {"signals are not ready"}  # Bybit has no bars of a second


@define(slots=False)
class Stopwatch(Driver):
    """Kills the process as soon as it is ready, and once more."""

    began_s: float = 0.0
    ready_s: list[float] = field(factory=list)
    generation: int = 0

    def begin(self) -> None:
        self.clock.agenda.after(LOOK_S, self.look)

    def look(self) -> None:
        now_s = self.clock.current_time()
        if self.life.generation != self.generation:
            self.generation, self.began_s = self.life.generation, now_s
        if self.is_ready():
            self.ready_s.append(now_s - self.began_s)
            self.life.crash(is_power_lost=False)
            self.is_over = len(self.ready_s) == LIVES
        self.clock.agenda.after(LOOK_S, self.look)

    def is_ready(self) -> bool:
        snapshots = None if self.life.tree is None else self.life.snapshots
        return snapshots is not None and not set(snapshots.status().reasons) - LATER


def test_a_start_waits_for_the_slowest_venue_not_for_the_sum_of_three_venues() -> None:
    watch = Stopwatch()
    watch.drive(3, FAR, THREE)
    assert max(watch.ready_s) < 1.9
