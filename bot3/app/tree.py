"""The whole system on one screen: who is supervised by whom, in the order of the start.

From what everything needs to what may crash without touching money. An edge actor may await only
the mailboxes of children above it; everything else is a send, which never waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

from attrs import evolve, field, frozen

from bot3.actors.core import DecisionCore
from bot3.actors.core_settings import CoreOutlets, CoreSettings
from bot3.actors.memory import Memory
from bot3.app.beside import Beside
from bot3.app.taping import Replayed, replay, taped_core
from bot3.app.venues import VenueAccess
from bot3.domain.values import VenueName
from bot3.messages.account import FetchFills, Reconcile
from bot3.messages.healing import ActorCrashed, ResumeData, ShedData
from bot3.messages.journal import JournalEntry
from bot3.messages.market import ResyncBook
from bot3.services.account import AccountActor
from bot3.services.budget import BudgetActor
from bot3.services.call_tally import CallTally
from bot3.services.dead_man import DeadManSwitch, switches_of
from bot3.services.feed import FeedActor, FeedTally
from bot3.services.journal import Disk, JournalActor, JournalBacklog
from bot3.services.kill_switch import KillSwitch, KillSwitchActor
from bot3.services.orders import EntryRequest, OrderEntryActor
from bot3.services.session import SessionActor
from bot3.services.timers import TimerActor
from bot3.telemetry.alert_actor import WatchedBoard
from bot3.telemetry.alerts import AlertNews
from bot3.telemetry.board import Board, BoardMessage
from bot3.telemetry.board_actor import BoardActor
from supervisors import observe
from supervisors.actor import Address, EdgeActor
from supervisors.cell import DecisionCell
from supervisors.clock import Clock
from supervisors.dispatch import RunQueue
from supervisors.mailbox import Mailbox, Overflow
from supervisors.restart import Intensity, Strategy
from supervisors.spec import ChildSpec, DecisionSpec, EdgeSpec, SupervisorSpec
from supervisors.tape import Tape

JOURNAL_CAPACITY = 20_000
ENTRY_CAPACITY = 1_000
FEW = Intensity(5, 30.0)
MANY = Intensity(20, 60.0)


@final
@frozen
class VenueDesk:
    """One venue: its ports, and the mailboxes of the edge actors in front of them."""

    access: VenueAccess
    entries: Mailbox[EntryRequest]
    fetches: Mailbox[FetchFills | Reconcile]
    resyncs: Mailbox[ResyncBook]
    budgets: Mailbox[ShedData | ResumeData]
    tally: FeedTally
    calls: CallTally
    dead_man: tuple[DeadManSwitch, ...]


def open_desk(name: VenueName, access: VenueAccess, instruments: int) -> VenueDesk:
    """Mailboxes of one venue; orders are refused rather than dropped when too many wait."""
    return VenueDesk(
        access,
        Mailbox(f"{name} orders", capacity=ENTRY_CAPACITY, policy=Overflow.REJECT),
        Mailbox(f"{name} fetches", capacity=ENTRY_CAPACITY, policy=Overflow.REJECT),
        Mailbox(
            f"{name} resyncs",
            capacity=instruments,
            policy=Overflow.CONFLATE,
            key=lambda request: request.instrument,
        ),
        Mailbox(
            f"{name} budget",
            capacity=1,
            policy=Overflow.CONFLATE,
            key=lambda command: command.venue,
        ),
        FeedTally(),
        CallTally(),
        switches_of(access.venue),
    )


@frozen
class EngineSettings:
    """What the edges are told; the decision actors' settings are in `core`."""

    core: CoreSettings
    bar_interval_s: int
    warm_up_bars: int
    timer_interval_s: float


