"""Everything that forms an opinion on one instrument, as one small tree.

Invariant: a crash in here costs this instrument a restart, no other one, and no order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, final

from attrs import field, frozen

from bot3.actors.market import MarketActor, MarketMessage
from bot3.actors.memory import MARKET, ML, Memory
from bot3.actors.ml import MLActor, MLMessage
from bot3.actors.regime import RegimeActor
from bot3.actors.strategies import (
    EvolvedActor,
    EvolvedMessage,
    HybridActor,
    HybridMessage,
    TAActor,
    TAMessage,
)
from bot3.domain.values import InstrumentId
from bot3.learning.bench import BenchSettings
from bot3.learning.online import LearnerSettings
from bot3.market.bars import BarSettings
from bot3.messages.healing import BookSeen
from bot3.messages.journal import JournalEntry
from bot3.messages.market import (
    BarClosed,
    BookLost,
    DepthSampled,
    QuoteChanged,
    ResyncBook,
    TimerTicked,
)
from bot3.messages.minds import (
    FeaturesComputed,
    RegimeEstimated,
    TargetProposed,
)
from bot3.regime.detector import RegimeDetector, RegimeSettings
from bot3.strategies.evolved import EvolvedStrategy
from bot3.strategies.hybrid import HybridSettings, HybridStrategy
from bot3.strategies.ml import MLSettings, MLStrategy
from bot3.strategies.payoff import PayoffSettings
from bot3.strategies.ta import TAStrategy
from bot3.strategies.thresholds import AdaptiveThreshold, ThresholdSettings
from supervisors.actor import Address
from supervisors.cell import DecisionCell
from supervisors.clock import Clock
from supervisors.dispatch import RunQueue
from supervisors.restart import Intensity, Strategy
from supervisors.spec import DecisionSpec, SupervisorSpec

INTENSITY = Intensity(10, 60.0)


@frozen
class MindSettings:
    """How opinions are formed; the same for every instrument. `cost_bps`: of a trade, one way.
    `is_evolving`: what evolution promotes has a place in the blend.
    """

    bars: BarSettings
    regime: RegimeSettings
    learner: LearnerSettings
    bench: BenchSettings
    is_learning: bool
    ta_weight: float
    ml_weight: float
    is_adaptive: bool
    cost_bps: float
    rebalance_band: float
    is_evolving: bool = False


def place_in_tree(instrument: InstrumentId) -> str:
    """`binance BTC-USDT`: a path's parts have no slash of their own."""
    venue, symbol = instrument
    return f"{venue} {symbol.replace('/', '-')}"


