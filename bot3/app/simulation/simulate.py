"""Runs one simulation from its seed, and says what came of it.

Invariant: the same code, configuration and scenario give the same digests, in any process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from bot3.app.config import LoadedConfig
from bot3.app.heavy import import_heavy_libraries
from bot3.app.simulation.report import SimulationResult
from bot3.app.simulation.scenario import Scenario
from bot3.app.simulation.world import SimulatedWorld, WorldParts
from bot3.app.venues import EmbeddedVenue, Surroundings, VenueAccess, build_venue
from bot3.domain.values import VenueName
from bot3.messages.journal import decode
from bot3.portfolio.group_figures import group_figures
from supervisors.clock import SystemClock
from supervisors.testing import VirtualClock, deterministic, run_virtually

NS_PER_S: Final = 1_000_000_000
HALF: Final = 0.5


def simulate(
    scenario: Scenario,
    loaded: LoadedConfig,
    *,
    order_socket_share: float = HALF,
    is_taped: bool = False,
) -> SimulationResult:
    """One run; raises what no checker could judge (a deadlock, an error of the simulation)."""
    import_heavy_libraries()
    clock, wall = VirtualClock(), SystemClock()

    def build_access(name: VenueName, address: EmbeddedVenue, around: Surroundings) -> VenueAccess:
        return build_venue(name, loaded.config, address, around)

    parts = WorldParts(build_access, order_socket_share=order_socket_share, is_taped=is_taped)
    world = SimulatedWorld(scenario, loaded, clock, parts)
    started_ns = wall.monotonic_ns()
    with deterministic(scenario.seed):
        run_virtually(world.run, clock)
    wall_s = (wall.monotonic_ns() - started_ns) / NS_PER_S
    return _result(world, scenario, loaded, clock.current_time(), wall_s)


def _result(
    world: SimulatedWorld,
    scenario: Scenario,
    loaded: LoadedConfig,
    virtual_s: float,
    wall_s: float,
) -> SimulationResult:
    counts, jury, equity = world.trace.counts, world.jury, world.equity
    return SimulationResult(
        scenario=scenario,
        config_hash=loaded.hash,
        journal_sha256=_digest(world.disk.bodies),
        trace_sha256=world.trace.sha256(),
        orders=counts["reports_new"],
        fills=counts["reports_trade"],
        crashes=counts["crashes"],
        restarts=counts["restarts"],
        processes=counts["processes"],
        exits=counts["exits"],
        dead_letters=counts["dead_letters"],
        up_s=counts["seconds_up"],
        events_judged=jury.events,
        faults=dict(sorted(world.trace.faults.items())),
        healing=dict(sorted(world.trace.healing.items())),
        config_path=loaded.path,
        violations=tuple(jury.violations),
        violations_found=jury.found,
        last_lines=tuple(world.trace.last),
        virtual_s=virtual_s,
        wall_s=wall_s,
        replays=tuple(found for life in world.lives if (found := life.replay()) is not None),
        groups=group_figures(decode(body) for body in world.disk.bodies),
        equity_start=equity[0],
        equity_end=equity[1],
    )


def _digest(bodies: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for body in bodies:
        digest.update(body + b"\n")
    return digest.hexdigest()
