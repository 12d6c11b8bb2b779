"""The manager: halts latch, sizing is capped, and nothing approved ever breaks a limit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.domain.book import Quote
from bot3.domain.errors import ConfigError
from bot3.domain.order import Order, OrderInput, OrderIntent, OrderStatus
from bot3.domain.values import Side
from bot3.messages.account import OrderClosed
from bot3.messages.control import TradingHalted, TradingResumed
from bot3.messages.minds import TargetProposed
from bot3.messages.orders import OrderApproved, OrderDenied, ProposeOrder
from bot3.portfolio.drawdown import DAY_NS
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from bot3.risk.sizing import size_target
from tests.bot3.making import (
    BTC,
    KEY,
    SECOND_NS,
    START_NS,
    USDT,
    d,
    id_of,
    make_balance,
    make_fill,
    make_instrument,
    make_intent,
)


def manager(**changes: object) -> RiskManager:
    made = RiskManager(RiskLimits(**changes))
    made.on_instruments([make_instrument()])
    made.on_quote(KEY, Quote(99.9, 1.0, 100.1, 1.0), START_NS)
    made.on_balances([make_balance(USDT, "10000"), make_balance(BTC, "50")])
    return made


def test_a_drawdown_halts_once_and_until_resumed() -> None:
    made = manager(daily_loss_max=1.0)
    assert made.on_equity(d(100), START_NS) is None
    assert made.on_equity(d("85.01"), START_NS) is None
    halted = made.on_equity(d(85), START_NS + 1)
    assert halted == TradingHalted("drawdown 15.00% from 100.00", START_NS + 1)
    assert made.on_equity(d(110), START_NS) is None
    assert isinstance(made.judge(ProposeOrder(make_intent(), 0), START_NS), OrderDenied)
    made.on_equity(d(80), START_NS)
    assert made.resume("me", START_NS + 2) == TradingResumed("me", START_NS + 2)
    assert made.on_equity(d(79), START_NS) is None  # counted from where it was resumed
    assert made.resume("me", START_NS) is None


def test_a_daily_loss_halts_and_a_new_day_starts_anew() -> None:
    made = manager()
    made.on_equity(d(100), START_NS)
    assert made.on_equity(d(96), START_NS) is None
    assert made.on_equity(d(92), START_NS + DAY_NS) is None
    assert made.on_equity(d(91), START_NS + DAY_NS) is not None


def test_a_halt_by_hand_stands_over_a_later_one() -> None:
    made = manager()
    assert made.halt("by hand", 1) == TradingHalted("by hand", 1)
    assert made.halt("again", 2) is None
    assert made.state.halted_reason == "by hand"


def test_a_restored_order_counts_as_open_and_its_number_as_used() -> None:
    made = manager()
    made.on_equity(d(10_000), START_NS)
    order = Order(make_intent(7, amount="1.9")).move(OrderInput.SEND)
    made.restore_order(order.fill(make_fill("a", 7, amount="0.4")))
    made.on_position(KEY, d("0.4"))
    assert made.state.exposure_total() == 190
    assert isinstance(made.judge(ProposeOrder(make_intent(7), 0), START_NS), OrderDenied)
    made.on_order_closed(OrderClosed(id_of(7), KEY, OrderStatus.CANCELED, d("0.4"), ""))
    assert made.state.exposure_total() == 40
    assert isinstance(made.judge(ProposeOrder(make_intent(8), 0), START_NS), OrderApproved)


def proposal(target: float, **changes: object) -> TargetProposed:
    values = {"confidence": 1.0, "is_warm_up": False, **changes}
    return TargetProposed(KEY, "hybrid", START_NS, 7, target, **values)


def test_a_target_is_sized_by_equity_and_price() -> None:
    made = manager()
    assert made.size(proposal(1.0)) is None  # no equity yet
    made.on_equity(d(10_000), START_NS)
    sized = made.size(proposal(1.0))
    assert sized is not None
    assert (sized.position, sized.strategy, sized.origin_ns) == (d("1.98"), "hybrid", 7)
    half = made.size(proposal(1.0, confidence=0.5))
    assert half is not None
    assert half.position == d("0.99")
    assert made.size(proposal(1.0, is_warm_up=True)) is None


def test_a_negative_or_tiny_target_is_no_position() -> None:
    for target in (-1.0, 0.0, 0.02):
        assert size_target(
            target, 1.0, d(10_000), d(100), limits=RiskLimits(), instrument=make_instrument()
        ) == 0  # fmt: skip


@pytest.mark.parametrize("bad", [(2.0, 1.0), (float("nan"), 1.0), (1.0, -0.1)])
def test_a_target_out_of_range_is_an_error(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="outside"):
        size_target(*bad, d(1), d(1), limits=RiskLimits(), instrument=make_instrument())


@pytest.mark.parametrize(
    "bad",
    [{"drawdown_max": 0}, {"position_fraction_max": 1.1}, {"order_notional_max": d(-1)},
     {"book_age_max_s": float("nan")}, {"order_rate_max": 0}],
)  # fmt: skip
def test_limits_that_limit_nothing_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(bad))):
        RiskLimits(**bad)


class Truth:
    """The limits again, by plain sums over what happened: knows nothing of the gate's state."""

    def __init__(self) -> None:
        self.approved: dict[str, OrderIntent] = {}
        self.rest: dict[str, Decimal] = {}
        self.position = d(0)
        self.times: list[int] = []
        self.quote, self.quote_ns = Quote(99.9, 1.0, 100.1, 1.0), START_NS
        self.equity = d(10_000)

    def check(self, intent: OrderIntent, made: RiskManager, now_ns: int) -> None:
        limits = made.limits
        assert made.state.halted_reason is None
        assert now_ns - self.quote_ns <= limits.book_age_max_s * SECOND_NS
        assert 0 < self.quote.bid < self.quote.ask
        mid = (Decimal(str(self.quote.bid)) + Decimal(str(self.quote.ask))) / 2
        assert abs(intent.price.amount - mid) / mid <= d("0.005")
        assert intent.client_order_id not in self.approved
        recent = [t for t in self.times if t > now_ns - limits.order_rate_window_s * SECOND_NS]
        assert len(recent) < limits.order_rate_max
        self.times.append(now_ns)
        self.approved[intent.client_order_id] = intent
        self.rest[intent.client_order_id] = intent.amount.amount
        if intent.side is Side.BUY:
            buys = sum(
                self.rest[key] * max(mid, each.price.amount)
                for key, each in self.approved.items()
                if each.side is Side.BUY
            )
            assert self.position * mid + buys <= self.equity * d("0.02")
        else:
            sells = [key for key, each in self.approved.items() if each.side is Side.SELL]
            assert sum(self.rest[key] for key in sells) <= self.position
        for key, other in self.approved.items():
            if self.rest[key] and other.side is not intent.side:
                assert intent.side.sign * (intent.price.amount - other.price.amount) < 0


