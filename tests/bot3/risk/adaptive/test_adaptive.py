"""Limits that adapt: never looser than the configured ones, and each factor in its direction."""

from __future__ import annotations

import math
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.messages.minds import TargetProposed
from bot3.messages.risk import AllocationSolved, LadderMoved, VolatilityFitted
from bot3.risk.adaptive.ladder import LadderSettings
from bot3.risk.adaptive.manager import YEAR_S, AdaptiveRiskManager
from bot3.risk.adaptive.settings import AdaptiveSettings
from bot3.risk.edge import KellySettings
from tests.bot3.making import KEY, SECOND_NS, START_NS, d
from tests.bot3.risk.adaptive.moving import (
    ETHER,
    HARD,
    KEYS,
    NARROW,
    QUIET,
    SIZES,
    bar,
    moved,
    path,
    share,
)

news = st.one_of(
    st.tuples(
        st.just("bar"),
        st.sampled_from(KEYS),
        st.one_of(st.floats(-0.5, 0.5), st.just(math.nan), st.just(math.inf)),
        st.floats(0, 1),
        st.floats(0.001, 50),
    ),
    st.tuples(st.just("drawdown"), st.floats(0, 1), st.integers(0, 5)),
    st.tuples(st.just("losses"), st.integers(0, 100)),
    st.tuples(st.just("fit"), st.sampled_from(KEYS), st.floats(1e-12, 1), st.floats(0, 0.9)),
    st.tuples(st.just("target"), st.sampled_from(KEYS), st.floats(-1, 1)),
    st.tuples(st.just("kelly")),
    st.tuples(st.just("ladder"), st.integers(0, 9), st.integers(0, 3)),
    st.tuples(st.just("allocation"), st.floats(0, 9), st.floats(0, 9)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(news, max_size=80), st.booleans(), st.booleans())
def test_no_news_ever_loosens_a_limit(
    stream: list[tuple[object, ...]], is_kelly: bool, is_allocated: bool
) -> None:
    kelly = KellySettings(bars_min=10, memory_bars=100)
    given_settings = AdaptiveSettings(
        touch_multiple_max=10.0, is_kelly_used=is_kelly, is_allocated=is_allocated, kelly=kelly
    )
    made = AdaptiveRiskManager(HARD, KEYS, given_settings)
    for number, (kind, *told) in enumerate(stream, 1):
        match kind:
            case "bar":
                key, log_return, volatile, spread = told
                quote = Quote(100 - spread, 1.0, 100 + spread, 2.0)
                made.on_bar(bar(number, log_return, key, volatile), quote, d(1_000))
            case "drawdown":
                made.on_drawdown(*told)
            case "losses":
                made.on_losses(*told)
            case "fit":
                key, omega, alpha = told
                made.on_fit(VolatilityFitted(key, number, omega, alpha, 0.09, 0.0, 1.0))
            case "target":
                key, target = told
                made.on_target(TargetProposed(key, "hybrid", START_NS, 0, target, 1.0))
            case "kelly":
                made.size_by_kelly()
            case "ladder":
                step, reopens = told
                made.restore_ladder(LadderMoved(number, 0.1, step, 1.0), reopens)
            case "allocation":
                shares = tuple(zip(KEYS, told, strict=True))
                made.on_allocation(AllocationSolved(0, {}, shares, 0.0, 9.0, 0.5, False, ""))
        for key in KEYS:
            limits = made.limits_of(key)
            for name in SIZES:
                assert 0.0 <= getattr(limits, name) <= getattr(HARD, name)
            kept = {name: getattr(HARD, name) for name in SIZES}
            assert attrs.evolve(limits, **kept) == HARD
            told_scale = made.scaled(key, START_NS)
            assert all(0.0 <= factor <= 1.0 for factor in told_scale.factors.values())
            assert 0.0 <= told_scale.scale <= 1.0


def test_what_moves_twice_as_much_is_held_half_as_much() -> None:
    shares = []
    for a_year in (0.4, 0.8, 1.6, 3.2):
        made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, volatility_target=0.8))
        moved(made, a_year)
        assert made.annual_volatility(KEY) == pytest.approx(a_year, rel=1e-6)
        shares.append(share(made))
    assert shares == pytest.approx([0.2, 0.2, 0.1, 0.05], rel=1e-6)


def test_garch_counts_where_it_forecasts_more() -> None:
    made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, volatility_target=0.8))
    moved(made, 0.8)
    variance = 0.8**2 / YEAR_S
    omega = variance * 9 * 0.5  # on its way to three times
    made.on_fit(VolatilityFitted(KEY, 0, omega, 0.1, 0.4, 0.0, 60.0))  # of bars of a minute
    moved(made, 0.8, 1, start=60)
    assert share(made) == pytest.approx(0.2, rel=1e-6)
    made.on_fit(VolatilityFitted(KEY, 0, omega, 0.1, 0.4, 0.0, 1.0))
    moved(made, 0.8, 1, start=61)
    assert share(made) < 0.12
    assert share(made, ETHER) == pytest.approx(0.2, rel=1e-6)


