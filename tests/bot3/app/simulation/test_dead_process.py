"""A process dies and does not come back in time: the venue takes its resting entries by itself."""

from __future__ import annotations

from bot3.app.config import load_config
from bot3.app.heavy import import_heavy_libraries
from bot3.app.simulation.scenario import BUSY, FaultLevel, FaultPlan, Scenario
from bot3.app.simulation.world import SimulatedWorld, WorldParts
from bot3.app.venues import build_venue
from bot3.messages.journal import decode
from bot3.messages.orders import DEAD_MAN, DeadManChanged, OrderCanceled
from supervisors.testing import VirtualClock, deterministic, run_virtually

# Orders rest for long, so that a crash finds some.
PATIENT = {
    **BUSY,
    "exchanges.active": ["okx"],
    "exchanges.symbols": ["BTC/USDT"],
    "venues.okx.dead_man_s": 10,
    "execution.maker_patience_s": 300.0,
    "execution.reprice_bps": 500.0,
}
PLAN = FaultPlan(process_crash_s=12.0, restart_delay_s=(15.0, 20.0), power_loss_share=0.0)


def run(seed: int) -> SimulatedWorld:
    import_heavy_libraries()
    loaded, clock = load_config(None, {}, PATIENT), VirtualClock()
    scenario = Scenario(
        seed=seed, duration_s=40.0, level=FaultLevel.NONE, own_plan=PLAN, settle_s=20.0
    )
    parts = WorldParts(lambda *given: build_venue(given[0], loaded.config, *given[1:]))
    world = SimulatedWorld(scenario, loaded, clock, parts)
    with deterministic(scenario.seed):
        run_virtually(world.run, clock)
    return world


def taken(world: SimulatedWorld) -> list[OrderCanceled]:
    records = map(decode, world.disk.bodies)
    return [r for r in records if isinstance(r, OrderCanceled) and r.reason == DEAD_MAN]


def test_the_venue_takes_a_dead_process_s_entries_and_the_next_one_knows() -> None:
    """Not every crash finds an entry that rests: seed after seed until one does."""
    worlds = map(run, (3, 2, 4, 6))
    world = next(world for world in worlds if taken(world))
    assert world.trace.counts["crashes"] > 0
    assert world.jury.found == 0, world.jury.violations
    armed = [r for r in map(decode, world.disk.bodies) if isinstance(r, DeadManChanged)]
    assert len(armed) == world.trace.counts["processes"]
    assert all(each.is_armed for each in armed)
