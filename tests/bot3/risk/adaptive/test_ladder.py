"""Steps of drawdown: taken at once, given back late; re-opening by rule, counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot3.messages.control import HaltCause, TradingHalted
from bot3.portfolio.drawdown import DAY_NS
from bot3.risk.adaptive.ladder import DrawdownLadder, LadderSettings
from tests.bot3.making import SECOND_NS

SETTINGS = LadderSettings(drawdown_max=0.2, steps=3, reopen_after_s=60.0, reopens_max=2)


def climbed(*drawdowns: float) -> list[float]:
    ladder, scales = DrawdownLadder(SETTINGS), []
    for each in drawdowns:
        ladder.on_drawdown(each, 0)
        scales.append(ladder.scale)
    return scales


def test_steps_are_taken_at_once_and_given_back_when_half_is_regained() -> None:
    assert climbed(0.0, 0.049, 0.05, 0.1, 0.17) == [1.0, 1.0, 0.75, 0.5, 0.25]
    assert climbed(0.1, 0.08, 0.076, 0.074, 0.03, 0.02) == [0.5, 0.5, 0.5, 0.75, 0.75, 1.0]
    assert climbed(0.9) == [0.25]


def test_without_steps_nothing_shrinks() -> None:
    ladder = DrawdownLadder(LadderSettings(drawdown_max=0.2, steps=0))
    ladder.on_drawdown(0.19, 0)
    assert ladder.scale == 1.0


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), max_size=30))
def test_a_scale_is_a_share_and_no_larger_after_a_deeper_fall(
    path: list[tuple[float, int]],
) -> None:
    ladder = DrawdownLadder(SETTINGS)
    for drawdown, reopens in path:
        ladder.on_drawdown(drawdown, reopens)
        before = ladder.scale
        assert 0.0 < before <= 1.0
        ladder.on_drawdown(min(drawdown + 0.1, 1.0), reopens)
        assert ladder.scale <= before


def test_each_re_opening_halves_the_size() -> None:
    ladder = DrawdownLadder(SETTINGS)
    ladder.on_drawdown(0.0, 2)
    assert ladder.scale == 0.25


def may(
    cause: HaltCause, passed_ns: int, reopens: int = 0, settings: LadderSettings = SETTINGS
) -> bool:
    halted = TradingHalted("x", DAY_NS * 100, cause=cause)
    return DrawdownLadder(settings).may_reopen(halted, reopens, DAY_NS * 100 + passed_ns)


def test_only_our_own_limits_halts_end_by_rule_and_only_so_often() -> None:
    minute = 60 * SECOND_NS
    assert may(HaltCause.DRAWDOWN, minute)
    assert not may(HaltCause.DRAWDOWN, minute - 1)
    assert not may(HaltCause.DRAWDOWN, minute, reopens=2)
    assert not may(HaltCause.ORDERED, DAY_NS)
    assert not may(HaltCause.DAILY_LOSS, minute)
    assert may(HaltCause.DAILY_LOSS, DAY_NS)
    by_operator = LadderSettings(reopen_after_s=0.0)
    assert not may(HaltCause.DRAWDOWN, DAY_NS, settings=by_operator)
