"""The market of a cross symbol: a book that arbitrage looks at and execution trades on.

Invariant: nobody has an opinion on it; what is traded there are legs of groups alone.
"""

from __future__ import annotations

from typing import Any, final

from attrs import field, frozen

from bot3.actors.market import MarketActor, MarketMessage
from bot3.actors.memory import MARKET, Memory
from bot3.actors.minds import INTENSITY, place_in_tree
from bot3.domain.values import InstrumentId
from bot3.market.bars import BarSettings
from bot3.messages.healing import BookSeen
from bot3.messages.market import BookLost, DepthSampled, QuoteChanged, ResyncBook
from supervisors.actor import Address
from supervisors.cell import DecisionCell
from supervisors.clock import Clock
from supervisors.dispatch import RunQueue
from supervisors.restart import Strategy
from supervisors.spec import DecisionSpec, SupervisorSpec


@final
@frozen
class CrossMarket:
    """One market actor, in the place where another instrument has a mind."""

    instrument: InstrumentId
    settings: BarSettings
    memory: Memory
    runs: RunQueue
    clock: Clock
    healing: Address[ResyncBook | BookSeen]
    quotes: tuple[Address[QuoteChanged | BookLost], ...] = field(kw_only=True)
    depths: tuple[Address[DepthSampled], ...] = field(kw_only=True)
    market: DecisionCell[MarketMessage] = field(init=False)

    @market.default
    def _market(self) -> DecisionCell[MarketMessage]:
        return DecisionCell(MARKET, self.runs)

    @property
    def name(self) -> str:
        """`binance ETH-BTC`: its place in the tree."""
        return place_in_tree(self.instrument)

    def specs(self) -> tuple[DecisionSpec[Any], ...]:
        """The market alone."""
        return (DecisionSpec(self.market, self._build_market),)

    def supervisor(self) -> SupervisorSpec:
        """Restarted like any other."""
        return SupervisorSpec(self.name, Strategy.ONE_FOR_ONE, INTENSITY, self.specs())

    def _build_market(self) -> MarketActor:
        return MarketActor(
            self.instrument,
            self.settings,
            self.memory,
            self.clock,
            quotes=self.quotes,
            depths=self.depths,
            bars=(),
            features=(),
            healing=self.healing,
        )
