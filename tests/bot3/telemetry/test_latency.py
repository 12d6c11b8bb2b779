"""Quantiles of the last latencies."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.telemetry.latency import LatencySample


@settings(deadline=None)  # a loaded machine is no reason to fail
@given(
    values=st.lists(st.floats(0, 1e9), min_size=1, max_size=60),
    size=st.integers(1, 20),
    share=st.floats(0, 1),
)
def test_quantiles_are_exact_over_the_last_ones(
    values: list[float], size: int, share: float
) -> None:
    sample = LatencySample(size)
    for value in values:
        sample.add(value)
    last = sorted(values[-size:])
    (quantile,) = sample.quantiles([share])
    # The nearest rank: the smallest value that at least this share of them does not exceed.
    wanted = next(v for v in last if sum(x <= v for x in last) >= share * len(last))
    assert quantile == wanted
    assert sample.count == len(values)


def test_known_quantiles_and_none_at_all() -> None:
    sample = LatencySample(1000)
    assert all(math.isnan(value) for value in sample.quantiles((0.5, 0.99)))
    for value in range(1, 101):
        sample.add(value)
    assert sample.quantiles((0.5, 0.99, 1.0, 0.0)) == (50, 99, 100, 1)
    with pytest.raises(ValueError, match="1 or more"):
        LatencySample(0)
