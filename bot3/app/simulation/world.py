"""The simulated world: venues, a machine with the bot on it, weather, a jury; from one seed.

Invariant: everything in it happens in virtual time and in an order that the seed alone decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, final

import trio
from attrs import frozen

from adapters.simulated.agent_settings import AgentSettings
from adapters.simulated.disk import SimulatedDisk
from adapters.simulated.embedded import EmbeddedExchange
from adapters.simulated.fault_rates import FaultRates, VenueFault
from adapters.simulated.faults import VenueFaults
from adapters.simulated.network import SimulatedNetwork
from bot3.app.config import LoadedConfig
from bot3.app.embedded import make_exchange
from bot3.app.settings import Config
from bot3.app.simulation.audit import AUDIT_INTERVAL_S, audit, is_quiet, rest_of
from bot3.app.simulation.court import convene
from bot3.app.simulation.invariants.events import Settled, VenueReported, WorldEvent
from bot3.app.simulation.invariants.jury import Jury
from bot3.app.simulation.life import BuildAccess, Life, Machine, declared_tree
from bot3.app.simulation.machine_room import MachineRoom
from bot3.app.simulation.scenario import FaultPlan, Scenario
from bot3.app.simulation.trace import Trace
from bot3.app.simulation.venue_site import VenueSite
from bot3.app.simulation.weather import Weather
from bot3.app.venues import DEMO, EmbeddedVenue
from bot3.domain.values import VenueName
from bot3.messages.control import HaltTrading
from supervisors.entropy import Entropy
from supervisors.spec import SupervisorSpec
from supervisors.testing import CheckpointCrashes, TrioClock, VirtualClock

EPOCH_NS: Final = 1_750_000_000_000_000_000  # 2025-06-15 15:06:40 UTC
HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 9_001
# A thinner book and a shorter past than a demo's: what is under test is the bot, not the crowd.
THIN_MARKET: Final = AgentSettings(look_ms=100, maker_levels=1, patient_orders=8)
HISTORY_MINUTES: Final = 20
# A venue without bars of a second (Bybit) gives signals a minute after its last start.
WARM_UP_S: Final = 75.0
QUIET_S: Final = 3.0
QUIET_DEADLINE_S: Final = 60.0
STOP_DEADLINE_S: Final = 60.0
_LOOK_S: Final = 0.25


@frozen
class WorldParts:
    """What a test or a benchmark may replace: how venues are reached, and who judges.

    `order_socket_share` of the venues, by the seed, take orders by websocket; the others by
    requests, which more faults can strike. `is_taped`: every process's decisions are decided again.
    `agents`: who makes the markets, and how busy those are.
    """

    build_access: BuildAccess
    is_framed: bool = True
    is_taped: bool = False
    order_socket_share: float = 0.5
    agents: AgentSettings = THIN_MARKET
    convene: Callable[[Config, SupervisorSpec, FaultPlan], Jury] = convene


@final
class SimulatedWorld:
    """One simulation: `run` once, under `clock`."""

    def __init__(
        self, scenario: Scenario, loaded: LoadedConfig, clock: VirtualClock, parts: WorldParts
    ) -> None:
        self.scenario = scenario
        self.plan = scenario.plan
        self.trace = Trace(clock.current_time)
        self.jury = Jury(())
        self.equity: tuple[Decimal | None, Decimal | None] = (None, None)
        self.room: MachineRoom | None = None
        self.lives: list[Life] = []
        self._until_convicted = trio.CancelScope()
        self.clock = TrioClock(EPOCH_NS, clock.monotonic_ns)
        self._parts, self._virtual, self._loaded = parts, clock, loaded
        self._entropy = Entropy(scenario.seed)
        self.disk = SimulatedDisk(self._entropy.dice("disk"), self._disk_fault)
        self._network = SimulatedNetwork(clock.agenda, self._entropy.dice, self.trace.bytes_arrived)

    def hear(self, event: WorldEvent) -> None:
        """To the jury; what it finds is in the trace."""
        if isinstance(event, VenueReported):
            self._note_report(event)
        for violation in self.jury.hear(event):
            self.trace.line(f"VIOLATION {violation.checker}: {violation.text}")
            if violation.checker == self.scenario.ends_at:
                self._until_convicted.cancel()

    async def run(self) -> None:
        """The time with faults, the settling phase, the end."""
        agenda, plan = self._virtual.agenda, self.plan
        faults = {name: self._venue_faults(name) for name in self._names()}
        async with trio.open_nursery() as nursery:
            sites = [self._make_site(name, each) for name, each in faults.items()]
            machine = self._machine(sites)
            self.jury = self._parts.convene(self._loaded.config, declared_tree(machine), self.plan)
            await self._open(nursery, sites)
            room = self.room = MachineRoom(machine, plan, agenda, self.clock, self.trace, self.hear)
            weather = Weather(
                plan,
                agenda,
                self._entropy,
                self.trace,
                network=self._network,
                disk=self.disk,
                clock=machine.clock,
                venues=tuple(faults.values()),
            )
            weather.begin()
            weather.repeat("crash", plan.process_crash_s, room.crash)
            weather.repeat("stop", plan.orderly_stop_s, room.stop_in_order)
            weather.repeat("halt", plan.operator_halt_s, room.halt)
            self._audit_again_and_again(room)
            nursery.start_soon(room.run)
            crashes = self._begin_actor_crashes(room)
            with self._until_convicted:
                await trio.sleep(self.scenario.duration_s)
                weather.clear_up()
                if crashes is not None:
                    crashes.is_on = False
                await trio.sleep(self.scenario.settle_s)
                await self._settle(room, sites)
            await self._close(room)
            nursery.cancel_scope.cancel()

    async def _open(self, nursery: trio.Nursery, sites: Sequence[VenueSite]) -> None:
        for site in sites:
            site.announce()
            if not self._parts.is_framed:
                address = (site.address.host, site.address.port)
                self._network.fronts[address] = site.exchange.served
            await nursery.start(site.serve, self._network)

    def _names(self) -> Sequence[VenueName]:
        return [VenueName(name) for name in self._loaded.config.exchanges.active]

    def _venue_faults(self, name: VenueName) -> VenueFaults:
        def struck(fault: VenueFault, detail: str) -> None:
            self.trace.fault(fault.value, f"{name} {detail}")

        return VenueFaults(
            FaultRates.none(),
            self._entropy.dice(f"faults/{name}"),
            clock=self.clock,
            call_later=self._virtual.agenda.after,
            on_fault=struck,
        )

    def _make_site(self, name: VenueName, faults: VenueFaults) -> VenueSite:
        entropy = Entropy(self._entropy.seed_of(f"venue/{name}"))
        keys = (f"simulated{name}", f"{entropy.seed_of('secret'):016x}")
        exchange: EmbeddedExchange = make_exchange(
            self._loaded.config,
            self.clock,
            entropy,
            keys,
            faults,
            agents=self._parts.agents,
            history_minutes=HISTORY_MINUTES,
            protocol=name,
            passphrase=DEMO[2],
        )
        port = FIRST_PORT + self._names().index(name)
        dice = self._entropy.dice(f"order entry/{name}")
        is_by_socket = dice.random() < self._parts.order_socket_share
        address = EmbeddedVenue(HOST, port, *keys, protocol=name, has_order_socket=is_by_socket)
        return VenueSite(name, exchange, address, self.clock, self.hear)

    def _machine(self, sites: Sequence[VenueSite]) -> Machine:
        return Machine(
            self._loaded,
            {site.name: site.address for site in sites},
            self._parts.build_access,
            self._network,
            self.disk,
            EPOCH_NS,
            self._virtual.monotonic_ns,
            Entropy(self._entropy.seed_of("machine")),
            is_taped=self._parts.is_taped,
        )

    def _begin_actor_crashes(self, room: MachineRoom) -> CheckpointCrashes | None:
        if not self.plan.steps_between_actor_crashes:
            return None
        crashes = room.actor_crashes(self._entropy.dice("actor crashes"))
        trio.lowlevel.add_instrument(crashes)
        return crashes

    def _audit_again_and_again(self, room: MachineRoom) -> None:
        def look() -> None:
            if room.life is not None and not room.is_closing:
                events = [*audit(room.life, self.clock.now_ns())]
                self.trace.counts["seconds_up"] += bool(events)
                for event in events:
                    self.hear(event)
            if not room.is_closing:
                self._virtual.agenda.after(AUDIT_INTERVAL_S, look)

        self._virtual.agenda.after(AUDIT_INTERVAL_S, look)

    async def _settle(self, room: MachineRoom, sites: Sequence[VenueSite]) -> None:
        """Waits for signals, halts, so that nothing is under way, and shows the jury both sides."""
        with trio.move_on_after(WARM_UP_S):
            is_ready = _is_ready(room)
            while not is_ready:
                await trio.sleep(_LOOK_S)
                is_ready = _is_ready(room)
        life = room.life
        assert life is not None
        if life.engine is not None:
            life.engine.core.risk.send(HaltTrading("the simulation settles"))
        with trio.move_on_after(QUIET_DEADLINE_S):
            quiet_s = 0.0
            while quiet_s < QUIET_S:
                await trio.sleep(_LOOK_S)
                is_quiet_now = is_quiet(life) and not any(site.open_orders() for site in sites)
                quiet_s = quiet_s + _LOOK_S if is_quiet_now else 0.0
        if life.snapshots is not None:
            status = life.snapshots.status()
            self.equity = (status.equity_start, status.equity)
        bot = rest_of(life, self.disk.records(), is_halt_expected=True)
        self.hear(Settled(self.clock.now_ns(), tuple(site.rest() for site in sites), bot))

    async def _close(self, room: MachineRoom) -> None:
        room.is_closing = True
        self.lives = room.lives
        if room.life is not None:
            room.life.stop()
            with trio.move_on_after(STOP_DEADLINE_S):
                await room.life.ended.wait()
        self.trace.line("the end")

    def _note_report(self, event: VenueReported) -> None:
        report = event.report
        self.trace.counts[f"reports_{report.execution.value.lower()}"] += 1
        order = report.order
        self.trace.line(
            f"{event.venue} {report.execution.value} {order.request.client_order_id}"
            f" {order.symbol} {order.request.side.value} {order.amount} at {order.request.price}"
            f" executed {order.executed}"
        )

    def _disk_fault(self, kind: str) -> None:
        self.trace.fault(f"disk_{kind}")


def _is_ready(room: MachineRoom) -> bool:
    life = room.life
    return life is not None and life.snapshots is not None and not life.snapshots.status().reasons
