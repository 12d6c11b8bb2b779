"""What one account's journal says: open orders, positions, the next intent number, the halt.

Invariant: folding a journal in any number of pieces gives what folding it at once gives.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, final

from attrs import Factory, define, evolve, frozen

from bot3.domain.conversion import Conversion
from bot3.domain.errors import IllegalTransitionError, OverfillError
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import Order, OrderInput, OrderStatus
from bot3.domain.values import ZERO, InstrumentId, Symbol
from bot3.messages.control import (
    EquityMarked,
    PeakRaised,
    SessionStarted,
    StopHit,
    StopKind,
    TradingHalted,
    TradingResumed,
)
from bot3.messages.journal import Record
from bot3.messages.minds import StrategyPromoted
from bot3.messages.orders import (
    BalanceAdopted,
    IntentRecorded,
    OrderAdopted,
    OrderEvent,
    OrderFilled,
)
from bot3.messages.risk import (
    AllocationSolved,
    BetsMeasured,
    CapitalChanged,
    LadderMoved,
    VolatilityFitted,
)
from bot3.portfolio.drawdown import DrawdownWatch
from bot3.portfolio.events import adopted_order, after_event, order_of, stated_filled
from bot3.portfolio.positions import PositionTracker
from bot3.portfolio.round_trips import RoundTrips
from bot3.portfolio.strategy_books import StrategyBooks, strategy_of

SETTLED_KEPT = 1_000
STOPS_KEPT = 100
LOSING_STOPS = (StopKind.LOSS, StopKind.TRAILING)  # those that a guard counts


@frozen
class RecoveredOrder:
    """An order to resolve with its venue; `stated` is the most that the venue said was filled."""

    order: Order
    stated: Decimal = ZERO

    @property
    def open_amount(self) -> Decimal:
        """What may still become a position: the live rest, or stated fills not seen."""
        return max(self.order.working, self.stated - self.order.filled.amount, ZERO)

    @property
    def is_settled(self) -> bool:
        """True where nothing more can come."""
        return self.order.status.is_final and self.order.filled.amount >= self.stated


PROMOTED_KEPT: Final = 3


@define
class Estimates:
    """The last word on each of what sizes go by; it took its time to be known."""

    ladder: LadderMoved | None = None
    allocation: AllocationSolved | None = None
    bets: BetsMeasured | None = None
    fits: dict[InstrumentId, VolatilityFitted] = Factory(dict)

    def take(
        self, record: LadderMoved | AllocationSolved | VolatilityFitted | BetsMeasured
    ) -> None:
        """Another one."""
        match record:
            case LadderMoved():
                self.ladder = record
            case AllocationSolved():
                self.allocation = record
            case BetsMeasured():
                self.bets = record
            case VolatilityFitted(instrument=instrument):
                self.fits[instrument] = record


@final
class Recovery:
    """Records of other accounts (between their `SessionStarted` and the next) are skipped.

    Settled orders are remembered for late news, the last `SETTLED_KEPT` of them.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self.tracker = PositionTracker()
        self.strategies = StrategyBooks()
        self.watch = DrawdownWatch()
        self.halted: TradingHalted | None = None
        self.stops: dict[Symbol, StopHit] = {}
        self.stops_hit_ns: deque[int] = deque(maxlen=STOPS_KEPT)
        self.peaks: dict[Symbol, Decimal] = {}
        self.trips = RoundTrips()
        self.capital: CapitalChanged | None = None
        self.estimates = Estimates()
        self.promoted: dict[InstrumentId, deque[str]] = {}
        self.next_intent_number = 1
        self.last_fill_ns: dict[InstrumentId, int] = {}
        self.anomalies = 0
        self._conversions: dict[ClientOrderId, Conversion] = {}
        self._orders: dict[ClientOrderId, RecoveredOrder] = {}
        self._settled: OrderedDict[ClientOrderId, RecoveredOrder] = OrderedDict()
        self._is_ours = False

    @property
    def halted_reason(self) -> str | None:
        """Of the halt that holds."""
        return None if self.halted is None else self.halted.reason

    @property
    def is_flattening(self) -> bool:
        """Whether it sells what is held."""
        return self.halted is not None and self.halted.is_flattening

    def orders(self) -> tuple[RecoveredOrder, ...]:
        """Those that may still rest or have fills on the way, by intent number.

        One that never got an answer is UNKNOWN: it may be at the venue.
        """
        return tuple(
            evolve(kept, order=kept.order.move(OrderInput.LOSE))
            if kept.order.status is OrderStatus.SUBMITTED
            else kept
            for kept in sorted(self._orders.values(), key=lambda kept: kept.order.intent.number)
        )

    def order(self, client_order_id: ClientOrderId) -> RecoveredOrder | None:
        """As the journal has it, settled or not; None for one that was never recorded."""
        return self._orders.get(client_order_id) or self._settled.get(client_order_id)

    def converted(self, fill: Fill) -> Fill:
        """With the conversion of its order: a venue tells none, and one told again has the same."""
        found = self._conversions.get(fill.client_order_id)
        return fill if found is None else evolve(fill, conversion=found)

    def fold(self, records: Iterable[Record]) -> None:
        """Takes in more of the journal, in its order."""
        for record in records:
            if isinstance(record, SessionStarted):
                self._is_ours = record.account == self.account
            elif self._is_ours:
                self._take(record)

    def _take(self, record: Record) -> None:
        match record:
            case IntentRecorded(intent=intent):
                sent = Order(intent).move(OrderInput.SEND)
                self._orders[intent.client_order_id] = RecoveredOrder(sent)
                if intent.conversion is not None:  # kept for ever, as trade ids are
                    self._conversions[intent.client_order_id] = intent.conversion
                self.next_intent_number = max(self.next_intent_number, intent.number + 1)
            case TradingHalted():
                self.halted = record
            case TradingResumed(is_by_rule=is_by_rule):
                self.halted = None
                if not is_by_rule:
                    self.stops.clear()
                self.watch = self.watch.rebase(is_by_rule=is_by_rule)
            case StopHit():
                self.stops[record.symbol] = record
                if record.kind in LOSING_STOPS:
                    self.stops_hit_ns.append(record.ts_ns)
            case EquityMarked():
                self.watch = self.watch.mark(record.equity, record.ts_ns)
            case OrderFilled():
                self._fill(record.fill)
                self._order_event(record)
            case _ if isinstance(record, OrderEvent):
                self._order_event(record)
            case _:
                self._setting(record)

    def _setting(self, record: Record) -> None:
        match record:
            case OrderAdopted(intent=intent):
                self.tracker.adopt(intent.client_order_id)
                self._orders[intent.client_order_id] = RecoveredOrder(adopted_order(record))
            case BalanceAdopted(fill=fill):
                self._fill(fill)
            case CapitalChanged():
                self.capital = record
            case PeakRaised(symbol=symbol, price=price):
                self.peaks[symbol] = price
            case LadderMoved() | AllocationSolved() | VolatilityFitted() | BetsMeasured():
                self.estimates.take(record)
            case StrategyPromoted(instrument=instrument, genome=genome):
                kept = self.promoted.setdefault(instrument, deque(maxlen=PROMOTED_KEPT))
                kept.append(genome)
            case _:
                pass  # nothing that recovery needs

    def _fill(self, fill: Fill) -> None:
        if self.tracker.owns(fill.client_order_id):
            if self.tracker.apply(fill):
                self._follow_trip(fill)
                kept = self.order(fill.client_order_id)
                name = strategy_of(fill, None if kept is None else kept.order)
                self.strategies.take(name, fill)
            seen_ns = self.last_fill_ns.get(fill.instrument, 0)
            self.last_fill_ns[fill.instrument] = max(seen_ns, fill.ts_venue_ns)

    def _follow_trip(self, fill: Fill) -> None:
        for key in (part.instrument for part in fill.parts):
            position = self.tracker.position(key)
            ended = self.trips.take(key, position.amount, position.realized, fill.ts_local_ns)
            if ended is not None:
                self.peaks.pop(key.symbol, None)

    def _order_event(self, event: OrderEvent) -> None:
        key = order_of(event)[1]
        kept = self.order(key)
        if kept is None:
            return
        try:
            order = after_event(kept.order, event)
        except (IllegalTransitionError, OverfillError):
            self.anomalies += 1
            return
        stated = stated_filled(event)
        most = kept.stated if stated is None else max(kept.stated, stated.amount)
        self._keep(key, RecoveredOrder(order, most))

    def _keep(self, key: ClientOrderId, kept: RecoveredOrder) -> None:
        if not kept.is_settled:
            self._settled.pop(key, None)
            self._orders[key] = kept
            return
        self._orders.pop(key, None)
        self._settled[key] = kept
        if len(self._settled) > SETTLED_KEPT:
            self._settled.popitem(last=False)
