"""Makes things go wrong: by a plan, at times from the seed, until it is told to clear up.

Invariant: each kind of fault has dice of its own, so the rate of one changes no other; after
`clear_up` nothing new goes wrong, and what was broken is mended or breaks cleanly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, final

from adapters.simulated.disk import DiskSettings, SimulatedDisk
from adapters.simulated.fault_rates import OUTAGES, FaultRates
from adapters.simulated.faults import VenueFaults
from adapters.simulated.links import Latency
from adapters.simulated.network import Link, SimulatedNetwork
from bot3.app.simulation.scenario import FaultPlan
from bot3.app.simulation.trace import Trace
from supervisors.entropy import Dice, Entropy
from supervisors.testing import Agenda, TrioClock

_SLOW: Final = Latency(0.2, 1.5)
_NS_PER_S: Final = 1_000_000_000


@final
class Weather:
    """The faults of the surroundings; what befalls the processes is the machine room's."""

    def __init__(
        self,
        plan: FaultPlan,
        agenda: Agenda,
        entropy: Entropy,
        trace: Trace,
        *,
        network: SimulatedNetwork,
        disk: SimulatedDisk,
        clock: TrioClock,
        venues: Sequence[VenueFaults],
    ) -> None:
        self.is_clear = False
        self._plan, self._agenda, self._entropy, self._trace = plan, agenda, entropy, trace
        self._network, self._disk, self._clock, self._venues = network, disk, clock, venues

    def begin(self) -> None:
        """From now on."""
        plan = self._plan
        self._network.latency = plan.latency
        self._disk.settings = plan.disk
        for venue in self._venues:
            venue.rates = plan.venue
        skew = self._entropy.dice("weather/skew").uniform(-1, 1) * plan.clock_skew_max_s
        self._clock.skew_ns = round(skew * _NS_PER_S)
        self.repeat("link", plan.link_s, self._strike_link)
        self.repeat("outage", plan.outage_s, self._begin_outage)
        self.repeat("clock", plan.clock_step_s, self._step_clock)

    def repeat(self, name: str, mean_s: float, strike: Callable[[Dice], None]) -> None:
        """`strike(dice)` again and again, at random times `mean_s` apart on average."""
        if mean_s <= 0:
            return
        dice = self._entropy.dice(f"weather/{name}")

        def happen() -> None:
            if not self.is_clear:
                strike(dice)
                self._agenda.after(dice.expovariate(1 / mean_s), happen)

        self._agenda.after(dice.expovariate(1 / mean_s), happen)

    def clear_up(self) -> None:
        """No more faults. Silent connections break, slow ones are quick again."""
        self.is_clear = True
        self._network.latency = Latency()
        self._disk.settings = DiskSettings()
        for venue in self._venues:
            venue.rates = FaultRates.none()
            for outage in OUTAGES:
                venue.outage(outage, is_on=False)
        for link in self._network.live_links():
            if link.is_silent:
                link.is_silent = False
                link.reset()
            link.latency = Latency()
        self._trace.line("the weather is clear")

    def _strike_link(self, dice: Dice) -> None:
        links = self._network.live_links()
        if not links:
            return
        link = dice.choice(links)
        strike = dice.choice((self._reset, self._silence, self._slow_down))
        strike(link)

    def _reset(self, link: Link) -> None:
        self._trace.fault("link_reset", link.name)
        link.reset()

    def _silence(self, link: Link) -> None:
        self._trace.fault("link_silent", link.name)
        link.is_silent = True

    def _slow_down(self, link: Link) -> None:
        self._trace.fault("link_slow", link.name)
        link.latency = _SLOW

    def _begin_outage(self, dice: Dice) -> None:
        venue, outage = dice.choice(self._venues), dice.choice(OUTAGES)
        venue.outage(outage, is_on=True)
        end = partial(venue.outage, outage, is_on=False)
        self._agenda.after(dice.uniform(*self._plan.outage_length_s), end)

    def _step_clock(self, dice: Dice) -> None:
        plan = self._plan
        step_s = dice.uniform(-1, 1) * plan.clock_step_max_s
        limit_ns = round(plan.clock_skew_max_s * _NS_PER_S)
        skew_ns = self._clock.skew_ns + round(step_s * _NS_PER_S)
        self._clock.skew_ns = max(-limit_ns, min(limit_ns, skew_ns))
        self._trace.fault("clock_step", f"now {self._clock.skew_ns / _NS_PER_S:+.3f} s")
