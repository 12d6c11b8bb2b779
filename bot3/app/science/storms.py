"""Storms by the thousand: was a limit ever exceeded, and how far did a drawdown go beyond its own?

Invariant: what a storm reports is computed from the venue's executions and prices alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bot3.app.science.rows import Effort, Measured, Row
from bot3.app.science.storm_world import KEYS, STEP_NS, STEPS, Storm, StormWorld
from bot3.domain.values import ZERO


def run_storm(seed: int) -> Storm:
    """One storm, to its end, or until all is sold after a halt."""
    world = StormWorld(seed)
    storm, venue = world.storm, world.venue
    lost, costs_at_mark, halted_step = ZERO, ZERO, 0
    for number in range(1, STEPS + 1):
        held, prices, marks = dict(venue.held), dict(venue.prices), world.watcher.marks
        world.step(number)
        lost += sum((held[key] * (prices[key] - venue.prices[key]) for key in KEYS), ZERO)
        is_new = venue.is_halted and not storm.is_halted
        if is_new:
            storm.is_halted, halted_step = True, number
        elif world.watcher.marks > marks and not storm.is_halted:
            # A mark above the limit: what counts begins anew, and so may a peak.
            world.marks.append(venue.equity)
            lost, costs_at_mark = ZERO, venue.costs
        if storm.is_halted:
            fallen = float(1 - venue.equity / max(world.marks))
            storm.beyond = max(storm.beyond, fallen - world.limits.max_drawdown)
            storm.gap = max(
                storm.gap, float((lost + venue.costs - costs_at_mark) / max(world.marks))
            )
            storm.seconds = (number - halted_step) * STEP_NS / 1e9
            if not world.invested:
                break
    return storm


_SECONDS_MAX: Final = 8.0  # in slices of what one order may be worth


def _storms(effort: Effort) -> Measured:
    storms = [run_storm(seed) for seed in effort.seeds(40, 1_000)]
    halted = [storm for storm in storms if storm.is_halted]
    broken = [words for storm in storms for words in storm.broken]
    beyond = np.array([storm.beyond for storm in halted] or [0.0])
    over_gap = max((storm.beyond - storm.gap for storm in halted), default=0.0)
    slowest = max((storm.seconds for storm in halted), default=0.0)
    figures = {
        "storms": float(len(storms)),
        "orders": float(sum(storm.orders for storm in storms)),
        "restarts": float(sum(storm.restarts for storm in storms)),
        "limits_broken": float(len(broken)),
        "halted": float(len(halted)),
        "beyond_p50": float(np.quantile(beyond, 0.5)),
        "beyond_p90": float(np.quantile(beyond, 0.9)),
        "beyond_p99": float(np.quantile(beyond, 0.99)),
        "beyond_max": float(beyond.max()),
        "beyond_over_gap_max": over_gap,
        "sold_s_max": slowest,
    }
    is_passed = not broken and over_gap <= 1e-6 and slowest <= _SECONDS_MAX and len(halted) > 0
    return Measured(figures, is_passed, "; ".join(broken[:3]))


ROWS: Final = (
    Row(
        "risk",
        "storms with fat tails",
        "simulated",
        "no limit exceeded by any order; a drawdown beyond max_drawdown is what prices took between"
        " the mark before and the sale, with its costs; all sold within 8 s of the halt",
        _storms,
    ),
)
