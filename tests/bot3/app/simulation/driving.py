"""One simulated world that a test drives itself: at times of its own, until it has seen enough."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from bot3.app.config import load_config
from bot3.app.heavy import import_heavy_libraries
from bot3.app.simulation.invariants.events import BookPublished, WorldEvent
from bot3.app.simulation.invariants.jury import Jury, Violation
from bot3.app.simulation.life import Life
from bot3.app.simulation.scenario import FaultLevel, FaultPlan, Scenario
from bot3.app.simulation.world import SimulatedWorld, WorldParts
from bot3.app.tree import TradingEngine
from bot3.app.venues import build_venue
from supervisors.testing import VirtualClock, deterministic, run_virtually

LONG_S = 120.0


@define(slots=False)
class Driver:
    """The whole jury: what it hears is the venues' own word. `is_over` ends the world."""

    clock: VirtualClock = field(factory=VirtualClock)
    name = "driver"
    hears: tuple[type[WorldEvent], ...] = (BookPublished,)
    world: SimulatedWorld | None = None
    is_over: bool = False

    @property
    def life(self) -> Life:
        """The present process."""
        assert self.world is not None
        assert self.world.room is not None
        assert self.world.room.life is not None
        return self.world.room.life

    @property
    def engine(self) -> TradingEngine:
        assert self.life.engine is not None
        return self.life.engine

    def begin(self) -> None:
        """Virtual time is zero: the place for `clock.agenda.after`."""

    def heard(self, event: WorldEvent) -> None:
        """One of `hears`."""

    def hear(self, event: WorldEvent) -> list[Violation]:
        self.heard(event)
        return [Violation(self.name, 0, "all is seen")] if self.is_over else []

    def drive(self, seed: int, plan: FaultPlan, changes: Mapping[str, object]) -> None:
        """The world, from its beginning to `is_over`."""
        import_heavy_libraries()
        loaded = load_config(None, {}, changes)
        parts = WorldParts(
            lambda *given: build_venue(given[0], loaded.config, *given[1:]),
            convene=lambda *_: Jury((self,)),
        )
        scenario = Scenario(
            seed=seed, duration_s=LONG_S, level=FaultLevel.NONE, own_plan=plan, ends_at=self.name
        )
        world = self.world = SimulatedWorld(scenario, loaded, self.clock, parts)

        async def live() -> None:
            self.begin()
            await world.run()

        with deterministic(seed):
            run_virtually(live, self.clock)
        assert self.is_over
