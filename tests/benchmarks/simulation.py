"""Simulated seconds per second: three venues, ten depth diffs a second each, the whole bot on them.

Binance, OKX and Bybit, each by its own protocol, with one instrument; no faults, every checker on.
One core. With the wire's framing (h11, wsproto, byte streams) and without it. Per second of CPU
too: on a machine that others use, the wall's seconds say more of them.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from attrs import evolve

from bot3.app.config import LoadedConfig
from bot3.app.console import configure_logging
from bot3.app.heavy import import_heavy_libraries
from bot3.app.simulation.command import load_busy_config
from bot3.app.simulation.scenario import FaultLevel, Scenario
from bot3.app.simulation.world import SimulatedWorld, WorldParts
from bot3.app.venues import EmbeddedVenue, Surroundings, VenueAccess, build_venue
from bot3.domain.values import VenueName
from supervisors.testing import VirtualClock, deterministic, run_virtually
from tests.benchmarks.calibration import calibration_ms

VENUES = ("binance", "okx", "bybit")
SYMBOL = "BTC/USDT"
SECONDS = 240.0
ROUNDS = 3


def three_venues() -> LoadedConfig:
    """The configuration of a busy simulation, on three venues with one instrument each."""
    loaded = load_busy_config(None, {}, 1)
    exchanges = evolve(loaded.config.exchanges, active=VENUES, symbols=(SYMBOL,))
    return evolve(loaded, config=evolve(loaded.config, exchanges=exchanges))


def simulated_per_second(*, is_framed: bool) -> dict[str, Any]:
    """One run."""
    scenario = Scenario(seed=1, duration_s=SECONDS, level=FaultLevel.NONE, settle_s=10.0)
    clock, loaded = VirtualClock(), three_venues()

    def build_access(name: VenueName, address: EmbeddedVenue, around: Surroundings) -> VenueAccess:
        return build_venue(name, loaded.config, address, around)

    parts = WorldParts(build_access, is_framed=is_framed)
    before_ms = calibration_ms()
    with deterministic(scenario.seed):
        world = SimulatedWorld(scenario, loaded, clock, parts)
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        run_virtually(world.run, clock)
        took_s = time.perf_counter() - started_s
        took_cpu_s = time.process_time() - started_cpu_s
    assert not world.jury.violations, world.jury.violations
    return {
        "simulated_s_per_s": clock.current_time() / took_s,
        "simulated_s_per_cpu_s": clock.current_time() / took_cpu_s,
        "orders": world.trace.counts["reports_new"],
        "calibration_ms": min(before_ms, calibration_ms()),
    }


def run() -> dict[str, Any]:
    """Medians over some rounds, taken in turn."""
    configure_logging("critical", None, None)
    import_heavy_libraries()
    rounds = {
        name: [simulated_per_second(is_framed=is_framed) for _ in range(ROUNDS)]
        for name, is_framed in (("with framing", True), ("framing bypassed", False))
    }
    return {
        name: {
            **{
                speed: round(statistics.median(each[speed] for each in results), 1)
                for speed in ("simulated_s_per_s", "simulated_s_per_cpu_s")
            },
            "orders": results[0]["orders"],
            "calibration_ms": round(min(each["calibration_ms"] for each in results), 2),
        }
        for name, results in rounds.items()
    }
