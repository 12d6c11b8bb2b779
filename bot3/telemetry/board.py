"""What the operator sees, kept up to date by the system's own messages.

Invariant: a board only listens; it outlives its actor's restarts, so its counts do too.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import final

from bot3.actors.execution import ExecutionNews
from bot3.actors.healing import HealingNews
from bot3.actors.risk import RiskNews
from bot3.domain.fill import Fill
from bot3.domain.order import OrderStatus
from bot3.domain.values import ZERO, InstrumentId, VenueName
from bot3.execution.actions import ForeignOrder, OrderAnomaly, Submission
from bot3.messages.account import (
    BalanceMismatch,
    BalancesCompared,
    OrderClosed,
    PositionChanged,
    ReconcileMatched,
    ReconcileMismatch,
)
from bot3.messages.control import (
    EquityMarked,
    PositionsFlattened,
    StopHit,
    TradingHalted,
    TradingResumed,
)
from bot3.messages.healing import CircuitChanged, HealingActed
from bot3.messages.market import BarClosed, BookLost, FeedLost, FeedRestored, QuoteChanged
from bot3.messages.minds import (
    LearningScored,
    RegimeEstimated,
    TargetProposed,
    WeightsChanged,
)
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    OrderAcknowledged,
    OrderAdopted,
    OrderDenied,
    OrderOutcomeUnknown,
)
from bot3.messages.risk import AllocationSolved, CapitalChanged, LadderMoved, RiskScaled
from bot3.portfolio.positions import FLAT, Position
from bot3.telemetry.alert_card import AlertCard, DeliveryNews
from bot3.telemetry.arbitrage import ArbitrageCard, ArbitrageNews
from bot3.telemetry.cards import AtVenue, InstrumentCard, VenueCard, venue_of
from bot3.telemetry.chain import ChainCard, ChainNews
from bot3.telemetry.latency import LatencySample
from bot3.telemetry.lines import fee_in_quote, fill_line
from bot3.telemetry.minds import MindsCard, MindsNews
from bot3.telemetry.orders_card import RECENT, OrdersCard
from bot3.telemetry.risk import RiskCard
from bot3.telemetry.status import FillLine
from supervisors.clock import Clock

ReconcileNews = ReconcileMismatch | ReconcileMatched
BoardMessage = (
    FeedLost
    | FeedRestored
    | AccountLost
    | AccountRestored
    | QuoteChanged
    | BookLost
    | BarClosed
    | RegimeEstimated
    | TargetProposed
    | WeightsChanged
    | LearningScored
    | MindsNews
    | ArbitrageNews
    | ChainNews
    | DeliveryNews
    | BalancesCompared
    | ReconcileNews
    | RiskNews
    | AllocationSolved
    | ExecutionNews
    | HealingNews
    | OrderAcknowledged
    | OrderOutcomeUnknown
    | AtVenue
    | PositionChanged
    | EquityMarked
)


@final
class Board:
    """Everything that was said last, and how often."""

    def __init__(
        self,
        clock: Clock,
        instruments: tuple[InstrumentId, ...],
        recovered: Mapping[InstrumentId, Position] = MappingProxyType({}),
    ) -> None:
        self._clock = clock
        self.instruments = {
            key: InstrumentCard(recovered=recovered.get(key, FLAT)) for key in instruments
        }
        self.venues = {key.venue: VenueCard() for key in instruments}
        self.equity: EquityMarked | None = None
        self.equity_start: Decimal | None = None
        self.drawdown_max = 0.0
        self.halted: TradingHalted | None = None
        self.flattened: PositionsFlattened | None = None
        self.fees_paid = ZERO
        self.signals = 0
        self.fills = 0
        self.anomalies = 0
        self.stops_hit: Counter[str] = Counter()
        self.stop = ""
        self.minds = MindsCard()
        self.risk = RiskCard()
        self.arbitrage = ArbitrageCard()
        self.chain = ChainCard()
        self.alerts = AlertCard()
        self.mismatches: tuple[BalanceMismatch, ...] = ()
        self.unreconciled: dict[tuple[str, str], ReconcileMismatch] = {}
        self.healing: Counter[str] = Counter()
        self.orders = OrdersCard()
        self.recent_fills: deque[FillLine] = deque(maxlen=RECENT)
        self.tick_to_order = LatencySample()

    def take(self, message: BoardMessage) -> None:
        """One message of the system."""
        match message:
            case QuoteChanged():
                self.instruments[message.instrument].quote = message
            case TargetProposed():
                self._target(message)
            case RegimeEstimated():
                self.instruments[message.instrument].regime = message
            case BarClosed():
                self.instruments[message.bar.instrument].bars += 1
            case LearningScored() | WeightsChanged():
                self._mind(message)
            case BalancesCompared() | ReconcileMismatch() | ReconcileMatched():
                self._compared(message)
            case EquityMarked():
                self._mark(message)
            case FeedLost() | FeedRestored() | AccountLost() | AccountRestored():
                self._connection(message)
            case TradingHalted() | TradingResumed() | PositionsFlattened():
                self._gate(message)
            case RiskScaled() | LadderMoved() | CapitalChanged() | AllocationSolved():
                self.risk.take(message)
            case HealingActed() | CircuitChanged():
                self._healed(message)
            case _:
                self._rest(message)

    def _rest(self, message: BoardMessage) -> None:
        if isinstance(message, MindsNews):
            self.minds.take(message)
        elif isinstance(message, ArbitrageNews):
            self.arbitrage.take(message)
        elif isinstance(message, ChainNews):
            self.chain.take(message)
        elif isinstance(message, AtVenue):
            self.venues[venue_of(message)].take(message)
        elif isinstance(message, DeliveryNews):
            self.alerts.take(message)
        else:
            self._order_news(message)

    def _gate(self, message: TradingHalted | TradingResumed | PositionsFlattened) -> None:
        self.flattened = message if isinstance(message, PositionsFlattened) else None
        if self.flattened is None:
            self.halted = message if isinstance(message, TradingHalted) else None

    def _compared(self, message: BalancesCompared | ReconcileNews) -> None:
        if isinstance(message, BalancesCompared):
            self.mismatches = message.mismatches
        elif isinstance(message, ReconcileMismatch):
            self.unreconciled[message.venue, message.asset] = message
        else:
            self.unreconciled.pop((message.venue, message.asset), None)

    def _mind(self, message: LearningScored | WeightsChanged) -> None:
        match message:
            case LearningScored(instrument=key):
                self.instruments[key].score = message
            case WeightsChanged(instrument=key, weights=weights):
                self.instruments[key].weights = weights

    def _healed(self, message: HealingNews) -> None:
        match message:
            case HealingActed(action=action):
                self.healing[action.value] += 1
            case CircuitChanged(venue=venue, state=state):
                self.venues[venue].circuit = state

    def _target(self, message: TargetProposed) -> None:
        self.instruments[message.instrument].targets[message.strategy] = message
        if message.strategy == "hybrid" and not message.is_warm_up:
            self.signals += 1

    def _mark(self, message: EquityMarked) -> None:
        self.equity, start = message, self.equity_start
        self.equity_start = message.equity if start is None else start
        self.drawdown_max = max(self.drawdown_max, message.drawdown)

    def _connection(self, message: FeedLost | FeedRestored | AccountLost | AccountRestored) -> None:
        card = self.venues[message.venue]
        match message:
            case FeedLost(reason=reason):
                card.is_feed_connected, card.feed_detail = False, reason
            case FeedRestored():
                card.is_feed_connected, card.feed_detail = True, ""
            case AccountLost(reason=reason):
                card.is_account_connected, card.account_detail = False, reason
            case AccountRestored():
                card.is_account_connected, card.account_detail = True, ""

    def _order_news(self, message: BoardMessage) -> None:
        match message:
            case Submission(record=record, submit=submit):
                if submit.origin_ns:
                    took_ns = self._clock.monotonic_ns() - submit.origin_ns
                    self.tick_to_order.add(took_ns / 1e3)
                intent = record.intent
                self.venues[intent.instrument.venue].sent[intent.order_type.value] += 1
                self.orders.show(intent, OrderStatus.SUBMITTED)
            case OrderAcknowledged(client_order_id=key):
                self.orders.update(key, OrderStatus.OPEN)
            case OrderOutcomeUnknown(client_order_id=key):
                self.orders.update(key, OrderStatus.UNKNOWN)
            case OrderClosed():
                self.orders.close(message)
            case OrderDenied():
                self.orders.deny(message)
            case PositionChanged():
                self.instruments[message.instrument].position = message
                if message.is_first:
                    self._fill(message.fill)
            case OrderAdopted(intent=intent):
                self.orders.show(intent, OrderStatus.OPEN)
            case StopHit(kind=kind):
                self.stops_hit[kind.value] += 1
                self.stop = message.words
            case OrderAnomaly() | ForeignOrder():
                self.anomalies += 1
            case _:
                pass  # approvals and sizes show in what follows from them

    def _fill(self, fill: Fill) -> None:
        self.fills += 1
        self.fees_paid += sum(map(fee_in_quote, fill.parts))
        self.recent_fills.append(fill_line(fill))

    def book_age_ms(self, venue: VenueName, now_ns: int) -> float | None:
        """Age of the venue's oldest book; None until each has been seen."""
        quotes = [card.quote for key, card in self.instruments.items() if key.venue == venue]
        seen = [quote.ts_local_ns for quote in quotes if quote is not None]
        return (now_ns - min(seen)) / 1e6 if quotes and len(seen) == len(quotes) else None
