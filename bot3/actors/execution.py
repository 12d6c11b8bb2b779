"""From sized targets to orders at a venue, and from the venue's news to closed orders.

Invariant: an order leaves for the venue only from the journal's delivery, after its intent is
durable. A restarted one knows every order of the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never, final

from attrs import frozen

from bot3.actors.memory import Memory
from bot3.domain.ids import ClientOrderId, RunId, parse_client_order_id
from bot3.domain.order import OrderStatus
from bot3.domain.values import VenueName
from bot3.execution.actions import Action, Deduced, ForeignOrder, OrderAnomaly, Submission
from bot3.execution.desk import ExecutionDesk
from bot3.execution.foreign import ForeignOrders
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.messages.account import FetchFills, OrderClosed
from bot3.messages.arbitrage import ArbitrageClosed, TradeArbitrage
from bot3.messages.control import CancelEverything, TradingHalted
from bot3.messages.journal import JournalEntry
from bot3.messages.market import BarClosed, BookLost, DepthSampled, QuoteChanged, TimerTicked
from bot3.messages.orders import (
    AccountRestored,
    Adopted,
    BalanceAdopted,
    BalanceChanged,
    CancelOrder,
    ForeignOrdersSeen,
    InstrumentsLoaded,
    OpenOrdersFetched,
    OrderAdopted,
    OrderApproved,
    OrderDenied,
    OrderEvent,
    ProposeOrder,
    QueryAnswered,
    QueryOrder,
    SubmitOrder,
    TargetSized,
)
from bot3.portfolio.recovery import Recovery
from supervisors.actor import Address, DecisionActor
from supervisors.clock import Clock

VenueNews = (
    OrderEvent
    | QueryAnswered
    | AccountRestored
    | BalanceChanged
    | OpenOrdersFetched
    | Adopted
    | InstrumentsLoaded
    | CancelEverything
)
ExecutionMessage = (
    TargetSized
    | TradeArbitrage
    | OrderApproved
    | OrderDenied
    | QuoteChanged
    | BookLost
    | DepthSampled
    | BarClosed
    | TimerTicked
    | VenueNews
)
ExecutionNews = (
    ArbitrageClosed
    | OrderClosed
    | OrderAnomaly
    | ForeignOrder
    | ForeignOrdersSeen
    | OrderAdopted
    | Submission
)
WORK_INTERVAL_NS = 250_000_000
_RESTING = (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)


@frozen
class ExecutionOutlets:
    """Where actions go. `entries` and `accounts` are the venues' order entries and reconcilers."""

    risk: Address[ProposeOrder | OrderClosed]
    journal: Address[JournalEntry]
    entries: Mapping[VenueName, Address[SubmitOrder | CancelOrder | QueryOrder]]
    accounts: Mapping[VenueName, Address[FetchFills]]
    events: tuple[Address[OrderEvent], ...]
    watcher: Address[ExecutionNews]
    adopt: Callable[[OrderAdopted], None]
    arbitrage: tuple[Address[ArbitrageClosed], ...] = ()


def restored_desk(run: RunId, settings: ExecutionSettings, memory: Memory) -> ExecutionDesk:
    """The desk as the journal and the venues' last word have it."""
    recovery = memory.recovery
    desk = ExecutionDesk(
        run,
        settings,
        next_intent_number=recovery.next_intent_number,
        tracker=recovery.tracker,
        orders=recovery.orders(),
    )
    desk.on_instruments(memory.instruments.values())
    desk.on_balances(memory.balances.values())
    return desk