@final
@frozen
class Mind:
    """The cells of one instrument: market, regime, ta, ml, hybrid. `peers`: all minds, by key.

    `overseers` hear of every bar after those who decide; `opinions` of each member's target as
    `targets` of the blend's.
    """

    instrument: InstrumentId
    settings: MindSettings
    memory: Memory
    runs: RunQueue
    clock: Clock
    peers: Mapping[InstrumentId, Mind] = field(kw_only=True)
    quotes: tuple[Address[QuoteChanged | BookLost], ...] = field(kw_only=True)
    depths: tuple[Address[DepthSampled], ...] = field(kw_only=True)
    execution: Address[BarClosed] = field(kw_only=True)
    targets: tuple[Address[TargetProposed], ...] = field(kw_only=True)
    opinions: tuple[Address[TargetProposed], ...] = field(default=(), kw_only=True)
    healing: Address[ResyncBook | BookSeen] = field(kw_only=True)
    journal: Address[JournalEntry] = field(kw_only=True)
    board: Address[Any] = field(kw_only=True)
    overseers: tuple[Address[RegimeEstimated], ...] = field(default=(), kw_only=True)
    market: DecisionCell[MarketMessage] = field(init=False)
    regime: DecisionCell[FeaturesComputed | TimerTicked] = field(init=False)
    ta: DecisionCell[TAMessage] = field(init=False)
    ml: DecisionCell[MLMessage] = field(init=False)
    hybrid: DecisionCell[HybridMessage] = field(init=False)
    evolved: DecisionCell[EvolvedMessage] = field(init=False)

    @market.default
    def _market(self) -> DecisionCell[MarketMessage]:
        return DecisionCell(MARKET, self.runs)

    @regime.default
    def _regime(self) -> DecisionCell[FeaturesComputed | TimerTicked]:
        return DecisionCell("regime", self.runs)

    @ta.default
    def _ta(self) -> DecisionCell[TAMessage]:
        return DecisionCell("ta", self.runs)

    @ml.default
    def _ml(self) -> DecisionCell[MLMessage]:
        return DecisionCell(ML, self.runs)

    @hybrid.default
    def _hybrid(self) -> DecisionCell[HybridMessage]:
        return DecisionCell("hybrid", self.runs)

    @evolved.default
    def _evolved(self) -> DecisionCell[EvolvedMessage]:
        return DecisionCell("evolved", self.runs)

    def specs(self) -> tuple[DecisionSpec[Any], ...]:
        """Whoever is told first, starts first."""
        return (
            DecisionSpec(self.hybrid, self._build_hybrid),
            *self._evolving(),
            DecisionSpec(self.ml, self._build_ml),
            DecisionSpec(self.ta, self._build_ta),
            DecisionSpec(self.regime, self._build_regime),
            DecisionSpec(self.market, self._build_market),
        )

    def _evolving(self) -> tuple[DecisionSpec[Any], ...]:
        if not self.settings.is_evolving:
            return ()
        return (DecisionSpec(self.evolved, self._build_evolved),)

    @property
    def name(self) -> str:
        """`binance BTC-USDT`: its place in the tree."""
        return place_in_tree(self.instrument)

    def supervisor(self) -> SupervisorSpec:
        """All of them, each restarted alone."""
        return SupervisorSpec(self.name, Strategy.ONE_FOR_ONE, INTENSITY, self.specs())

    def priced(self) -> tuple[DecisionCell[Any], ...]:
        """Who must know what trading costs."""
        return (self.ta, self.ml, self.hybrid)

    def learning(self) -> tuple[DecisionCell[Any], ...]:
        """Who learns on the timer's beat, from what was decided before."""
        return (self.regime, self.ml)

    def _build_market(self) -> MarketActor:
        return MarketActor(
            self.instrument,
            self.settings.bars,
            self.memory,
            self.clock,
            quotes=(*self.quotes, *self._same_symbol_elsewhere()),
            depths=self.depths,
            bars=(self.execution, self.board),
            features=(self.regime,),
            healing=self.healing,
        )

    def _same_symbol_elsewhere(self) -> Iterator[Address[QuoteChanged | BookLost]]:
        return (
            mind.market
            for key, mind in self.peers.items()
            if key.symbol == self.instrument.symbol and key != self.instrument
        )

    def _build_regime(self) -> RegimeActor:
        # The blend hears of a bar before its members do, so that it knows which bar they mean.
        deciding: tuple[Address[RegimeEstimated], ...] = (self.hybrid, self.ta, self.ml)
        evolved = (self.evolved,) if self.settings.is_evolving else ()
        listeners = (*deciding, *evolved, self.board, *self.overseers)
        return RegimeActor(
            RegimeDetector(self.settings.regime),
            listeners=listeners,
            board=self.board,
            journal=self.journal,
        )

    def _build_ta(self) -> TAActor:
        threshold = AdaptiveThreshold(self._threshold())
        cost_bps = self.settings.cost_bps if self.settings.is_adaptive else None
        strategy = TAStrategy(threshold=threshold, cost_bps=cost_bps)
        return TAActor(strategy, listeners=self._believers())

    def _believers(self) -> tuple[Address[TargetProposed], ...]:
        """The blend first."""
        return (self.hybrid, self.board, *self.opinions)

    def _threshold(self) -> ThresholdSettings:
        horizon = self.settings.learner.labels.horizon_bars
        return ThresholdSettings(payoff=PayoffSettings(horizon_bars=horizon))

    def _build_ml(self) -> MLActor:
        settings = MLSettings(cost_bps=self.settings.cost_bps)
        return MLActor(
            self.instrument,
            self.settings.learner,
            settings,
            self.memory,
            self.clock,
            bench=self.settings.bench,
            is_learning=self.settings.is_learning,
            listeners=self._believers(),
            board=self.board,
            journal=self.journal,
        )

    def _build_evolved(self) -> EvolvedActor:
        promoted = self.memory.recovery.promoted.get(self.instrument, ())
        strategy = EvolvedStrategy(tuple(promoted))
        return EvolvedActor(strategy, hybrid=self.hybrid, listeners=self._believers())

    def _build_hybrid(self) -> HybridActor:
        settings = HybridSettings(
            ta_weight=self.settings.ta_weight,
            ml_weight=self.settings.ml_weight,
            adaptive=self.settings.is_adaptive,
            cost_bps=self.settings.cost_bps,
            rebalance_band=self.settings.rebalance_band,
            threshold=self._threshold(),
        )
        shadow = EvolvedStrategy.name if self.settings.is_evolving else None
        hybrid = HybridStrategy(TAStrategy.name, MLStrategy.name, settings, shadow)
        return HybridActor(hybrid, listeners=(*self.targets, self.board), board=self.board)