def test_a_full_book_loses_no_more_than_it_may() -> None:
    made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, shortfall_max=0.02))
    moved(made, 3.0, 400)
    daily = 3.0 / math.sqrt(365)
    # Two instruments of .2 each; their patterns do not correlate, a quarter of the way to one is
    # taken for granted; a thin tail counts as a normal one.
    lost = 2.338 * daily * math.sqrt(2 * 0.2**2 + 2 * 0.25 * 0.2**2)
    factor = 0.02 / lost  # followed within the band; before both are known, they are the same
    assert 0.7 * factor < share(made) / 0.2 < 1.3 * factor
    assert made.limits_of(KEY).exposure_fraction_max / 0.4 == pytest.approx(share(made) / 0.2)


def test_a_volatile_regime_is_traded_smaller_by_its_probability() -> None:
    shares = []
    for volatile in (0.0, 0.5, 1.0):
        made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, volatile_multiplier=0.3))
        for number in range(1, 200):
            made.on_bar(bar(number, 1e-6, volatile=volatile), NARROW, d(1))
        shares.append(share(made))
    assert shares == pytest.approx([0.2, 0.13, 0.06])


def test_a_flicker_of_the_regime_moves_no_size() -> None:
    made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, volatile_multiplier=0.3))
    for number in range(1, 100):
        made.on_bar(bar(number, 1e-6, volatile=float(number % 20 == 0)), NARROW, d(1))
        assert share(made) == 0.2
    for number in range(100, 200):
        made.on_bar(bar(number, 1e-6, volatile=1.0), NARROW, d(1))
    assert share(made) < 0.1


def test_a_factor_near_the_old_one_moves_no_size() -> None:
    made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, volatility_target=0.8))
    moved(made, 1.6)
    before = share(made)
    moved(made, 1.9, 200, start=60)
    assert share(made) == before
    moved(made, 3.2, 400, start=260)
    assert share(made) < 0.7 * before


def test_a_wide_spread_and_a_thin_touch_are_traded_smaller() -> None:
    made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, full_size_spread_bps=10.0))
    made.on_bar(bar(1, 1e-6), Quote(99.8, 5.0, 100.2, 5.0), d(10_000))
    assert share(made) == pytest.approx(0.05)
    thin = attrs.evolve(QUIET, touch_multiple_max=2.0)
    made = AdaptiveRiskManager(HARD, KEYS, thin)
    made.on_bar(bar(1, 1e-6), Quote(99.99, 5.0, 100.01, 2.5), d(10_000))  # 250 of a full 2,000
    assert share(made) == pytest.approx(0.05)
    made.on_bar(bar(2, 1e-6), Quote(101.0, 5.0, 100.0, 5.0), d(10_000))  # crossed: says nothing
    assert share(made) == pytest.approx(0.05)


def test_losses_in_a_row_shrink_sizes_until_one_wins() -> None:
    given_settings = attrs.evolve(QUIET, loss_streak=3, loss_multiplier=0.5)
    made = AdaptiveRiskManager(HARD, KEYS, given_settings)
    seen = []
    for losses in (2, 3, 4, 50, 0):
        made.on_losses(losses)
        seen.append(share(made))
    assert seen == pytest.approx([0.2, 0.1, 0.05, 0.05, 0.2])


def test_the_drawdown_ladder_scales_every_size() -> None:
    ladder = LadderSettings(drawdown_max=0.2, steps=3)
    made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, ladder=ladder))
    made.on_drawdown(0.11, 0)
    limits = made.limits_of(ETHER)
    assert limits.position_fraction_max == pytest.approx(0.1)
    assert limits.exposure_fraction_max == pytest.approx(0.2)
    assert limits.drawdown_max == HARD.drawdown_max


def test_neutral_settings_change_nothing() -> None:
    made = AdaptiveRiskManager(HARD, KEYS, AdaptiveSettings().neutral())
    moved(made, 9.0, 100)
    made.on_drawdown(0.14, 0)
    made.on_losses(40)
    assert made.limits_of(KEY) == HARD


def test_bars_of_memory_warm_it_up_and_count_once() -> None:
    closes = [100.0 * math.exp(0.001 * (number % 2)) for number in range(101)]
    bars = [
        Bar(KEY, 1, START_NS + number * SECOND_NS, close, close, close, close, 1.0)
        for number, close in enumerate(closes)
    ]
    made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, volatility_target=0.8))
    made.warm_up({KEY: bars})
    known = made.annual_volatility(KEY)
    assert known == pytest.approx(0.001 * math.sqrt(YEAR_S), rel=1e-6)
    made.warm_up({KEY: bars})
    made.on_bar(bar(3, 0.5), NARROW, Decimal(1))  # of the past
    assert made.annual_volatility(KEY) == known


def test_bars_of_memory_tell_what_moves_together() -> None:
    """What falls when the other rises costs less of the shortfall than two of the same."""
    shares = []
    for sign in (1.0, -1.0):
        made = AdaptiveRiskManager(HARD, KEYS, attrs.evolve(QUIET, shortfall_max=0.005))
        moves = [1e-3 * (-1) ** (number // 3) for number in range(120)]
        made.warm_up({KEY: path(KEY, moves), ETHER: path(ETHER, [sign * each for each in moves])})
        moved(made, 0.0, 10, start=200)
        shares.append(share(made))
    assert shares[0] < 0.9 * shares[1]
