"""One life of the bot's process on a simulated machine: recovery, the tree, an end of some kind.

Invariant: everything is built as `python -m bot3` builds it, with the machine's clock, network,
disk and dice. After `crash` this process changes nothing in the world, whatever its clean-up does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import final

import trio
from attrs import field, frozen

from adapters.simulated.disk import ProcessDisk, SimulatedDisk
from adapters.simulated.network import ProcessNetwork, SimulatedNetwork
from bot3.actors.memory import Memory
from bot3.app.config import LoadedConfig
from bot3.app.engine import make_engine, recovered
from bot3.app.run import new_run_id
from bot3.app.session import Gauges, Session
from bot3.app.simulation.faces import quiet_faces
from bot3.app.taping import Replayed
from bot3.app.tree import TradingEngine
from bot3.app.venues import EmbeddedVenue, Surroundings, VenueAccess, closing
from bot3.domain.values import VenueName
from bot3.messages.control import SessionStarted
from bot3.telemetry.snapshot import RunFacts, Snapshots
from supervisors.entropy import Entropy
from supervisors.observe import Observer
from supervisors.spec import SupervisorSpec
from supervisors.testing import TrioClock
from supervisors.tree import TreeHandle

DATA_SOURCE = "simulated: in virtual time"
BuildAccess = Callable[[VenueName, EmbeddedVenue, Surroundings], VenueAccess]


@frozen
class Machine:
    """What outlives the processes that run on it. Its clock may be wrong, and steps."""

    loaded: LoadedConfig
    venues: Mapping[VenueName, EmbeddedVenue] = field(repr=False)
    build_access: BuildAccess
    network: SimulatedNetwork
    disk: SimulatedDisk
    epoch_ns: int
    monotonic_ns: Callable[[], int]
    entropy: Entropy
    is_taped: bool = False
    clock: TrioClock = field(init=False)

    @clock.default
    def _clock(self) -> TrioClock:
        return self.new_clock()

    def new_clock(self) -> TrioClock:
        """One that is right."""
        return TrioClock(self.epoch_ns, self.monotonic_ns)


def declared_tree(machine: Machine) -> SupervisorSpec:
    """The tree that every process of this machine runs, as it is declared."""
    life = Life(machine, 0, machine.disk.mount(lambda _: None))
    session = life.make_session(life.make_access(machine.entropy), machine.entropy)
    return session.engine.tree(session.operators)


@final
class Life:
    """One process. `ended` is set at its end or its crash, before its clean-up is over."""

    def __init__(self, machine: Machine, generation: int, disk: ProcessDisk) -> None:
        self.generation = generation
        self.ended = trio.Event()
        self.is_crashed = False
        self.failure: BaseException | None = None
        # Like the system's: a step of the machine's calendar reaches no running process.
        self.clock = machine.new_clock()
        self.clock.skew_ns = machine.clock.skew_ns
        self.observer = Observer(self.clock)
        self.session: Session | None = None
        self.snapshots: Snapshots | None = None
        self.replay: Callable[[], Replayed | None] = lambda: None
        self._machine = machine
        self._disk = disk
        self._network: ProcessNetwork = machine.network.process()
        self._scope = trio.CancelScope()

    @property
    def tree(self) -> TreeHandle | None:
        """The running tree; None before it runs, and of a dead process."""
        session = self.session
        return None if session is None or self.is_crashed else session.gauges.tree

    @property
    def engine(self) -> TradingEngine | None:
        """The actors; None before they are made."""
        return None if self.session is None else self.session.engine

    async def run(self) -> None:
        """Until it stops, fails or crashes. What a crashed process still raises is nobody's."""
        try:
            with self._scope:
                await self._live()
        except* Exception as errors:
            self.failure = None if self.is_crashed else errors
        finally:
            self.ended.set()

    def stop(self) -> None:
        """As SIGTERM would."""
        if self.session is not None:
            self.session.stop.set()
        else:
            self._scope.cancel()

    def crash(self, *, is_power_lost: bool) -> None:
        """As `kill -9`, or a power loss: fenced first, then ended."""
        self.is_crashed = True
        self._network.crash(is_power_lost=is_power_lost)
        self._disk.crash()
        self._scope.cancel()
        self.ended.set()

    async def _live(self) -> None:
        entropy = Entropy(self._machine.entropy.seed_of(f"process/{self.generation}"))
        access = self.make_access(entropy)
        async with closing(access):
            self.session = self.make_session(access, entropy)
            await self.session.run_unattended()

    def make_access(self, entropy: Entropy) -> dict[VenueName, VenueAccess]:
        """The adapters of this process."""
        around = Surroundings(self._network, self.clock, entropy, {})
        return {
            name: self._machine.build_access(name, address, around)
            for name, address in self._machine.venues.items()
        }

    def make_session(self, access: dict[VenueName, VenueAccess], entropy: Entropy) -> Session:
        """Everything but the adapters, recovered from the disk and not started."""
        loaded, clock = self._machine.loaded, self.clock
        config = loaded.config
        run = new_run_id(clock.now_ns())
        account = ",".join(sorted(each.venue.account for each in access.values()))
        bars_kept = config.market.warm_up_bars
        memory = Memory(recovered(self._disk, account), bars_kept=bars_kept)
        began = None
        if self._machine.is_taped:
            began = Memory(recovered(self._disk, account), bars_kept=bars_kept)
        engine = make_engine(config, run, memory, clock, access, self._disk, (), began=began)
        self.replay = engine.replayed
        gauges = Gauges(engine, lambda: False)
        facts = RunFacts(
            run=run,
            data_source=DATA_SOURCE,
            config_hash=loaded.hash,
            quote=config.system.quote,
            capital=Decimal(repr(config.system.capital)),
            target_apy=config.system.target_apy,
            url="",
            started_ns=clock.now_ns(),
        )
        self.snapshots = Snapshots(engine.board, facts, clock, gauges)
        started = SessionStarted(run, account, loaded.hash, DATA_SOURCE, clock.now_ns())
        return Session(
            engine,
            quiet_faces(self.snapshots),
            self.snapshots,
            started,
            clock,
            entropy,
            self.observer,
            gauges,
        )