@final
class ExecutionActor(DecisionActor[ExecutionMessage]):
    """Shell of `ExecutionDesk`.

    `CancelEverything` holds until each order that lived then is final: a cancel that was lost, or
    that overtook its order on the way through the journal, is sent again once the order is known
    to rest. A `halt` that holds condemns every restored order from the start.
    """

    def __init__(
        self,
        desk: ExecutionDesk,
        outlets: ExecutionOutlets,
        clock: Clock,
        *,
        run: RunId,
        recovery: Recovery,
        halt: Callable[[], TradingHalted | None],
    ) -> None:
        self._desk = desk
        self._run = run
        self._recovery = recovery
        self._out = outlets
        self._clock = clock
        self._worked_ns = 0
        self._origin_ns = 0
        self._condemned: dict[ClientOrderId, str] = {}
        self._reported: set[ClientOrderId] = set()
        adopts, crosses = desk.settings.is_adopting_orders, desk.settings.crosses
        self._foreign = ForeignOrders(is_adopting=adopts, crosses=crosses)
        self._halt = halt
        held = halt()
        if held is not None:
            self._condemn(held.reason)

    @property
    def desk(self) -> ExecutionDesk:
        """To look at; only this actor changes it."""
        return self._desk

    def handle(self, message: ExecutionMessage) -> None:
        now_ns = self._clock.now_ns()
        # Only an order that this very target causes has the target's origin: latency is measured
        # from the market event that led to the order, not from an older one.
        self._origin_ns = message.origin_ns if isinstance(message, TargetSized) else 0
        match message:
            case QuoteChanged():
                self._do(self._desk.on_quote(message.instrument, message.quote, now_ns))
            case TargetSized():
                self._do(self._desk.on_target(message, now_ns))
            case OrderApproved():
                self._do(self._desk.on_approved(message, now_ns))
            case OrderDenied():
                self._do(self._desk.on_denied(message, now_ns))
            case TradeArbitrage():
                self._do(self._desk.on_group(message, now_ns))
            case TimerTicked(ts_ns=ts_ns):
                if ts_ns - self._worked_ns >= WORK_INTERVAL_NS:
                    self._worked_ns = ts_ns
                    self._do(self._desk.on_timer(now_ns))
                    self._do(self._insist(now_ns))
            case DepthSampled():
                self._desk.on_depth(message)
            case BarClosed():
                self._desk.on_bar(message)
            case BookLost():
                self._desk.on_book_lost(message.instrument)
            case _:
                self._venue_news(message, now_ns)

    def _venue_news(self, message: VenueNews, now_ns: int) -> None:
        match message:
            case QueryAnswered(client_order_id=key, order=answer):
                self._do(self._desk.on_venue_order(answer, key, now_ns))
            case AccountRestored(venue=venue):
                self._do(self._desk.on_account_restored(venue, now_ns))
            case BalanceChanged(balances=balances):
                self._desk.on_balances(balances)
            case OpenOrdersFetched():
                self._look(message)
            case OrderAdopted() | BalanceAdopted():
                self._adopted(message)
            case InstrumentsLoaded(instruments=instruments):
                self._desk.on_instruments(instruments)
            case CancelEverything(reason=reason):
                self._condemn(reason)
                self._do(self._desk.cancel_everything(reason, now_ns))
            case _:
                self._do(self._desk.on_order_event(message, now_ns))

    def _condemn(self, reason: str) -> None:
        for order in self._desk.orders.live_all():
            self._condemned[order.intent.client_order_id] = reason

    def _insist(self, now_ns: int) -> list[Action]:
        """Cancels of condemned orders that rest after all."""
        cancels: list[Action] = []
        for client_order_id, reason in list(self._condemned.items()):
            order = self._desk.orders.get(client_order_id)
            if order is None or order.status.is_final:
                del self._condemned[client_order_id]
            elif order.status in _RESTING:
                cancels += self._desk.orders.ask_cancel(client_order_id, reason, now_ns)
        return cancels

    def _look(self, fetched: OpenOrdersFetched) -> None:
        """What neither we nor the journal know is somebody else's."""

        def is_known(key: ClientOrderId) -> bool:
            return self._desk.orders.get(key) is not None or self._recovery.order(key) is not None

        for news in self._foreign.look(fetched, is_known):
            if isinstance(news, OrderAdopted):
                self._out.adopt(news)
            else:
                self._out.journal.send(JournalEntry(news, ((self._out.watcher, news),)))

    def _adopted(self, adopted: Adopted) -> None:
        """A halt that holds takes an order as it takes ours."""
        self._desk.on_adopted(adopted)
        halt = self._halt()
        if isinstance(adopted, OrderAdopted) and halt is not None:
            self._condemned[adopted.intent.client_order_id] = halt.reason

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case ProposeOrder(intent=intent):
                    self._out.risk.send(ProposeOrder(intent, self._origin_ns))
                case Submission(record=record, submit=submit):
                    entry = self._out.entries[record.intent.instrument.venue]
                    self._out.journal.send(JournalEntry(record, ((entry, submit),)))
                    self._out.watcher.send(action)
                case CancelOrder() | QueryOrder():
                    self._out.entries[action.instrument.venue].send(action)
                case FetchFills():
                    self._out.accounts[action.instrument.venue].send(action)
                case Deduced(event=event):
                    deliver = tuple((listener, event) for listener in self._out.events)
                    self._out.journal.send(JournalEntry(event, deliver))
                case OrderClosed():
                    self._out.risk.send(action)
                    self._out.watcher.send(action)
                case ForeignOrder():
                    if not self._catch_up(action):
                        self._out.watcher.send(action)
                case OrderAnomaly() | ArbitrageClosed():
                    self._tell(action)
                case _:
                    assert_never(action)

    def _tell(self, news: OrderAnomaly | ArbitrageClosed) -> None:
        self._out.watcher.send(news)
        if isinstance(news, ArbitrageClosed):
            self._out.journal.send(JournalEntry(news))
            for listener in self._out.arbitrage:
                listener.send(news)

    def _catch_up(self, news: ForeignOrder) -> bool:
        """Whether the order is one that an actor before this one opened in this very run.

        Memory hears of a record first. So an order whose intent became durable after our desk was
        restored is taken over here, and one whose end came while we were down is reported closed,
        once: risk would count it as open for ever.
        """
        key = ClientOrderId(news.client_order_id)
        own, kept = parse_client_order_id(key), self._recovery.order(key)
        if own is None or own[0] != self._run or kept is None:
            return False
        if not kept.is_settled:
            self._desk.orders.restore(kept.order, kept.stated)
        elif key not in self._reported:
            self._reported.add(key)
            order = kept.order
            closed = OrderClosed(
                key, news.instrument, order.status, order.filled.amount, order.reason
            )
            self._out.risk.send(closed)
            self._out.watcher.send(closed)
        return True
