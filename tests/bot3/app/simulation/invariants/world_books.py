"""The books of the small world: orders, trades, balances, and both sides of them at rest."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from adapters.simulated.orders import AccountTrade, OrderRecord, RecordStatus
from bot3.app.simulation.invariants.events import (
    BotBookRest,
    BotOrderRest,
    BotRest,
    Touch,
    VenueOrderRest,
    VenueRest,
)
from bot3.domain.account import Balance
from bot3.domain.order import OrderIntent, OrderStatus
from bot3.domain.values import Asset, InstrumentId, Side
from supervisors.observe import ActorKind, ActorState, ActorStatistics, Workload
from tests.bot3.making import BTC, START_NS, USDT, VENUE, d

UNIT = d("0.00000001")
_BOT_STATUS = {
    RecordStatus.NEW: OrderStatus.OPEN,
    RecordStatus.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    RecordStatus.FILLED: OrderStatus.FILLED,
    RecordStatus.CANCELED: OrderStatus.CANCELED,
    RecordStatus.EXPIRED: OrderStatus.EXPIRED,
    RecordStatus.EXPIRED_IN_MATCH: OrderStatus.EXPIRED,
}


def touch(bid: str | Decimal, ask: str | Decimal) -> Touch:
    return Touch(Decimal(bid), d(1), Decimal(ask), d(1))


class WorldBooks:
    """What is true; `venue_rest` and `bot_rest` say it as it is, from either side."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.update_id = 0
        self.orders: dict[str, OrderRecord] = {}
        self.rejected: list[OrderIntent] = []
        self.trades: list[AccountTrade] = []
        self.funded: dict[Asset, Decimal] = {}
        self.touches: dict[InstrumentId, Touch] = {}

    @staticmethod
    def key_of(order: OrderRecord) -> InstrumentId:
        return InstrumentId(VENUE, order.symbol)

    def venue_rest(self) -> VenueRest:
        orders = [
            VenueOrderRest(o.request.client_order_id, o.symbol, o.status, o.executed)
            for o in self.orders.values()
        ]
        return VenueRest(
            venue=VENUE,
            orders=tuple(orders),
            trades=tuple(self.trades),
            balances=self.balances(),
            totals=dict(self.funded),
            totals_at_start=dict(self.funded),
        )

    def bot_rest(self) -> BotRest:
        orders = [
            BotOrderRest(
                o.request.client_order_id, self.key_of(o), _BOT_STATUS[o.status], o.executed
            )
            for o in self.orders.values()
        ]
        orders += [
            BotOrderRest(i.client_order_id, i.instrument, OrderStatus.REJECTED)
            for i in self.rejected
        ]
        held = {key: self.held_of(key) for key in self.touches}
        return BotRest(
            orders=tuple(orders),
            positions={"portfolio": held, "execution": dict(held), "risk": dict(held)},
            balances=self.balances(),
            books=tuple(
                BotBookRest(key, self.update_id, told, self.now_ns)
                for key, told in self.touches.items()
            ),
            actors=(actor("bot3/risk"), actor("bot3/venues", ActorKind.SUPERVISOR)),
        )

    def held_of(self, key: InstrumentId) -> Decimal:
        """The position."""
        ours = [trade for trade in self.trades if trade.symbol == key.symbol]
        fees = sum((t.commission for t in ours if t.side is Side.BUY), d(0))
        return sum((t.side.sign * t.amount for t in ours), d(0)) - fees

    def balances(self) -> tuple[Balance, ...]:
        quote = sum((-t.side.sign * t.quote for t in self.trades), self.funded.get(USDT, d(0)))
        quote -= sum((t.commission for t in self.trades if t.side is Side.SELL), d(0))
        totals = {USDT: quote, BTC: self.funded.get(BTC, d(0))}
        for key in self.touches:
            base = Asset(key.symbol.split("/")[0])
            totals[base] = totals.get(base, d(0)) + self.held_of(key)
        held = dict.fromkeys(totals, d(0))
        for order in self.orders.values():
            if order.status.is_open and order.request.side is Side.BUY:
                bound = order.request.price * order.remaining
                held[USDT] += bound.quantize(UNIT, ROUND_UP)
            elif order.status.is_open:
                held[Asset(order.symbol.split("/")[0])] += order.remaining
        return tuple(
            Balance(VENUE, asset, total - held[asset], held[asset])
            for asset, total in totals.items()
        )


def actor(
    path: str, kind: ActorKind = ActorKind.DECISION, state: ActorState = ActorState.RUNNING
) -> ActorStatistics:
    name = path.rpartition("/")[2]
    return ActorStatistics(
        path=path, name=name, kind=kind, state=state, restarts=0, workload=Workload(), last_error=""
    )
