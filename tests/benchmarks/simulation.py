"""Simulated seconds per second: the whole bot on three venues, with and without wire framing.

Binance, OKX and Bybit, each by its own protocol, with one instrument; no faults, every mind, the
gate, orders, the journal and every checker on. One core. Two loads: about ten messages a second
from each venue, and the market of the storms, in which the best price and the depth go out ten
times a second each beside trades, bars and the account's news. What came is counted and told.

Per second of CPU too: on a machine that others use, the wall's seconds say more of them. `steady`
leaves out the first seconds, which build three venues with a history and warm the minds up.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, Final

from attrs import evolve, frozen

from adapters.simulated.agent_settings import AgentSettings
from bot3.app.config import LoadedConfig
from bot3.app.console import configure_logging
from bot3.app.heavy import import_heavy_libraries
from bot3.app.simulation.command import load_busy_config
from bot3.app.simulation.scenario import FaultLevel, Scenario
from bot3.app.simulation.world import THIN_MARKET, SimulatedWorld, WorldParts
from bot3.app.venues import EmbeddedVenue, Surroundings, VenueAccess, build_venue
from bot3.domain.values import VenueName
from supervisors.testing import VirtualClock, deterministic, run_virtually
from tests.benchmarks.calibration import calibration_ms

VENUES = ("binance", "okx", "bybit")
SYMBOL = "BTC/USDT"
SECONDS = 240.0
START_S = 30.0
ROUNDS = 3
# Who looks four times a second, and trades that bring about no others.
QUIET: Final = evolve(THIN_MARKET, look_ms=250, taker_excitations=(0.0, 0.0))
LOADS: Final = {"ten messages a second from each venue": QUIET, "busy": THIN_MARKET}
FRAMINGS: Final = {"with framing": True, "framing bypassed": False}


@frozen
class Run:
    """One run's figures; speeds in simulated seconds per second of the wall or of CPU."""

    speed: float
    speed_cpu: float
    steady_cpu: float
    messages_per_venue_s: float
    orders: int
    calibration_ms: float


def three_venues() -> LoadedConfig:
    """The configuration of a busy simulation, on three venues with one instrument each."""
    loaded = load_busy_config(None, {}, 1)
    exchanges = evolve(loaded.config.exchanges, active=VENUES, symbols=(SYMBOL,))
    return evolve(loaded, config=evolve(loaded.config, exchanges=exchanges))


def measured(agents: AgentSettings, *, is_framed: bool) -> Run:
    """One run."""
    scenario = Scenario(seed=1, duration_s=SECONDS, level=FaultLevel.NONE, settle_s=10.0)
    clock, loaded, reached = VirtualClock(), three_venues(), list[VenueAccess]()
    start_cpu_s = list[float]()

    def build_access(name: VenueName, address: EmbeddedVenue, around: Surroundings) -> VenueAccess:
        reached.append(build_venue(name, loaded.config, address, around))
        return reached[-1]

    parts = WorldParts(build_access, is_framed=is_framed, agents=agents)
    before_ms = calibration_ms()
    with deterministic(scenario.seed):
        world = SimulatedWorld(scenario, loaded, clock, parts)
        clock.agenda.at(START_S, lambda: start_cpu_s.append(time.process_time()))
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        run_virtually(world.run, clock)
        ended_s, ended_cpu_s = time.perf_counter(), time.process_time()
    assert not world.jury.violations, world.jury.violations
    virtual_s = clock.current_time()
    messages = sum(
        counted.counts()["messages"] for each in reached for counted in (each.feed, each.venue)
    )
    return Run(
        speed=virtual_s / (ended_s - began_s),
        speed_cpu=virtual_s / (ended_cpu_s - began_cpu_s),
        steady_cpu=(virtual_s - START_S) / (ended_cpu_s - start_cpu_s[0]),
        messages_per_venue_s=messages / len(VENUES) / virtual_s,
        orders=world.trace.counts["reports_new"],
        calibration_ms=min(before_ms, calibration_ms()),
    )


def run() -> dict[str, Any]:
    """Medians over some rounds of each load and framing, taken in turn."""
    configure_logging("critical", None, None)
    import_heavy_libraries()
    rounds: dict[tuple[str, str], list[Run]] = {}
    for _ in range(ROUNDS):
        for load, agents in LOADS.items():
            for framing, is_framed in FRAMINGS.items():
                found = measured(agents, is_framed=is_framed)
                rounds.setdefault((load, framing), []).append(found)
    return {f"{load}, {framing}": _told(each) for (load, framing), each in rounds.items()}


def _told(runs: list[Run]) -> dict[str, float]:
    """Runs of one seed differ in their speeds alone."""
    return {
        "simulated_s_per_s": round(statistics.median(each.speed for each in runs), 1),
        "simulated_s_per_cpu_s": round(statistics.median(each.speed_cpu for each in runs), 1),
        "steady_simulated_s_per_cpu_s": round(
            statistics.median(each.steady_cpu for each in runs), 1
        ),
        "messages_per_venue_s": round(runs[0].messages_per_venue_s, 1),
        "orders": runs[0].orders,
        "calibration_ms": round(min(each.calibration_ms for each in runs), 2),
    }
