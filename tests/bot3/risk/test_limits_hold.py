"""Over random streams nothing approved breaks a limit, as plain sums over what happened see it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.domain.book import Quote
from bot3.domain.order import OrderIntent, OrderStatus
from bot3.domain.values import InstrumentId, Side, Symbol
from bot3.messages.account import OrderClosed
from bot3.messages.orders import OrderApproved, ProposeOrder
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from tests.bot3.making import (
    KEY,
    SECOND_NS,
    START_NS,
    USDT,
    VENUE,
    d,
    make_balance,
    make_fill,
    make_instrument,
    make_intent,
)

ETH = InstrumentId(VENUE, Symbol("ETH/USDT"))
KEYS = (KEY, ETH)
LIMITS = RiskLimits(
    order_rate_max=3, order_rate_window_s=2.0, exposure_fraction_max=0.035, book_age_max_s=5.0
)


class World:
    """What happened, and the manager that was told. Only `check` knows the limits."""

    def __init__(self, cash: Decimal) -> None:
        self.now_ns = START_NS
        self.approved: dict[str, OrderIntent] = {}
        self.rest: dict[str, Decimal] = {}
        self.position = {KEY: d(1), ETH: d(1)}
        self.times: list[int] = []
        self.quotes: dict[InstrumentId, tuple[Quote, int]] = {}
        self.marks: dict[InstrumentId, Decimal] = {}
        self.equity, self.cash = d(10_000), cash
        self.is_down = self.is_halted = False
        self.number = 0
        self.manager = RiskManager(LIMITS)
        self.manager.on_instruments(make_instrument(key) for key in KEYS)
        self.manager.on_equity(self.equity, self.now_ns)
        for key in KEYS:
            self.manager.on_position(key, self.position[key])
            self.quote(key, 100, 1)
        self.balances()

    def balances(self) -> None:
        held = [
            make_balance(key.symbol.split("/")[0], amount) for key, amount in self.position.items()
        ]
        self.manager.on_balances([make_balance(USDT, self.cash), *held])

    def quote(self, key: InstrumentId, middle: int, sign: int) -> None:
        quote = Quote(middle - 0.1 * sign, 1.0, middle + 0.1 * sign, 1.0)
        self.quotes[key] = (quote, self.now_ns)
        if not quote.is_crossed:
            self.marks[key] = self.mid(key)
        self.manager.on_quote(key, quote, self.now_ns)

    def mid(self, key: InstrumentId) -> Decimal:
        quote = self.quotes[key][0]
        return (d(str(quote.bid)) + d(str(quote.ask))) / 2

    def order(self, key: InstrumentId, side: Side, cents: int, off: int, again: int) -> None:
        if again:  # sometimes a number comes again
            self.number += 1
        intent = make_intent(
            max(self.number, 1),
            amount=str(d(cents) / 100),
            price=f"{self.mid(key) + d(off) / 100:.2f}",
            side=side,
            instrument=key,
            is_reducing=side is Side.SELL,
        )
        answer = self.manager.judge(ProposeOrder(intent, 0), self.now_ns)
        if isinstance(answer, OrderApproved):
            self.check(intent)

    def check(self, intent: OrderIntent) -> None:
        key, price, amount = intent.instrument, intent.price.amount, intent.amount.amount
        quote, quote_ns = self.quotes[key]
        assert not self.is_halted
        assert not self.is_down
        assert intent.client_order_id not in self.approved
        assert self.now_ns - quote_ns <= 5 * SECOND_NS
        assert 0 < quote.bid < quote.ask
        assert abs(price - self.mid(key)) / self.mid(key) <= d("0.005")
        assert price * amount >= 5
        assert len([t for t in self.times if t > self.now_ns - 2 * SECOND_NS]) < 3
        self.times.append(self.now_ns)
        self.approved[intent.client_order_id] = intent
        self.rest[intent.client_order_id] = amount
        if intent.side is Side.BUY:
            assert self.exposure(key) <= self.equity * d("0.02")
            assert sum(map(self.exposure, KEYS)) <= self.equity * d("0.035")
            assert sum(self.costs()) <= self.cash
        else:
            assert (
                sum(self.rest[each.client_order_id] for each in self.of(key, Side.SELL))
                <= (self.position[key])
            )
        for other in self.of(key, intent.side.opposite):
            if self.rest[other.client_order_id]:
                assert intent.side.sign * (price - other.price.amount) < 0

    def of(self, key: InstrumentId, side: Side) -> list[OrderIntent]:
        every = self.approved.values()
        return [each for each in every if each.instrument == key and each.side is side]

    def exposure(self, key: InstrumentId) -> Decimal:
        mid = self.marks[key]
        return self.position[key] * mid + sum(
            self.rest[each.client_order_id] * max(mid, each.price.amount)
            for each in self.of(key, Side.BUY)
        )

    def costs(self) -> list[Decimal]:
        return [
            self.rest[each.client_order_id] * each.price.amount * d("1.001")
            for key in KEYS
            for each in self.of(key, Side.BUY)
        ]

    def fill(self, which: int, cents: int, is_close: int) -> None:
        live = [key for key, rest in self.rest.items() if rest]
        if not live:
            return
        intent = self.approved[live[which % len(live)]]
        order_id, key = intent.client_order_id, intent.instrument
        if is_close:
            filled = intent.amount.amount - self.rest[order_id]
            self.rest[order_id] = d(0)
            closed = OrderClosed(order_id, key, OrderStatus.CANCELED, filled, "")
            self.manager.on_order_closed(closed)
            return
        amount = min(d(cents) / 100, self.rest[order_id])
        self.rest[order_id] -= amount
        self.position[key] += intent.side.sign * amount
        self.cash -= intent.side.sign * amount * intent.price.amount
        trade = make_fill(len(self.times), intent.number, amount=amount, instrument=key)
        self.manager.on_position(key, self.position[key], trade)
        self.balances()

    def disturbed(self, what: str, *order: object) -> None:
        """An order in the middle of trouble, which then passes."""
        key = order[0]
        match what:
            case "halt":
                self.is_halted = True
                self.manager.halt("test", self.now_ns)
            case "down":
                self.is_down = True
                self.manager.on_account_lost(VENUE, "closed")
            case "crossed":
                self.quote(key, 100, -1)
            case "stale":
                self.now_ns += 6 * SECOND_NS
        self.order(*order)
        self.is_halted = self.is_down = False
        self.manager.resume("test", self.now_ns)
        self.manager.on_account_restored(VENUE)
        for each in KEYS:
            self.quote(each, 100, 1)


keys = st.sampled_from(KEYS)
order = (
    keys, st.sampled_from(Side), st.integers(1, 90), st.integers(-60, 60), st.integers(0, 6)
)  # fmt: skip
troubles = st.sampled_from(["halt", "down", "crossed", "stale"])
steps = st.lists(
    st.one_of(
        *[st.tuples(st.just("order"), *order)] * 6,
        st.tuples(st.just("disturbed"), troubles, *order),
        st.tuples(st.just("fill"), st.integers(0, 5), st.integers(1, 60), st.integers(0, 1)),
        st.tuples(st.just("quote"), keys, st.integers(98, 102), st.just(1)),
        st.tuples(st.just("wait"), st.integers(0, 3)),
    ),
    min_size=15,
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(steps, st.sampled_from([d(60), d(320)]))
def test_nothing_approved_ever_breaks_a_limit(
    stream: list[tuple[object, ...]], cash: Decimal
) -> None:
    world = World(cash)
    for kind, *arguments in stream:
        world.now_ns += SECOND_NS // 10
        if kind == "wait":
            world.now_ns += arguments[0] * SECOND_NS
        else:
            getattr(world, kind)(*arguments)
