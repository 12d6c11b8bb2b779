"""The linear program over many books at once: the most of one asset that can be made, and how.

Invariant: of every other asset at least as much comes out as goes in; no level gives more than its
amount, and no venue spends more of an asset than lies there (what comes in during the trade is not
counted on). Solver: HiGHS by way of scipy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen
from scipy import sparse
from scipy.optimize import linprog

from bot3.arbitrage.depth import Step, Taken
from bot3.domain.values import Asset, Side, VenueName


@frozen
class Solved:
    """`gain` of the asset that was asked for, and what goes in at each level."""

    gain: float
    taken: tuple[Taken, ...]


def solve(
    steps: Sequence[Step], goal: Asset, balances: Mapping[tuple[VenueName, Asset], float]
) -> Solved:
    """Over levels of any books; nothing to gain: 0 and nothing taken."""
    if not steps:
        return Solved(0.0, ())
    ways = [_way(step) for step in steps]
    assets = sorted({asset for way in ways for asset in way})
    row = {asset: at for at, asset in enumerate(assets)}
    net = sparse.lil_array((len(assets), len(steps)))
    for at, (step, (source, target)) in enumerate(zip(steps, ways, strict=True)):
        # In units of the level, so that amounts of unlike assets are of one size.
        net[row[source], at] -= step.capacity
        net[row[target], at] += step.capacity * step.rate
    net = net.tocsr()
    others = [at for asset, at in row.items() if asset != goal]
    spent, bounds = _spending(steps, ways, balances)
    limits = sparse.vstack([-net[others], spent]) if others else spent
    right = np.concatenate([np.zeros(len(others)), bounds])
    aim = -net[[row[goal]]].toarray()[0] if goal in row else np.zeros(len(steps))
    found = linprog(aim, A_ub=limits, b_ub=right, bounds=(0.0, 1.0), method="highs")
    assert found.status == 0, found.message  # feasible by doing nothing, bounded by the levels
    taken = tuple(
        Taken(step, share * step.capacity)
        for step, share in zip(steps, found.x, strict=True)
        if share > 1e-12
    )
    return Solved(-float(found.fun), taken)


def _way(step: Step) -> tuple[Asset, Asset]:
    known = step.instrument
    return (known.quote, known.base) if step.side is Side.BUY else (known.base, known.quote)


def _spending(
    steps: Sequence[Step],
    ways: Sequence[tuple[Asset, Asset]],
    balances: Mapping[tuple[VenueName, Asset], float],
) -> tuple[sparse.csr_array, np.ndarray]:
    keys = {
        (step.instrument.id.venue, source)
        for step, (source, _) in zip(steps, ways, strict=True)
        if (step.instrument.id.venue, source) in balances
    }
    rows = {key: at for at, key in enumerate(sorted(keys))}
    spent = sparse.lil_array((len(rows), len(steps)))
    for at, (step, (source, _)) in enumerate(zip(steps, ways, strict=True)):
        bound = rows.get((step.instrument.id.venue, source))
        if bound is not None:
            spent[bound, at] = step.capacity
    return spent.tocsr(), np.array([balances[key] for key in rows])
