"""The manager: halts latch, sizing is capped, what recovery restores counts."""

from __future__ import annotations

import attrs
import pytest

from bot3.domain.book import Quote
from bot3.domain.errors import ConfigError
from bot3.domain.ids import RunId
from bot3.domain.order import Order, OrderInput, OrderStatus
from bot3.messages.account import OrderClosed
from bot3.messages.control import (
    EquityMarked,
    HaltCause,
    SessionStarted,
    TradingHalted,
    TradingResumed,
)
from bot3.messages.minds import TargetProposed
from bot3.messages.orders import OrderApproved, OrderDenied, ProposeOrder
from bot3.messages.risk import LadderMoved
from bot3.portfolio.drawdown import DAY_NS
from bot3.portfolio.recovery import RecoveredOrder, Recovery
from bot3.risk.adaptive.ladder import LadderSettings
from bot3.risk.adaptive.manager import AdaptiveRiskManager
from bot3.risk.adaptive.settings import AdaptiveSettings
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
    assert halted == TradingHalted(
        "drawdown 15.00% from 100.00", START_NS + 1, cause=HaltCause.DRAWDOWN
    )
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


def reopening(**limits: float) -> RiskManager:
    made = manager(daily_loss_max=1.0, **limits)
    ladder = LadderSettings(drawdown_max=0.15, steps=0, reopen_after_s=60.0, reopens_max=2)
    settings = attrs.evolve(AdaptiveSettings().neutral(), ladder=ladder)
    made.adaptive = AdaptiveRiskManager(made.limits, [KEY], settings)
    return made


def test_a_drawdown_s_halt_ends_by_rule_smaller_and_only_so_often() -> None:
    made, now_ns, sizes = reopening(), START_NS, []
    assert made.on_equity(d(1000), now_ns) is None
    for equity in (800, 600):
        assert made.on_equity(d(equity), now_ns) is not None
        assert made.reopen(now_ns + 60 * SECOND_NS - 1) is None
        now_ns += 60 * SECOND_NS
        resumed = made.reopen(now_ns)
        assert resumed is not None
        assert resumed.is_by_rule
        made.climb(now_ns)
        sizes.append(made.limits_of(KEY).position_fraction_max)
        assert made.on_equity(d(equity), now_ns) is None  # counted from here
    assert sizes == pytest.approx([0.01, 0.005])
    assert made.on_equity(d(400), now_ns) is not None
    assert made.reopen(now_ns + DAY_NS) is None
    assert made.resume("me", now_ns) is not None
    made.climb(now_ns)
    assert made.limits_of(KEY).position_fraction_max == 0.02


def test_the_full_size_is_back_with_the_old_peak() -> None:
    made = reopening()
    made.on_equity(d(1000), START_NS)
    made.on_equity(d(800), START_NS)
    assert made.reopen(START_NS + 60 * SECOND_NS) is not None
    made.on_equity(d(999), START_NS)
    made.climb(START_NS)
    assert made.limits_of(KEY).position_fraction_max == 0.01
    made.on_equity(d(1000), START_NS)
    assert made.climb(START_NS) == LadderMoved(START_NS, 0.0, 0, 1.0)
    assert made.limits_of(KEY).position_fraction_max == 0.02


def test_an_ordered_halt_never_ends_by_rule_nor_one_that_was_ordered_on() -> None:
    made = reopening()
    made.halt("by hand", START_NS)
    assert made.reopen(START_NS + DAY_NS) is None
    for order in (lambda m: m.halt("by hand", START_NS), lambda m: m.flatten("out", START_NS)):
        made = reopening()
        made.on_equity(d(1000), START_NS)
        assert made.on_equity(d(800), START_NS) is not None
        told = order(made)
        assert told is not None
        assert told.cause is HaltCause.ORDERED
        assert order(made) is None
        assert made.reopen(START_NS + DAY_NS) is None


def test_a_limit_sells_what_is_held_and_opens_by_rule_when_that_is_done() -> None:
    made = reopening(is_flattened_at_limit=True)
    made.on_equity(d(1000), START_NS)
    made.on_position(KEY, d(1))
    halted = made.on_equity(d(800), START_NS)
    assert halted is not None
    assert halted.is_flattening
    assert [(sized.instrument, sized.position) for sized in made.exits(START_NS)] == [(KEY, 0)]
    assert made.reopen(START_NS + DAY_NS) is None
    made.on_position(KEY, d(0))
    assert made.reopen(START_NS + DAY_NS) is not None
    made = reopening(is_flattened_at_limit=True)
    made.on_equity(d(1000), START_NS)
    made.on_equity(d(800), START_NS)
    stopped = made.halt("by hand", START_NS)
    assert stopped is not None
    assert stopped.is_flattening  # what was begun goes on


def test_re_openings_are_in_the_journal() -> None:
    recovery = Recovery("mine")
    halted = TradingHalted("drawdown", START_NS, cause=HaltCause.DRAWDOWN)
    recovery.fold(
        [
            SessionStarted(RunId("a"), "mine", "hash", "test", START_NS),
            EquityMarked(d(1000), d(1000), 0.0, START_NS),
            EquityMarked(d(800), d(1000), 0.2, START_NS),
            halted,
        ]
    )
    assert recovery.halted == halted  # with its time and cause: a restart goes on waiting
    recovery.fold([TradingResumed("by rule", START_NS, is_by_rule=True)])
    assert (recovery.halted, recovery.watch.reopens, recovery.watch.peak) == (None, 1, d(800))
    recovery.fold([EquityMarked(d(1001), d(1001), 0.0, START_NS)])
    assert recovery.watch.reopens == 0
