"""A desk over two venues whose proposals are all approved, for the tests of execution."""

from __future__ import annotations

from typing import Any

from bot3.domain.approval import ApprovedOrder, grant
from bot3.domain.book import Quote
from bot3.domain.order import OrderIntent
from bot3.domain.values import InstrumentId, Quantity, Symbol, VenueName
from bot3.execution.actions import Action, Submission
from bot3.execution.desk import ExecutionDesk
from bot3.execution.group import GroupSettings
from bot3.execution.parent import ScheduleSettings
from bot3.execution.planner import PlannerSettings
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.messages.orders import (
    CancelOrder,
    OrderApproved,
    OrderExpired,
    OrderFilled,
    ProposeOrder,
    TargetSized,
)
from tests.bot3.making import (
    RUN,
    SECOND_NS,
    START_NS,
    d,
    make_fill,
    make_instrument,
)

A = InstrumentId(VenueName("a"), Symbol("BTC/USDT"))
B = InstrumentId(VenueName("b"), Symbol("BTC/USDT"))
CHEAP, DEAR = Quote(99.97, 5.0, 99.99, 5.0), Quote(99.99, 5.0, 100.01, 5.0)
SETTLE_NS = int(ExecutionSettings().settle_s * SECOND_NS)


class Floor:
    """A desk whose proposals are all approved, and the clock."""

    def __init__(
        self, patience_s: float = 0.0, group: GroupSettings | None = None, **schedule: Any
    ) -> None:
        self.now_ns = START_NS
        settings = ExecutionSettings(
            planner=PlannerSettings(maker_patience_s=patience_s),
            schedule=ScheduleSettings(**schedule),
            group=group or GroupSettings(),
        )
        self.desk = ExecutionDesk(RUN, settings)
        self.sent: list[OrderIntent] = []
        self.proposed: list[OrderIntent] = []
        self.cancels: list[CancelOrder] = []
        self.desk.on_instruments([make_instrument(key) for key in (A, B)])
        self.quote(A, CHEAP)
        self.quote(B, DEAR)

    def quote(self, key: InstrumentId, quote: Quote) -> None:
        self.do(self.desk.on_quote(key, quote, self.now_ns))

    def want(self, key: InstrumentId, position: str, *, is_urgent: bool = False) -> None:
        most = d(10)
        target = TargetSized(
            key, "x", d(position), self.now_ns, 0, is_urgent=is_urgent, position_max=most
        )
        self.do(self.desk.on_target(target, self.now_ns))

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)
        self.do(self.desk.on_timer(self.now_ns))

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, ProposeOrder):
                self.proposed.append(action.intent)
                self.approve(action.intent)
            elif isinstance(action, Submission):
                self.sent.append(action.record.intent)
            elif isinstance(action, CancelOrder):
                self.cancels.append(action)

    def approve(self, intent: OrderIntent) -> None:
        approved = grant(intent)
        assert isinstance(approved, ApprovedOrder)
        self.do(self.desk.on_approved(OrderApproved(approved, 0), self.now_ns))

    def fill(self, intent: OrderIntent, amount: str | None = None) -> None:
        part = intent.amount.amount if amount is None else d(amount)
        fill = make_fill(
            f"t{intent.number}", intent.number, part,
            instrument=intent.instrument, side=intent.side,
        )  # fmt: skip
        self.do(self.desk.on_order_event(OrderFilled(fill), self.now_ns))

    def expire(self, intent: OrderIntent, filled: str) -> None:
        event = OrderExpired(
            intent.client_order_id, intent.instrument, Quantity(d(filled)), self.now_ns, self.now_ns
        )
        self.do(self.desk.on_order_event(event, self.now_ns))

    def words(self) -> list[tuple[str, str, str]]:
        return [
            (str(each.instrument.venue), each.side.value, f"{each.amount.amount.normalize():f}")
            for each in self.sent
        ]
