"""A correct world in small: tells its events as they happen. Bad tests leave its path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

from attrs import evolve

from adapters.simulated.orders import (
    AccountTrade,
    Execution,
    ExecutionReport,
    OrderRecord,
    OrderRequest,
    RecordStatus,
)
from bot3.app.simulation.invariants.events import (
    BookPublished,
    BookSeen,
    ProcessCrashed,
    ProcessStarted,
    RecordsLost,
    RecordWritten,
    Settled,
    VenueFunded,
    VenueReported,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Violation
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.order import OrderIntent
from bot3.domain.values import Asset, InstrumentId, Price, Quantity, Side
from bot3.messages.journal import Record, is_critical
from bot3.messages.orders import (
    IntentRecorded,
    OrderAcknowledged,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from tests.bot3.app.simulation.invariants.world_books import UNIT, WorldBooks, touch
from tests.bot3.making import KEY, SECOND_NS, USDT, VENUE, d, make_intent

FEE_RATE = d("0.001")
CASH = d(10_000)
Hear = Callable[[WorldEvent], Iterable[Violation]]


class History(WorldBooks):
    """One venue, one process at a time; every record is synced with its write if it is critical."""

    def __init__(self, hear: Hear) -> None:
        super().__init__()
        self.hear = hear
        self.found: list[Violation] = []
        self.generation = self.sequence = self.numbers = 0

    @property
    def texts(self) -> list[str]:
        return [violation.text for violation in self.found]

    def tell(self, event: WorldEvent) -> None:
        self.found += self.hear(event)

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)

    # the process and its journal

    def begin(self, cash: Decimal = CASH) -> History:
        self.fund({USDT: cash})
        self.start()
        self.publish("99.9", "100.1")
        return self

    def start(self) -> None:
        self.generation += 1
        self.tell(ProcessStarted(self.generation, self.now_ns))

    def crash(self) -> None:
        self.tell(ProcessCrashed(self.generation, self.now_ns))

    def lose(self, after: int) -> None:
        self.sequence = after
        self.tell(RecordsLost(after, self.now_ns))

    def write(self, record: Record, *, is_synced: bool | None = None) -> None:
        self.sequence += 1
        synced = is_critical(record) if is_synced is None else is_synced
        self.tell(RecordWritten(self.generation, self.sequence, self.now_ns, record, synced))

    def intent(self, amount: str = "1", price: str = "100", **changes: Any) -> OrderIntent:
        """Made and recorded."""
        intent = self.made(amount, price, **changes)
        self.write(IntentRecorded(intent, self.now_ns))
        return intent

    def made(self, amount: str = "1", price: str = "100", **changes: Any) -> OrderIntent:
        """Made, and recorded nowhere."""
        self.numbers += 1
        times = {"created_ns": self.now_ns, "deadline_ns": self.now_ns + 5 * SECOND_NS}
        return make_intent(self.numbers, amount, price, **{**times, **changes})

    # the venue

    def fund(self, amounts: Mapping[Asset, Decimal]) -> None:
        for asset, amount in amounts.items():
            self.funded[asset] = self.funded.get(asset, d(0)) + amount
        self.tell(VenueFunded(VENUE, self.now_ns, dict(amounts)))

    def publish(self, bid: str | Decimal, ask: str | Decimal, key: InstrumentId = KEY) -> None:
        self.update_id += 1
        self.touches[key] = touch(bid, ask)
        told = self.touches[key]
        self.tell(BookPublished(VENUE, key.symbol, self.now_ns, self.update_id, told))

    def see(self, key: InstrumentId = KEY) -> None:
        """The bot has the book as it is now."""
        told = self.touches[key]
        self.tell(BookSeen(VENUE, key.symbol, self.now_ns, self.update_id, told))

    def place(self, intent: OrderIntent, **changes: Any) -> OrderRecord:
        """The venue takes it."""
        request = OrderRequest(
            symbol=intent.instrument.symbol,
            side=intent.side,
            kind=intent.order_type,
            tif=intent.time_in_force,
            client_order_id=intent.client_order_id,
            amount=intent.amount.amount,
            price=d(0) if intent.price is None else intent.price.amount,
        )
        request = evolve(request, **changes)
        number = len(self.orders) + 1
        order = OrderRecord(number, 1, request, request.amount, self.now_ns, self.now_ns)
        self.orders[f"{request.client_order_id} {number}"] = order
        self.report(order, Execution.NEW)
        return order

    def order(self, amount: str = "1", price: str = "100", **changes: Any) -> OrderRecord:
        """Recorded, placed, acknowledged."""
        intent = self.intent(amount, price, **changes)
        order = self.place(intent)
        self.acknowledge(order)
        return order

    def report(
        self, order: OrderRecord, what: Execution, trade: AccountTrade | None = None
    ) -> None:
        self.tell(VenueReported(VENUE, self.now_ns, ExecutionReport(0, what, order, 0, trade)))

    def trade(self, order: OrderRecord, amount: str | None = None) -> AccountTrade:
        """The venue fills it, or some of it."""
        wanted, price = order.request, order.request.price
        filled = order.remaining if amount is None else d(amount)
        quote = (price * filled).quantize(UNIT, ROUND_DOWN)
        is_buy = wanted.side is Side.BUY
        fee = ((filled if is_buy else quote) * FEE_RATE).quantize(UNIT, ROUND_DOWN)
        trade = AccountTrade(
            symbol=wanted.symbol,
            trade_id=len(self.trades) + 1,
            order_id=order.order_id,
            side=wanted.side,
            price=price,
            amount=filled,
            quote=quote,
            commission=fee,
            commission_asset=Asset(wanted.symbol.split("/")[0]) if is_buy else USDT,
            is_maker=False,
            ts_ns=self.now_ns,
        )
        order.count(trade)
        order.status = RecordStatus.PARTIALLY_FILLED if order.remaining else RecordStatus.FILLED
        self.trades.append(trade)
        self.report(order, Execution.TRADE, trade)
        return trade

    def end(self, order: OrderRecord, status: RecordStatus = RecordStatus.CANCELED) -> None:
        """The venue takes it off the book."""
        order.status = status
        is_cancel = status is RecordStatus.CANCELED
        self.report(order, Execution.CANCELED if is_cancel else Execution.EXPIRED)

    # what the bot writes of it

    def acknowledge(self, order: OrderRecord) -> None:
        key, now = order.request.client_order_id, self.now_ns
        self.write(OrderAcknowledged(key, self.key_of(order), str(order.order_id), now, now))

    def fill(
        self,
        order: OrderRecord,
        trade: AccountTrade,
        *,
        is_synced: bool = True,
        **changes: Any,
    ) -> None:
        fill = Fill(
            trade_id=str(trade.trade_id),
            client_order_id=order.request.client_order_id,
            venue_order_id=str(order.order_id),
            instrument=self.key_of(order),
            side=trade.side,
            price=Price(trade.price),
            amount=Quantity(trade.amount),
            fee=trade.commission,
            fee_asset=trade.commission_asset,
            liquidity=Liquidity.TAKER,
            ts_venue_ns=trade.ts_ns,
            ts_local_ns=self.now_ns,
        )
        fill = evolve(fill, **changes)
        self.write(OrderFilled(fill), is_synced=is_synced)

    def traded(self, order: OrderRecord, amount: str | None = None) -> AccountTrade:
        """Filled at the venue and in the journal."""
        trade = self.trade(order, amount)
        self.fill(order, trade)
        return trade

    def closed(self, order: OrderRecord, status: RecordStatus = RecordStatus.CANCELED) -> None:
        """Ended at the venue and in the journal."""
        self.end(order, status)
        self.write_end(order, order.executed)

    def write_end(self, order: OrderRecord, filled: Decimal) -> None:
        kind = OrderCanceled if order.status is RecordStatus.CANCELED else OrderExpired
        key, now = order.request.client_order_id, self.now_ns
        self.write(kind(key, self.key_of(order), Quantity(filled), now, now))

    def reject(self, intent: OrderIntent) -> None:
        """The venue refused it: there it never was."""
        self.rejected.append(intent)
        key = intent.client_order_id
        self.write(OrderRejected(key, intent.instrument, "-2010", "no", self.now_ns))

    # at rest

    def settle(self, bot: Mapping[str, Any] | None = None, **venue: Any) -> None:
        """Both sides agree, but for the changes given."""
        rest = evolve(self.venue_rest(), **venue)
        self.tell(Settled(self.now_ns, (rest,), evolve(self.bot_rest(), **(bot or {}))))
