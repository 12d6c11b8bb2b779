"""A desk of two venues with one BTC on the dear one, for the tests of groups."""

from __future__ import annotations

from typing import Any

from bot3.domain.account import Balance
from bot3.domain.order import OrderIntent
from bot3.domain.refusal import Denial, DenialReason
from bot3.domain.values import ZERO, InstrumentId, Price, Side, VenueName
from bot3.execution.actions import Action
from bot3.execution.group import GroupSettings, Sending
from bot3.messages.account import OrderClosed
from bot3.messages.arbitrage import ArbitrageClosed, ArbitrageLeg, GroupOutcome, TradeArbitrage
from bot3.messages.orders import OrderDenied, OrderFilled, OrderOutcomeUnknown, OrderRejected
from tests.bot3.execution.floor import A, B, Floor
from tests.bot3.making import USDT, d, make_fill

TOLERANCE = d("0.06")  # five quote at 100, and a little


class Group(Floor):
    """One BTC is held on `b`, where it is dear; orders reach a venue only when told so."""

    def __init__(self, sending: Sending = Sending.TOGETHER, held: str = "1") -> None:
        self.closed: list[ArbitrageClosed] = []
        self.withdrawn: list[OrderClosed] = []
        self.denied: set[str] = set()
        self.denied_symbols: set[str] = set()
        self.is_answered = True  # by the gate
        self.trades = 0
        super().__init__(group=GroupSettings(sending=sending))
        funds = [Balance(VenueName(name), USDT, d(10_000), ZERO) for name in "ab"]
        self.desk.on_balances(funds)
        self.want(A, "0")
        self.want(B, held)
        for intent in self.sent:
            self.fill(intent)
        self.wait(1.0)
        # Wherever the desk bought it, it lies on b.
        self.move(held)
        self.sent.clear()
        self.proposed.clear()

    def move(self, amount: str) -> None:
        at_a = self.desk.tracker.position(A).amount
        if at_a:
            for key, side in ((A, Side.SELL), (B, Side.BUY)):
                self.trades += 1
                fill = make_fill(f"m{self.trades}", 900, at_a, instrument=key, side=side)
                self.desk.tracker.apply(fill)
        assert self.desk.tracker.position(B).amount == d(amount)

    def do(self, actions: list[Action]) -> None:
        self.closed += [each for each in actions if isinstance(each, ArbitrageClosed)]
        self.withdrawn += [
            each for each in actions if isinstance(each, OrderClosed) and each.reason == "withdrawn"
        ]
        super().do(actions)

    def is_final(self, intent: OrderIntent) -> bool:
        order = self.desk.orders.get(intent.client_order_id)
        assert order is not None
        return order.status.is_final

    def approve(self, intent: OrderIntent) -> None:
        if not self.is_answered:
            return
        key = intent.instrument
        if key.venue in self.denied or key.symbol in self.denied_symbols:
            denial = Denial(intent.client_order_id, DenialReason.BALANCE, "")
            self.do(self.desk.on_denied(OrderDenied(intent, denial, self.now_ns), self.now_ns))
            return
        super().approve(intent)

    def trade(self, amount: str = "0.5", **changes: Any) -> None:
        legs = (
            ArbitrageLeg(A, Side.BUY, d(amount), Price(d("99.99")), Price(d("100"))),
            ArbitrageLeg(B, Side.SELL, d(amount), Price(d("99.99")), Price(d("100"))),
        )
        command = TradeArbitrage(USDT, changes.get("legs", legs), 1.0, self.now_ns, 0)
        self.do(self.desk.on_group(command, self.now_ns))

    def fill_part(self, intent: OrderIntent, amount: str) -> None:
        """Filled so far, the rest lapsed."""
        if d(amount):
            self.trades += 1
            fill = make_fill(
                f"g{self.trades}", intent.number, amount,
                instrument=intent.instrument, side=intent.side,
            )  # fmt: skip
            self.do(self.desk.on_order_event(OrderFilled(fill), self.now_ns))
        if d(amount) < intent.amount.amount:
            self.expire(intent, amount)

    def reject(self, intent: OrderIntent) -> None:
        event = OrderRejected(intent.client_order_id, intent.instrument, "1", "no", self.now_ns)
        self.do(self.desk.on_order_event(event, self.now_ns))

    def lose(self, intent: OrderIntent) -> None:
        event = OrderOutcomeUnknown(
            intent.client_order_id, intent.instrument, "time-out", self.now_ns
        )
        self.do(self.desk.on_order_event(event, self.now_ns))

    def at(self, key: InstrumentId) -> str:
        return f"{self.desk.tracker.position(key).amount.normalize():f}"

    @property
    def total(self) -> Any:
        return sum((self.desk.tracker.position(key).amount for key in (A, B)), ZERO)

    def outcome(self) -> GroupOutcome:
        (closed,) = self.closed
        return closed.outcome
