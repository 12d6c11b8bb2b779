"""A venue of touches: orders meet the prices of the next step, some in part.

Invariant: its own sums (cash, holdings, what rests) are made from its executions alone: they judge
what the bot believes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import final

from attrs import define

from bot3.domain.account import Balance
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, OrderType
from bot3.domain.values import ZERO, Asset, InstrumentId, Price, Quantity, Side
from bot3.messages.orders import (
    AccountEvent,
    BalanceChanged,
    CancelOrder,
    OrderAcknowledged,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    QueryOrder,
    SubmitOrder,
)


@define
class _Resting:
    intent: OrderIntent
    filled: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        return self.intent.amount.amount - self.filled


@final
class TouchVenue:
    """Order entry of one venue. `prices` has the mid of each instrument now; `is_partial` says of
    each order whether only half of it is met. What is sent at `now_ns` is there `latency_ns` later,
    and an order that is there after its deadline has expired.
    """

    name = "touch venue"

    def __init__(
        self,
        instruments: Mapping[InstrumentId, Instrument],
        cash: Decimal,
        half_spread: Decimal,
        is_partial: Callable[[], bool] = lambda: False,
        *,
        latency_ns: int = 0,
        now_ns: Callable[[], int] = lambda: 0,
    ) -> None:
        self._latency_ns, self._now_ns = latency_ns, now_ns
        self._instruments = instruments
        self._venue = next(iter(instruments)).venue
        self._half_spread, self._is_partial = half_spread, is_partial
        self.prices: dict[InstrumentId, Decimal] = {}
        self.cash, self.quote = cash, next(iter(instruments.values())).quote
        self.held = dict.fromkeys(instruments, ZERO)
        self.costs = ZERO
        self.resting: dict[str, _Resting] = {}
        self.heard: list[tuple[OrderIntent, bool]] = []
        self.is_halted = False
        self._asked: list[tuple[int, SubmitOrder | CancelOrder | QueryOrder]] = []
        self._trades = 0

    def send(self, message: SubmitOrder | CancelOrder | QueryOrder) -> None:
        """On its way until the next step; `heard`: what was submitted, and whether after a halt."""
        self._asked.append((self._now_ns() + self._latency_ns, message))
        if isinstance(message, SubmitOrder):
            self.heard.append((message.approved.intent, self.is_halted))

    @property
    def equity(self) -> Decimal:
        """At the mids."""
        worth = (self.held[key] * self.prices[key] for key in self.held)
        return self.cash + sum(worth, ZERO)

    def touch(self, key: InstrumentId) -> tuple[Decimal, Decimal]:
        """Bid and ask."""
        tick, mid = self._instruments[key].tick_size, self.prices[key]
        bid = (mid * (1 - self._half_spread) / tick).to_integral_value() * tick
        return bid, max(
            (mid * (1 + self._half_spread) / tick).to_integral_value() * tick, bid + tick
        )

    def step(self, now_ns: int, publish: Callable[[AccountEvent], None]) -> None:
        """What was asked meets the prices now, then what rests does."""
        asked = [(at_ns, message) for at_ns, message in self._asked if at_ns <= now_ns]
        self._asked = self._asked[len(asked) :]
        for at_ns, message in asked:
            match message:
                case SubmitOrder(approved=approved):
                    self._enter(approved.intent, at_ns, now_ns, publish)
                case CancelOrder(client_order_id=order_id):
                    self._end(order_id, OrderCanceled, now_ns, publish)
                case QueryOrder():
                    pass  # nothing is ever unknown here
        for resting in list(self.resting.values()):
            if self._is_met(resting.intent):
                self._fill(resting, Liquidity.MAKER, now_ns, publish)

    def _enter(
        self,
        intent: OrderIntent,
        at_ns: int,
        now_ns: int,
        publish: Callable[[AccountEvent], None],
    ) -> None:
        order_id = intent.client_order_id
        order = self.resting[order_id] = _Resting(intent)
        publish(OrderAcknowledged(order_id, intent.instrument, f"v{order_id}", now_ns, now_ns))
        if at_ns > intent.deadline_ns:
            self._end(order_id, OrderExpired, now_ns, publish)
            return
        if intent.order_type is OrderType.POST_ONLY:
            if self._is_met(intent):
                self._end(order_id, OrderExpired, now_ns, publish)
            return
        if self._is_met(intent):
            self._fill(order, Liquidity.TAKER, now_ns, publish)
        self._end(order_id, OrderExpired, now_ns, publish)

    def _is_met(self, intent: OrderIntent) -> bool:
        bid, ask = self.touch(intent.instrument)
        far = ask if intent.side is Side.BUY else bid
        return intent.price is None or intent.side.sign * (intent.price.amount - far) >= 0

    def _fill(
        self,
        order: _Resting,
        liquidity: Liquidity,
        now_ns: int,
        publish: Callable[[AccountEvent], None],
    ) -> None:
        intent, instrument = order.intent, self._instruments[order.intent.instrument]
        amount, sign = order.remaining, intent.side.sign
        if self._is_partial():
            amount = max(instrument.round_amount(amount / 2).amount, instrument.lot_size)
            amount = min(amount, order.remaining)
        far = self.touch(intent.instrument)[1 if sign > 0 else 0]
        price = far if intent.price is None or liquidity is Liquidity.TAKER else intent.price.amount
        order.filled += amount
        fee, fee_asset = self._book(instrument, sign, amount, price)
        self._trades += 1
        if not order.remaining:
            del self.resting[intent.client_order_id]
        publish(
            OrderFilled(
                Fill(
                    str(self._trades),
                    intent.client_order_id,
                    f"v{intent.client_order_id}",
                    intent.instrument,
                    intent.side,
                    Price(price),
                    Quantity(amount),
                    fee,
                    fee_asset,
                    liquidity,
                    now_ns,
                    now_ns,
                )
            )
        )
        publish(BalanceChanged(self._venue, tuple(self.balances()), now_ns, now_ns))

    def _book(
        self, instrument: Instrument, sign: int, amount: Decimal, price: Decimal
    ) -> tuple[Decimal, Asset]:
        """The fee is charged in what is received."""
        key, mid = instrument.id, self.prices[instrument.id]
        self.held[key] += sign * amount
        self.cash -= sign * amount * price
        self.costs += abs(price - mid) * amount + instrument.taker_fee_rate * amount * price
        if sign > 0:
            fee = amount * instrument.taker_fee_rate
            self.held[key] -= fee
            return fee, instrument.base
        fee = amount * price * instrument.taker_fee_rate
        self.cash -= fee
        return fee, instrument.quote

    def _end(
        self,
        order_id: str,
        kind: type[OrderCanceled | OrderExpired],
        now_ns: int,
        publish: Callable[[AccountEvent], None],
    ) -> None:
        order = self.resting.pop(order_id, None)
        if order is not None:
            intent = order.intent
            publish(
                kind(
                    intent.client_order_id,
                    intent.instrument,
                    Quantity(order.filled),
                    now_ns,
                    now_ns,
                )
            )
            publish(BalanceChanged(self._venue, tuple(self.balances()), now_ns, now_ns))

    def balances(self) -> Iterator[Balance]:
        """All of them; what rests holds its funds."""
        venue = self._venue
        bound = dict.fromkeys(self._instruments, ZERO)
        cash_bound = ZERO
        for order in self.resting.values():
            intent = order.intent
            if intent.side is Side.BUY:
                cash_bound += order.remaining * intent.worst_price.amount
            else:
                bound[intent.instrument] += order.remaining
        yield Balance(venue, self.quote, self.cash - cash_bound, cash_bound)
        for key, instrument in self._instruments.items():
            yield Balance(venue, instrument.base, self.held[key] - bound[key], bound[key])
