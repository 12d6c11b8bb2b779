"""Desk, gate and portfolio against a venue whose news comes late, doubled, crossed or never."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.domain.book import Quote
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.order import OrderIntent, OrderStatus, TimeInForce
from bot3.domain.values import Quantity, Side
from bot3.execution.actions import Action, Deduced, ForeignOrder, OrderAnomaly, Submission
from bot3.execution.desk import ExecutionDesk
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.messages.account import FetchFills, OrderClosed
from bot3.messages.orders import (
    CancelFailed,
    CancelOrder,
    OrderAcknowledged,
    OrderApproved,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderOutcomeUnknown,
    ProposeOrder,
    QueryOrder,
    TargetSized,
    VenueOrder,
)
from bot3.portfolio.account import Portfolio
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from tests.bot3.making import (
    BTC,
    KEY,
    RUN,
    SECOND_NS,
    START_NS,
    USDT,
    d,
    make_balance,
    make_fill,
    make_instrument,
)

QUOTE = Quote(99.99, 1.0, 100.01, 1.0)
LIVE, DONE = OrderStatus.OPEN, (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED)


class Resting:
    def __init__(self, intent: OrderIntent) -> None:
        self.intent, self.filled, self.status = intent, d(0), LIVE


class World:
    """`news` is what the venue has said and nobody has heard; `luck` decides what it does."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.desk = ExecutionDesk(RUN, ExecutionSettings())
        self.gate = RiskManager(RiskLimits())
        self.books = Portfolio(USDT, [KEY])
        for room in (self.desk, self.gate):
            room.on_instruments([make_instrument()])
        self.gate.on_equity(d(10_000), START_NS)
        self.orders: dict[ClientOrderId, Resting] = {}
        self.fills: list[Fill] = []
        self.news: list[OrderEvent] = []
        self.luck = 0

    @property
    def position(self) -> Decimal:
        return sum((each.side.sign * each.amount.amount for each in self.fills), d(0))

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case ProposeOrder():
                    answer = self.gate.judge(action, self.now_ns)
                    if isinstance(answer, OrderApproved):
                        self.do(self.desk.on_approved(answer, self.now_ns))
                    else:
                        self.desk.on_denied(answer, self.now_ns)
                case Submission():
                    self.place(action.record.intent)
                case CancelOrder():
                    self.cancel(action.client_order_id)
                case QueryOrder():
                    found = self.orders.get(action.client_order_id)
                    told = None if found is None else self.describe(found)
                    order_id = action.client_order_id
                    self.do(self.desk.on_venue_order(told, order_id, self.now_ns))
                case FetchFills():
                    self.news += [OrderFilled(each) for each in self.fills]
                case Deduced():
                    self.hear(action.event)
                case OrderClosed():
                    self.gate.on_order_closed(action)
                case OrderAnomaly() | ForeignOrder():
                    raise AssertionError(action)

    def describe(self, found: Resting) -> VenueOrder:
        intent = found.intent
        return VenueOrder(
            intent.client_order_id, "v", KEY, intent.side, found.status, intent.amount,
            Quantity(found.filled), intent.price, self.now_ns,
        )  # fmt: skip

    def place(self, intent: OrderIntent) -> None:
        order_id = intent.client_order_id
        assert order_id not in self.orders
        assert len([each for each in self.orders.values() if each.status is LIVE]) == 0
        if self.luck % 5 == 4:  # the request is lost on its way
            self.news.append(OrderOutcomeUnknown(order_id, KEY, "time-out", self.now_ns))
            return
        order = self.orders[order_id] = Resting(intent)
        if self.luck % 5 == 3:  # it arrives, the answer does not
            self.news.append(OrderOutcomeUnknown(order_id, KEY, "time-out", self.now_ns))
        elif self.luck % 5 != 2:  # else: not a word
            self.news.append(OrderAcknowledged(order_id, KEY, "v", self.now_ns, self.now_ns))
        if intent.time_in_force is TimeInForce.IOC:
            self.trade(order, self.luck % 4 + 1)
            if order.status is LIVE:
                self.end(order, OrderStatus.EXPIRED)

    def trade(self, order: Resting, quarters: int) -> None:
        rest = order.intent.amount.amount - order.filled
        amount = min(rest, make_instrument().round_amount(rest * quarters / 4).amount or rest)
        order.filled += amount
        fill = make_fill(
            len(self.fills), order.intent.number, amount=amount, side=order.intent.side,
            price=order.intent.price.amount,
        )  # fmt: skip
        self.fills.append(fill)
        assert self.position >= 0, "sold more than was held"
        if self.luck % 7:  # else its report is lost
            self.news.append(OrderFilled(fill))
        if order.filled == order.intent.amount.amount:
            order.status = OrderStatus.FILLED

    def end(self, order: Resting, status: OrderStatus) -> None:
        order.status = status
        kind = OrderExpired if status is OrderStatus.EXPIRED else OrderCanceled
        order_id, total = order.intent.client_order_id, Quantity(order.filled)
        self.news.append(kind(order_id, KEY, total, self.now_ns, self.now_ns))

    def cancel(self, order_id: ClientOrderId) -> None:
        order = self.orders.get(order_id)
        if order is None or order.status in DONE:
            self.news.append(CancelFailed(order_id, KEY, "unknown order", self.now_ns))
        else:
            self.end(order, OrderStatus.CANCELED)

    def hear(self, event: OrderEvent) -> None:
        actions = self.desk.on_order_event(event, self.now_ns)
        for changed in self.books.on_fill(event.fill) if isinstance(event, OrderFilled) else ():
            self.gate.on_position(KEY, changed.position, event.fill)
        self.do(actions)

    def step(self, luck: int) -> None:
        self.luck = luck
        self.now_ns += SECOND_NS
        self.gate.on_quote(KEY, QUOTE, self.now_ns)
        cash = 100_000 - sum(f.side.sign * f.notional.amount for f in self.fills)
        self.gate.on_balances([make_balance(USDT, cash), make_balance(BTC, self.position)])
        live = [each for each in self.orders.values() if each.status is LIVE]
        if live and luck % 3 == 0:
            self.trade(live[0], luck % 4 + 1)
        if self.news and luck % 2:
            self.hear(self.news.pop(luck % len(self.news)))
        self.do(self.desk.on_quote(KEY, QUOTE, self.now_ns))
        self.do(self.desk.on_timer(self.now_ns))

    def target(self, position: Decimal) -> None:
        self.do(self.desk.on_target(TargetSized(KEY, "x", position, self.now_ns, 0), self.now_ns))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["0", "0.5", "1", "1.9"]),
            st.lists(st.integers(0, 419), min_size=15, max_size=40),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_heard_when_the_position_becomes_the_target_once(
    story: list[tuple[str, list[int]]],
) -> None:
    world = World()
    for target, lucks in story:
        world.target(d(target))
        for luck in lucks:
            world.step(luck)
            open_buys = sum(
                each.intent.amount.amount - each.filled
                for each in world.orders.values()
                if each.status is LIVE and each.intent.side is Side.BUY
            )
            assert (world.position + open_buys) * 100 <= 200 * d("1.002")
    for _ in range(150):  # from here on the venue behaves
        world.step(51)
        while world.news:
            world.hear(world.news.pop(0))
    wanted = d(story[-1][0])
    assert abs(world.position - wanted) <= max(wanted / 10, d("0.05"))
    assert world.desk.tracker.position(KEY).amount == world.position
    assert world.books.tracker.position(KEY).amount == world.position
    assert world.gate.state.positions.get(KEY, 0) == world.position
    assert world.gate.state.orders == {}
