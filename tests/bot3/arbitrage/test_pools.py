"""What can be taken from pools."""

from __future__ import annotations

import pytest

from bot3.arbitrage.pools import Pool, PoolKind, route_pools


def test_two_pools_of_one_pair_are_brought_together() -> None:
    """Without fees: both end at one price, and what is gained is known in closed form."""
    pools = [
        Pool(PoolKind.PRODUCT, (0, 1), (100.0, 100.0), 0.0),
        Pool(PoolKind.PRODUCT, (0, 1), (100.0, 400.0), 0.0),
    ]
    found = route_pools(pools, [1.0, 1.0])
    # Equal prices k / x² in both, and none of the first token left over: a third and two thirds.
    left = 10_000 / (200 / 3) + 40_000 / (400 / 3)
    assert found.worth == pytest.approx(500 - left, abs=1e-4)
    assert all(sum(found.net) >= -1e-5)


def test_a_fee_above_the_difference_leaves_nothing() -> None:
    pools = [Pool(PoolKind.PRODUCT, (0, 1), (100.0, 101.0), 0.05)]
    assert route_pools(pools, [1.0, 1.0]).worth == pytest.approx(0.0, abs=1e-5)


def test_a_pool_of_constant_sum_pays_what_it_has() -> None:
    pools = [Pool(PoolKind.SUM, (0, 1), (10.0, 10.0), 0.0)]
    # Nothing is paid in that did not come out of a pool, so that one pool alone pays nothing.
    assert route_pools(pools, [1.0, 2.0]).worth == pytest.approx(0.0, abs=1e-5)
