"""The decision core: every decision actor, wired, on one run queue. Needs no Trio to run.

    feed -> market -> regime -> ta, ml -> hybrid -> risk (size) -> execution (plan) -> risk (gate)
         -> execution -> journal -> venue -> journal -> portfolio, execution, risk

Invariant: actors know one another by address alone; each is built from settings and memory, so a
restarted one is built like a first one.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any, final

from attrs import field, frozen

from bot3.actors.account_news import AccountEars
from bot3.actors.arbitrage import ArbitrageActor, ArbitrageMessage
from bot3.actors.core_settings import CoreOutlets, CoreSettings
from bot3.actors.crosses import CrossMarket
from bot3.actors.execution import (
    ExecutionActor,
    ExecutionMessage,
    ExecutionOutlets,
    restored_desk,
)
from bot3.actors.healing import HealingActor, HealingMessage, HealingOutlets
from bot3.actors.market import MarketMessage
from bot3.actors.market_regime import MarketRegimeActor
from bot3.actors.memory import Memory, RememberedJournal
from bot3.actors.mev import MevActor, MevMessage, MevSettings
from bot3.actors.minds import Mind
from bot3.actors.portfolio import Adoption, PortfolioActor, PortfolioMessage, restored_portfolio
from bot3.actors.restored_risk import RiskSettings
from bot3.actors.risk import RiskActor, RiskMessage
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.journal import JournalEntry
from bot3.messages.market import BookLost, QuoteChanged, TimerTicked
from bot3.messages.minds import RegimeEstimated, TargetProposed
from bot3.messages.orders import AccountEvent, Adopted, InstrumentsLoaded, OrderFilled
from bot3.regime.market_wide import MarketWideRegime
from supervisors.actor import Address
from supervisors.cell import DecisionCell
from supervisors.clock import Clock
from supervisors.dispatch import RunQueue
from supervisors.spec import DecisionSpec


@final
@frozen
class DecisionCore:
    """All cells and how to build their actors."""

    settings: CoreSettings
    memory: Memory
    runs: RunQueue
    clock: Clock
    outlets: CoreOutlets
    journal: RememberedJournal = field(init=False)
    portfolio: DecisionCell[PortfolioMessage] = field(init=False)
    execution: DecisionCell[ExecutionMessage] = field(init=False)
    risk: DecisionCell[RiskMessage] = field(init=False)
    healing: DecisionCell[HealingMessage] = field(init=False)
    market_regime: DecisionCell[RegimeEstimated | TimerTicked] = field(init=False)
    arbitrage: DecisionCell[ArbitrageMessage] = field(init=False)
    mev: DecisionCell[MevMessage] = field(init=False)
    minds: dict[InstrumentId, Mind] = field(init=False)
    crosses: dict[InstrumentId, CrossMarket] = field(init=False)

    @journal.default
    def _journal(self) -> RememberedJournal:
        return RememberedJournal(self.outlets.journal, self.memory)

    @portfolio.default
    def _portfolio(self) -> DecisionCell[PortfolioMessage]:
        return DecisionCell("portfolio", self.runs)

    @execution.default
    def _execution(self) -> DecisionCell[ExecutionMessage]:
        return DecisionCell("execution", self.runs)

    @risk.default
    def _risk(self) -> DecisionCell[RiskMessage]:
        return DecisionCell("risk", self.runs)

    @healing.default
    def _healing(self) -> DecisionCell[HealingMessage]:
        return DecisionCell("healing", self.runs)

    @market_regime.default
    def _market_regime(self) -> DecisionCell[RegimeEstimated | TimerTicked]:
        return DecisionCell("market regime", self.runs)

    @arbitrage.default
    def _arbitrage(self) -> DecisionCell[ArbitrageMessage]:
        return DecisionCell("arbitrage", self.runs)

    @mev.default
    def _mev(self) -> DecisionCell[MevMessage]:
        return DecisionCell("mev", self.runs)

    def _arbitraging(self) -> tuple[DecisionCell[ArbitrageMessage], ...]:
        """Whoever tells of books and money tells it too, where it is wanted."""
        return (self.arbitrage,) if self.settings.arbitrage.is_enabled else ()

    def _quoted(self) -> tuple[Address[QuoteChanged | BookLost], ...]:
        money = (self.risk, self.execution, self.portfolio, self.outlets.board)
        mev = () if self.settings.mev is None else (self.mev,)
        return (*money, *self._arbitraging(), *mev)

    def _overseers(self) -> tuple[Address[RegimeEstimated], ...]:
        beside = (self.outlets.discovery, self.outlets.estimation, self.outlets.evolution)
        return (self.risk, self.market_regime, *(each for each in beside if each is not None))

    def _opinions(self) -> tuple[Address[TargetProposed], ...]:
        """Who hears of every strategy by itself."""
        estimation = self.outlets.estimation
        risk = (self.risk,) if self.settings.adaptive.is_allocated else ()
        return risk if estimation is None else (*risk, estimation)

    @minds.default
    def _minds(self) -> dict[InstrumentId, Mind]:
        board, estimation = self.outlets.board, self.outlets.estimation
        minds: dict[InstrumentId, Mind] = {}
        for key in self.settings.instruments:
            minds[key] = Mind(
                key,
                self.settings.mind,
                self.memory,
                self.runs,
                self.clock,
                peers=minds,
                quotes=self._quoted(),
                depths=(self.execution, *self._arbitraging()),
                execution=self.execution,
                targets=(self.risk,) if estimation is None else (self.risk, estimation),
                opinions=self._opinions(),
                healing=self.healing,
                journal=self.journal,
                board=board,
                overseers=self._overseers(),
            )
        return minds

    @crosses.default
    def _crosses(self) -> dict[InstrumentId, CrossMarket]:
        parts = (self.settings.mind.bars, self.memory, self.runs, self.clock, self.healing)
        depths = (self.execution, self.arbitrage)
        return {
            key: CrossMarket(key, *parts, quotes=(self.risk, *depths), depths=depths)
            for key in self.settings.arbitrage.crosses
        }

    @property
    def watched(self) -> dict[InstrumentId, Mind | CrossMarket]:
        """Everything that has a market here."""
        return {**self.minds, **self.crosses}

    def markets(self, venue: VenueName) -> dict[InstrumentId, DecisionCell[MarketMessage]]:
        """The market cells of one venue."""
        return {key: each.market for key, each in self.watched.items() if key.venue == venue}

    def instrument_listeners(self) -> tuple[Address[InstrumentsLoaded], ...]:
        """Who must know the venues' filters."""
        return (self.memory, self.risk, self.execution, *self._arbitraging())

    def timer_listeners(self) -> tuple[Address[TimerTicked], ...]:
        """Who must know that time passes, in the order in which they should decide.

        All bars are closed and all orders go out before anything is learned.
        """
        minds = self.minds.values()
        markets = (each.market for each in self.watched.values())
        learning = (cell for mind in minds for cell in mind.learning())
        money = (self.execution, self.portfolio, self.healing)
        return (*markets, *money, *learning, self.market_regime)

    def publish(self, event: AccountEvent | Adopted) -> None:
        """A venue's news: into the journal, and when it is durable to whom it concerns."""
        if isinstance(event, OrderFilled):
            event = OrderFilled(self.memory.recovery.converted(event.fill))
        ears = AccountEars(
            self.portfolio, self.risk, self.execution, self.outlets.board, self._arbitraging()
        )
        if isinstance(event, OrderFilled):
            event = OrderFilled(self.memory.recovery.converted(event.fill))
        self.journal.send(JournalEntry(event, tuple((each, event) for each in ears.of(event))))

    def money_specs(self) -> tuple[DecisionSpec[Any], DecisionSpec[Any], DecisionSpec[Any]]:
        """Declarations of portfolio, execution and risk."""
        return (
            DecisionSpec(self.portfolio, self._build_portfolio),
            DecisionSpec(self.execution, self._build_execution),
            DecisionSpec(self.risk, self._build_risk),
        )

    def overseeing_specs(self) -> tuple[DecisionSpec[Any], ...]:
        """Declarations of those that watch all instruments: healing, the market's regime, and
        where they are wanted, arbitrage and what pools say.
        """
        specs: list[DecisionSpec[Any]] = [
            DecisionSpec(self.healing, self._build_healing),
            DecisionSpec(self.market_regime, self._build_market_regime),
            *(DecisionSpec(each, self._build_arbitrage) for each in self._arbitraging()),
        ]
        if self.settings.mev is not None:
            specs.append(DecisionSpec(self.mev, partial(self._build_mev, self.settings.mev)))
        return tuple(specs)

    def start(self) -> None:
        """Starts every actor without supervisors: for drivers that have no Trio."""
        watched = (spec for each in self.watched.values() for spec in each.specs())
        for spec in (*self.money_specs(), *self.overseeing_specs(), *watched):
            spec.cell.start(spec.build)

    def _build_portfolio(self) -> PortfolioActor:
        return PortfolioActor(
            restored_portfolio(self.settings.currency, self.settings.instruments, self.memory),
            venues=self.outlets.accounts,
            untold=self.memory.untold,
            positions=(self.risk, self.outlets.board, *self._arbitraging()),
            marks=(self.risk, self.outlets.board),
            journal=self.journal,
            watcher=self.outlets.board,
            risk=self.risk,
            reconcilers=self.outlets.accounts,
            costs={key: mind.priced() for key, mind in self.minds.items()},
            adopt=Adoption(self.settings.is_adopting_balances, self.memory, self.publish),
        )

    def _build_execution(self) -> ExecutionActor:
        desk = restored_desk(self.settings.run, self.settings.execution, self.memory)
        outlets = ExecutionOutlets(
            risk=self.risk,
            journal=self.journal,
            entries=self.outlets.entries,
            accounts=self.outlets.accounts,
            events=(self.execution, self.outlets.board),
            watcher=self.outlets.board,
            adopt=self.publish,
            arbitrage=self._arbitraging(),
        )
        return ExecutionActor(
            desk,
            outlets,
            self.clock,
            run=self.settings.run,
            recovery=self.memory.recovery,
            halt=self.memory.halt,
        )

    def _build_risk(self) -> RiskActor:
        given = self.settings
        return RiskActor(
            RiskSettings(given.limits, given.instruments, given.adaptive, given.reinvestment),
            self.memory,
            self.clock,
            execution=self.execution,
            journal=self.journal,
            watcher=self.outlets.board,
            portfolio=self.portfolio,
        )

    def _build_arbitrage(self) -> ArbitrageActor:
        parts = (self.settings.arbitrage, self.memory, self.clock)
        return ArbitrageActor(*parts, execution=self.execution, board=self.outlets.board)

    def _build_mev(self, settings: MevSettings) -> MevActor:
        markets: defaultdict[Symbol, list[DecisionCell[MarketMessage]]] = defaultdict(list)
        for key, mind in self.minds.items():
            markets[key.symbol].append(mind.market)
        return MevActor(settings, markets=markets, board=self.outlets.board)

    def _build_market_regime(self) -> MarketRegimeActor:
        regime = MarketWideRegime(self.settings.mind.regime)
        return MarketRegimeActor(regime, board=self.outlets.board, journal=self.journal)

    def _build_healing(self) -> HealingActor:
        outlets = HealingOutlets(
            risk=self.risk,
            resyncs=self.outlets.resyncs,
            budgets=self.outlets.budgets,
            journal=self.journal,
            watcher=self.outlets.board,
        )
        minds = {each.name: key for key, each in self.watched.items()}
        return HealingActor(self.settings.healing, minds, self.memory, self.clock, outlets)
