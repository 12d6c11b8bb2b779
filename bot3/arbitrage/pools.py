"""The most that can be taken from constant-function pools at given prices outside of them.

Invariant: no pool's function of its reserves falls by a trade, what is put in counts for less by
the pool's fee, and of no token more is paid in than comes out elsewhere. A convex program, solved
to optimality (Angeris, Evans, Chitra and Boyd, "Optimal routing for constant function market
makers", 2022). Solver: Clarabel by way of cvxpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, unique
from importlib import import_module
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@unique
class PoolKind(Enum):
    """What a pool keeps: the weighted product of its reserves, or their sum."""

    PRODUCT = "product"
    SUM = "sum"


@frozen(eq=False)
class Pool:
    """`tokens`: their places in the prices; `weights` of a product pool, equal where not told."""

    kind: PoolKind
    tokens: tuple[int, ...]
    reserves: tuple[float, ...]
    fee_rate: float
    weights: tuple[float, ...] = ()


@frozen(eq=False)
class PoolRoute:
    """`worth` at the outside prices; `net`: what comes out of each token, a pool at a time."""

    worth: float
    net: tuple[Vector, ...]


def route_pools(pools: Sequence[Pool], prices: Sequence[float]) -> PoolRoute:
    """Raises `ValueError` where the solver finds no optimum, which bad reserves would cause."""
    cvxpy: Any = import_module("cvxpy")
    paid = [cvxpy.Variable(len(pool.tokens), nonneg=True) for pool in pools]
    got = [cvxpy.Variable(len(pool.tokens), nonneg=True) for pool in pools]
    total = sum(
        _spread(pool, len(prices)) @ (out - into)
        for pool, into, out in zip(pools, paid, got, strict=True)
    )
    rules = [total >= 0]
    for pool, into, out in zip(pools, paid, got, strict=True):
        reserves = np.array(pool.reserves)
        after = reserves + (1.0 - pool.fee_rate) * into - out
        if pool.kind is PoolKind.SUM:
            rules += [cvxpy.sum(after) >= reserves.sum(), after >= 0]
        else:
            weights = np.array(pool.weights or (1.0,) * len(pool.tokens))
            rules.append(weights @ cvxpy.log(after) >= float(weights @ np.log(reserves)))
    problem = cvxpy.Problem(cvxpy.Maximize(np.array(prices) @ total), rules)
    problem.solve(solver=cvxpy.CLARABEL)
    if problem.status != cvxpy.OPTIMAL:
        raise ValueError(f"no optimum over {len(pools)} pools: {problem.status}")
    nets = tuple(np.asarray(out.value - into.value) for into, out in zip(paid, got, strict=True))
    return PoolRoute(float(problem.value), nets)


def _spread(pool: Pool, count: int) -> Vector:
    places = np.zeros((count, len(pool.tokens)))
    places[list(pool.tokens), range(len(pool.tokens))] = 1.0
    return places
