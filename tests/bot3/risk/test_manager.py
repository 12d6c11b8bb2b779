"""The manager: halts latch, sizing is capped, what recovery restores counts."""

from __future__ import annotations

import pytest

from bot3.domain.book import Quote
from bot3.domain.errors import ConfigError
from bot3.domain.order import Order, OrderInput, OrderStatus
from bot3.messages.account import OrderClosed
from bot3.messages.control import TradingHalted, TradingResumed
from bot3.messages.minds import TargetProposed
from bot3.messages.orders import OrderApproved, OrderDenied, ProposeOrder
from bot3.portfolio.drawdown import DAY_NS
from bot3.portfolio.recovery import RecoveredOrder
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from bot3.risk.sizing import size_target
from tests.bot3.making import (
    BTC,
    KEY,
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
    made.restore_order(RecoveredOrder(order.fill(make_fill("a", 7, amount="0.4"))))
    made.on_position(KEY, d("0.4"))
    assert made.state.exposure_total() == 190
    assert isinstance(made.judge(ProposeOrder(make_intent(7), 0), START_NS), OrderDenied)
    made.on_order_closed(OrderClosed(id_of(7), KEY, OrderStatus.CANCELED, d("0.4"), ""))
    assert made.state.exposure_total() == 40
    assert isinstance(made.judge(ProposeOrder(make_intent(8), 0), START_NS), OrderApproved)


def test_a_restored_order_that_is_final_counts_for_its_missing_fills_alone() -> None:
    made = manager()
    order = Order(make_intent(7, amount="1.9")).move(OrderInput.SEND).move(OrderInput.CANCEL)
    made.restore_order(RecoveredOrder(order, d("0.3")))
    assert made.state.exposure_total() == 30
    made.on_position(KEY, d("0.3"), make_fill("a", 7, amount="0.3"))
    assert made.state.exposure_total() == 30


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