@final
@frozen
class TradingEngine:
    """All actors and their tree. `exchanges` are the embedded ones, where there are any."""

    settings: EngineSettings
    memory: Memory
    clock: Clock
    runs: RunQueue
    disk: Disk
    venues: Mapping[VenueName, VenueDesk]
    exchanges: tuple[EdgeSpec, ...] = ()
    switch: KillSwitch | None = None
    beside: Beside = field(factory=Beside)
    began: Memory | None = None  # such as `memory` at the start: what is decided is taped
    backlog: JournalBacklog = field(factory=JournalBacklog)
    tape: Tape | None = field(init=False)
    journal: Mailbox[JournalEntry] = field(init=False)
    board: Board = field(init=False)
    board_cell: DecisionCell[BoardMessage] = field(init=False)
    alert_cell: DecisionCell[AlertNews] = field(init=False)
    watched_board: Address[BoardMessage] = field(init=False)
    core: DecisionCore = field(init=False)

    @tape.default
    def _tape(self) -> Tape | None:
        return None if self.began is None else Tape(self.runs)

    @journal.default
    def _journal(self) -> Mailbox[JournalEntry]:
        return Mailbox("journal", capacity=JOURNAL_CAPACITY, policy=Overflow.REJECT)

    @board.default
    def _board(self) -> Board:
        positions = self.memory.recovery.tracker.positions()
        return Board(self.clock, self.settings.core.instruments, positions)

    @board_cell.default
    def _board_cell(self) -> DecisionCell[BoardMessage]:
        return DecisionCell("board", self.runs)

    @alert_cell.default
    def _alert_cell(self) -> DecisionCell[AlertNews]:
        return DecisionCell("alert watch", self.runs)

    @watched_board.default
    def _watched_board(self) -> Address[BoardMessage]:
        cell = self.board_cell
        return cell if self.beside.alerts is None else WatchedBoard(cell, self.alert_cell)

    @core.default
    def _core(self) -> DecisionCore:
        beside = self.beside
        outlets = CoreOutlets(
            journal=self.journal,
            entries={name: desk.entries for name, desk in self.venues.items()},
            accounts={name: desk.fetches for name, desk in self.venues.items()},
            resyncs={name: desk.resyncs for name, desk in self.venues.items()},
            budgets={name: desk.budgets for name, desk in self.venues.items()},
            board=self.watched_board,
            discovery=None if beside.discovery_dice is None else beside.seen,
            estimation=None if beside.estimation is None else beside.estimated,
            evolution=None if beside.evolution is None else beside.evolving,
        )
        mev = None if beside.chain is None else beside.chain.settings
        core = evolve(self.settings.core, mev=mev)
        return taped_core(self.tape, core, self.memory, self.runs, self.clock, outlets)

    def replayed(self) -> Replayed | None:
        """Decides again what was decided, once, when all is over; None where nothing was taped."""
        if self.tape is None or self.began is None:
            return None
        return replay(self.core, self.tape, self.began)

    def tree(self, operators: Callable[[], tuple[ChildSpec, ...]] = tuple) -> SupervisorSpec:
        """Journal · board · money · kill switch · healing · minds · venues · timers · operators."""
        portfolio, execution, risk = self.core.money_specs()
        minds = tuple(each.supervisor() for each in self.core.watched.values())
        venues = tuple(
            spec for name, desk in self.venues.items() for spec in self._venue(name, desk)
        )
        children: tuple[ChildSpec, ...] = (
            *self.exchanges,
            EdgeSpec("journal", self._build_journal, self.journal, liveness_s=30.0),
            DecisionSpec(self.board_cell, lambda: BoardActor(self.board)),
            portfolio,
            execution,
            risk,
            *self._kill_switch(),
            *self.core.overseeing_specs(),
            SupervisorSpec("minds", Strategy.ONE_FOR_ONE, MANY, minds),
            SupervisorSpec("venues", Strategy.ONE_FOR_ONE, MANY, venues, starts_together=True),
            EdgeSpec("timers", self._build_timers),
            *self.beside.specs(self.core),
            SupervisorSpec(
                "operators", Strategy.ONE_FOR_ONE, MANY, (*operators(), *self._alerts())
            ),
        )
        return SupervisorSpec("bot3", Strategy.ONE_FOR_ONE, FEW, children)

    def _alerts(self) -> tuple[ChildSpec, ...]:
        plan = self.beside.alerts
        return () if plan is None else plan.specs(self.alert_cell, self.board_cell)

    def _kill_switch(self) -> tuple[ChildSpec, ...]:
        switch = self.switch
        if switch is None:
            return ()
        return (EdgeSpec("kill switch", lambda: KillSwitchActor(switch, self.core.risk)),)

    async def disarm(self) -> None:
        """Nothing of ours rests any more: whatever waits for our death need not."""
        for desk in self.venues.values():
            for switch in desk.dead_man:
                await switch.disarm()

    def hear(self, event: observe.LifecycleEvent) -> None:
        """For the tree's observer: what healing must know of it."""
        if isinstance(event, observe.ActorExited) and not event.reason.is_good:
            self.core.healing.send(ActorCrashed(event.path, event.error))

    def _venue(self, name: VenueName, desk: VenueDesk) -> tuple[ChildSpec, ...]:
        """What is known first, then our account, order entry, market data.

        The rate budget is read beside all that: a session that starts again while data is shed
        waits for somebody who says that there is budget again.
        """
        children = (
            EdgeSpec("session", lambda: self._build_session(name, desk)),
            EdgeSpec("account", lambda: self._build_account(name, desk), desk.fetches),
            *(each.spec(self.core.publish, self.clock) for each in desk.dead_man),
            EdgeSpec("orders", lambda: self._build_orders(desk), desk.entries, liveness_s=30.0),
            EdgeSpec("feed", lambda: self._build_feed(name, desk), desk.resyncs),
        )
        return (
            EdgeSpec(f"{name} budget", lambda: self._build_budget(name, desk), desk.budgets),
            SupervisorSpec(name, Strategy.REST_FOR_ONE, FEW, children),
        )

    def _build_journal(self) -> EdgeActor:
        return JournalActor(self.disk, self.journal, self.backlog, self.clock)

    def _build_timers(self) -> EdgeActor:
        alerts = () if self.beside.alerts is None else (self.alert_cell,)
        listeners = (*self.core.timer_listeners(), *alerts)
        return TimerActor(self.clock, self.settings.timer_interval_s, listeners)

    def _build_session(self, name: VenueName, desk: VenueDesk) -> EdgeActor:
        markets = {key.symbol: cell for key, cell in self.core.markets(name).items()}
        limits = self.settings.core.limits
        return SessionActor(
            desk.access.feed,
            desk.access.venue,
            markets,
            self.core.instrument_listeners(),
            self.clock,
            bar_interval_s=self.settings.bar_interval_s,
            warm_up_bars=self.settings.warm_up_bars,
            pairs=(self.core.memory, self.core.risk) if limits.has_pair_rules else (),
            pair_age_days=limits.pair_age_min_days,
        )

    def _build_account(self, name: VenueName, desk: VenueDesk) -> EdgeActor:
        symbols = tuple(key.symbol for key in self.core.markets(name))
        return AccountActor(
            desk.access.venue,
            symbols,
            desk.fetches,
            self.core.publish,
            self.clock,
            since_ns=self.memory.unseen_since_ns(name, self.clock.now_ns()),
            rests=self.core.execution,
        )

    def _build_orders(self, desk: VenueDesk) -> EdgeActor:
        return OrderEntryActor(
            desk.access.venue,
            desk.entries,
            self.core.publish,
            self.core.execution,
            self.core.healing,
            self.clock,
            desk.calls,
        )

    def _build_feed(self, name: VenueName, desk: VenueDesk) -> EdgeActor:
        routes = {key.symbol: cell for key, cell in self.core.markets(name).items()}
        watchers = (self.core.risk, self.core.healing, self.watched_board)
        return FeedActor(desk.access.feed, routes, watchers, desk.resyncs, desk.tally, self.clock)

    def _build_budget(self, name: VenueName, desk: VenueDesk) -> EdgeActor:
        return BudgetActor(name, desk.access.budget, desk.budgets, self.core.healing, self.clock)
