"""What the decision core is told, and whom it sends to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from bot3.actors.arbitrage import ArbitrageSettings
from bot3.actors.mev import MevSettings
from bot3.actors.minds import MindSettings
from bot3.domain.ids import RunId
from bot3.domain.values import Asset, InstrumentId, VenueName
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.healing.settings import HealingSettings
from bot3.messages.account import FetchFills, Reconcile
from bot3.messages.healing import ResumeData, ShedData
from bot3.messages.journal import JournalEntry
from bot3.messages.market import ResyncBook
from bot3.messages.minds import RegimeEstimated, TargetProposed
from bot3.messages.orders import CancelOrder, QueryOrder, SubmitOrder
from bot3.portfolio.reinvestment import ReinvestmentSettings
from bot3.risk.adaptive.settings import AdaptiveSettings
from bot3.risk.limits import RiskLimits
from supervisors.actor import Address


@frozen
class CoreSettings:
    """What the decision actors are told."""

    run: RunId
    currency: Asset
    instruments: tuple[InstrumentId, ...]
    limits: RiskLimits
    adaptive: AdaptiveSettings
    reinvestment: ReinvestmentSettings
    execution: ExecutionSettings
    mind: MindSettings
    healing: HealingSettings
    arbitrage: ArbitrageSettings = Factory(ArbitrageSettings)
    mev: MevSettings | None = None
    is_adopting_balances: bool = False


@frozen
class CoreOutlets:
    """What decision actors send to outside of the core, by venue where there are several."""

    journal: Address[JournalEntry]
    entries: Mapping[VenueName, Address[SubmitOrder | CancelOrder | QueryOrder]]
    accounts: Mapping[VenueName, Address[FetchFills | Reconcile]]
    resyncs: Mapping[VenueName, Address[ResyncBook]]
    budgets: Mapping[VenueName, Address[ShedData | ResumeData]]
    board: Address[Any]
    discovery: Address[RegimeEstimated] | None = None
    estimation: Address[RegimeEstimated | TargetProposed] | None = None
    evolution: Address[RegimeEstimated] | None = None
