"""Faults of the surroundings: at times from the seed, and none once it has cleared up."""

from __future__ import annotations

import trio

from adapters.simulated.disk import DiskSettings, SimulatedDisk
from adapters.simulated.fault_rates import OUTAGES, FaultRates
from adapters.simulated.faults import VenueFaults
from adapters.simulated.links import Latency
from adapters.simulated.network import SimulatedNetwork
from bot3.app.simulation.scenario import FaultLevel, FaultPlan, Scenario
from bot3.app.simulation.trace import Trace
from bot3.app.simulation.weather import Weather
from supervisors.entropy import Entropy
from supervisors.testing import TrioClock, VirtualClock, run_virtually


def blow(plan: FaultPlan, seed: int, seconds: float) -> tuple[Trace, Trace]:
    """The faults of a time with weather over a few connections, and of as long a time after it."""
    clock, entropy, before, after = VirtualClock(), Entropy(seed), Trace(), Trace()

    async def main() -> None:
        trace = before
        network = SimulatedNetwork(clock.agenda, entropy.dice)
        listener = await network.process().listen("venue", 1)
        process = network.process()
        for _ in range(20):
            await process.connect("venue", 1, is_tls=False)
            await listener.accept()
        disk = SimulatedDisk(entropy.dice("disk"), lambda _: None)
        machine = TrioClock()
        venue = VenueFaults(
            FaultRates.none(),
            entropy.dice("venue"),
            clock=machine,
            call_later=clock.agenda.after,
            on_fault=lambda fault, detail: trace.fault(fault.value, detail),
        )
        weather = Weather(
            plan,
            clock.agenda,
            entropy,
            before,
            network=network,
            disk=disk,
            clock=machine,
            venues=(venue,),
        )
        weather.begin()
        assert disk.settings == plan.disk
        assert abs(machine.skew_ns) <= plan.clock_skew_max_s * 1e9
        await trio.sleep(seconds)
        assert abs(machine.skew_ns) <= plan.clock_skew_max_s * 1e9
        weather.clear_up()
        trace, total = after, sum(before.faults.values())
        await trio.sleep(seconds)
        assert sum(before.faults.values()) == total
        assert (disk.settings, venue.rates) == (DiskSettings(), FaultRates.none())
        assert not any(venue.is_out(outage) for outage in OUTAGES)
        assert all(not link.is_silent for link in network.live_links())
        assert {link.latency for link in network.live_links()} <= {Latency()}

    run_virtually(main, clock)
    return before, after


def plan_of(level: FaultLevel) -> FaultPlan:
    return Scenario(seed=1, duration_s=1.0, level=level).plan


def test_a_storm_brings_every_kind_of_fault_and_nothing_once_it_is_over() -> None:
    before, after = blow(plan_of(FaultLevel.STORM), 1, 3_000.0)
    assert {"link_reset", "link_silent", "link_slow", "clock_step"} <= before.faults.keys()
    assert {outage.value for outage in OUTAGES} <= before.faults.keys()
    assert not after.faults


def test_where_nothing_goes_wrong_there_is_less_to_get_over() -> None:
    quiet, stormy, own = (
        Scenario(seed=1, duration_s=1.0, level=level, own_plan=plan).settle_s
        for level, plan in (
            (FaultLevel.NONE, None),
            (FaultLevel.STORM, None),
            (FaultLevel.NONE, FaultPlan(link_s=5.0)),
        )
    )
    assert quiet < stormy == own


def test_without_faults_nothing_happens() -> None:
    before, after = blow(plan_of(FaultLevel.NONE), 1, 3_000.0)
    assert not before.faults
    assert not after.faults


def test_the_same_seed_brings_the_same_weather_and_another_one_another() -> None:
    plan = plan_of(FaultLevel.HURRICANE)
    first, again, other = (blow(plan, seed, 500.0)[0] for seed in (1, 1, 2))
    assert first.sha256() == again.sha256() != other.sha256()
    assert first.faults == again.faults


def test_the_rate_of_one_kind_changes_no_other() -> None:
    calm = FaultPlan(clock_step_s=50.0, clock_step_max_s=1.0, clock_skew_max_s=2.0)
    windy = FaultPlan(clock_step_s=50.0, clock_step_max_s=1.0, clock_skew_max_s=2.0, link_s=40.0)
    first, second = blow(calm, 3, 2_000.0)[0], blow(windy, 3, 2_000.0)[0]
    assert first.faults["clock_step"] == second.faults["clock_step"] > 20
    assert second.faults.total() > first.faults.total()