def step(kind: str, *parts: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.tuples(st.just(kind), *parts, *[st.just(0)] * (3 - len(parts)))


orders = step("order", st.sampled_from(Side), st.integers(1, 150), st.integers(-60, 60))
steps = st.lists(
    st.one_of(
        orders,
        orders,
        step("fill", st.integers(0, 5), st.integers(1, 100), st.booleans()),
        step("quote", st.integers(95, 105), st.sampled_from([1, 1, 1, -1])),
        step("wait", st.integers(0, 8)),
        step("equity", st.integers(9_000, 11_000)),
        step("halt", st.booleans()),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(steps)
def test_nothing_approved_ever_breaks_a_limit(stream: list[tuple[str, object, int, int]]) -> None:
    made, truth, now_ns = manager(order_rate_max=5), Truth(), START_NS
    made.on_equity(truth.equity, now_ns)
    for number, (kind, what, one, two) in enumerate(stream, 1):
        now_ns += SECOND_NS // 10
        if kind == "order":
            intent = make_intent(
                number, amount=str(d(one) / 100), side=what,
                price=str(d(f"{truth.quote.mid:.2f}") + d(two) / 100), is_reducing=what is Side.SELL,
            )  # fmt: skip
            if isinstance(made.judge(ProposeOrder(intent, 0), now_ns), OrderApproved):
                truth.check(intent, made, now_ns)
        elif kind == "fill":
            fill_or_close(made, truth, number, what, d(one) / 100, is_close=bool(two))
        elif kind == "quote":
            truth.quote = Quote(what - 0.1 * one, 1.0, what + 0.1 * one, 1.0)
            truth.quote_ns = now_ns
            made.on_quote(KEY, truth.quote, now_ns)
        elif kind == "wait":
            now_ns += what * SECOND_NS
        elif kind == "equity":
            truth.equity = d(what)
            made.on_equity(truth.equity, now_ns)
        else:
            made.halt("test", now_ns) if what else made.resume("test", now_ns)


def fill_or_close(
    made: RiskManager, truth: Truth, trade: int, which: int, amount: Decimal, *, is_close: bool
) -> None:
    live = [key for key, rest in truth.rest.items() if rest]
    if not live:
        return
    intent = truth.approved[live[which % len(live)]]
    key = intent.client_order_id
    filled = intent.amount.amount - truth.rest[key]
    if is_close:
        made.on_order_closed(OrderClosed(key, KEY, OrderStatus.CANCELED, filled, ""))
        truth.rest[key] = d(0)
        return
    amount = min(amount, truth.rest[key])
    truth.rest[key] -= amount
    truth.position += intent.side.sign * amount
    fill = make_fill(trade, intent.number, amount=amount, side=intent.side)
    made.on_position(KEY, truth.position, fill)
