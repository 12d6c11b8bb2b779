"""Sizes over depth are those of the linear program."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.arbitrage.depth import Step, Taken, merged, steps_of, walk
from bot3.arbitrage.program import solve
from bot3.domain.values import Asset, VenueName
from tests.bot3.arbitrage.making import instrument

USDT, BTC, ETH = Asset("USDT"), Asset("BTC"), Asset("ETH")
VENUES = ("binance", "okx", "bybit")


def gain_of(hops: list[list[Taken]]) -> float:
    """What comes back above what went in."""
    return sum(each.amount * each.step.rate for each in hops[-1]) - sum(
        each.amount for each in hops[0]
    )


def _book(dice: np.random.Generator, mid: float, levels: int) -> tuple[list, list]:
    gaps = dice.uniform(1e-5, 1e-3, (2, levels)).cumsum(axis=1)
    amounts = dice.uniform(0.1, 2.0, (2, levels)) * 1_000 / mid
    bids = [(mid * (1 - g), a) for g, a in zip(gaps[0], amounts[0], strict=True)]
    asks = [(mid * (1 + g), a) for g, a in zip(gaps[1], amounts[1], strict=True)]
    return bids, asks


def _hops(seed: int, pairs: list[tuple[str, Asset, Asset, float]]) -> list[list[Step]]:
    """A hop a pair, over three venues whose mids differ by up to a percent."""
    dice = np.random.default_rng(seed)
    found: list[list[Step]] = []
    for symbol, source, _, mid in pairs:
        sides = []
        for venue in VENUES:
            known = instrument(venue, symbol)
            bids, asks = _book(dice, mid * dice.uniform(0.99, 1.01), 8)
            levels = asks if source == known.quote else bids
            sides.append(steps_of(known, source, levels, 0.001))
        found.append(merged(sides))
    return found


CROSS = [("BTC/USDT", USDT, BTC, 50_000.0), ("BTC/USDT", BTC, USDT, 50_000.0)]
TRIANGLE = [
    ("BTC/USDT", USDT, BTC, 50_000.0),
    ("ETH/BTC", BTC, ETH, 0.06),
    ("ETH/USDT", ETH, USDT, 3_000.0),
]


@pytest.mark.parametrize("pairs", [CROSS, TRIANGLE])
@given(seed=st.integers(0, 2**32 - 1), is_bounded=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_walk_is_the_optimum(
    pairs: list[tuple[str, Asset, Asset, float]], seed: int, is_bounded: bool
) -> None:
    hops = _hops(seed, pairs)
    loop = [source for _, source, _, _ in pairs]
    dice = np.random.default_rng(seed + 1)
    scale = {USDT: 1_000.0, BTC: 0.02, ETH: 0.3}
    balances = {
        (VenueName(venue), asset): dice.uniform(0, 3) * scale[asset]
        for venue in VENUES
        for asset in loop
        if is_bounded
    }
    taken = walk(hops, loop, balances)
    best = solve([step for hop in hops for step in hop], USDT, balances)
    gain = gain_of(taken) if all(taken) else 0.0
    assert gain == pytest.approx(best.gain, rel=1e-9, abs=1e-7)
    for into, out in pairwise(taken):
        came = sum(each.amount * each.step.rate for each in into)
        assert sum(each.amount for each in out) == pytest.approx(came, rel=1e-9)
    for each in (each for hop in taken for each in hop):
        assert 0 <= each.amount <= each.step.capacity * (1 + 1e-12)


def test_a_book_merge_is_the_program_to_a_billionth() -> None:
    """Nothing but the books: many seeds, so that some have much to take."""
    gains = []
    for seed in range(200):
        hops = _hops(seed, CROSS)
        taken = walk(hops, [USDT, BTC], {})
        best = solve([step for hop in hops for step in hop], USDT, {}).gain
        gain = gain_of(taken) if all(taken) else 0.0
        assert gain == pytest.approx(best, rel=1e-9, abs=1e-9)
        gains.append(gain)
    assert sum(gain > 1.0 for gain in gains) > 50


def test_size_and_gain_bound_it() -> None:
    hops = _hops(7, CROSS)
    loop = [USDT, BTC]
    small = walk(hops, loop, {}, size_max=10.0)
    back = sum(each.amount * each.step.rate for each in small[1])
    assert sum(each.amount for each in small[0]) < back == pytest.approx(10.0)
    greedy = sum(each.amount for each in walk(hops, loop, {})[0])
    modest = sum(each.amount for each in walk(hops, loop, {}, gain_min=0.005)[0])
    assert modest < greedy


def test_nothing_to_do_without_books() -> None:
    assert walk([[], _hops(7, CROSS)[1]], [USDT, BTC], {}) == [[], []]
    assert solve([], USDT, {}).gain == 0.0
