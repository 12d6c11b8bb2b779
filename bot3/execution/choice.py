"""Rest or cross: which is expected to cost less for a unit of base, in hundredths of a percent.

Both costs are measured from the mid of the venue at the time of the choice. A resting order earns
half the spread where it fills; but it fills because the price comes to it, and what it misses it
must buy after the price has gone. For a mid that drifts nowhere the two are equal (optional
stopping: the mid's expected move at the time of a fill or of the end of patience is zero), so

    resting = P · maker fee + (1 - P) · (half spread + taker fee) + waiting
    crossing = half spread + taker fee + what the order's way costs

`tests/bot3/execution/test_choice.py` has the simulation that the first line is checked against.
"""

from __future__ import annotations

import math

from attrs import frozen


def fill_probability(
    distance_bps: float, volatility_bps_per_root_s: float, patience_s: float
) -> float:
    """That a driftless Brownian mid comes as far as the order's price within the patience.

    The reflection principle: 2 Phi(-d / (sigma sqrt(T))). Queues make it less, takers that cross
    the spread without moving the mid make it more: `VenueRecord` corrects it by what was seen.
    """
    spread_of_mid = volatility_bps_per_root_s * math.sqrt(max(patience_s, 0.0))
    if spread_of_mid <= 0:
        return 0.0
    return math.erfc(max(distance_bps, 0.0) / spread_of_mid / math.sqrt(2))


@frozen(kw_only=True)
class Costs:
    """Of one venue for one side, from its mid: of resting and of crossing."""

    resting_bps: float
    crossing_bps: float

    @property
    def is_resting_cheaper(self) -> bool:
        """Also where both cost the same: then waiting is free, and patience bounds it."""
        return self.resting_bps <= self.crossing_bps


def costs_of(
    *,
    half_spread_bps: float,
    maker_fee_bps: float,
    taker_fee_bps: float,
    fill_probability: float,
    patience_s: float,
    penalty_bps: float,
    waiting_bps_per_s: float,
) -> Costs:
    """`penalty_bps` is what the way of a crossing order costs; `waiting_bps_per_s` is what the
    signal behind the order loses in a second, for the mean time until it fills (taken as half the
    patience where it fills).
    """
    crossing = half_spread_bps + taker_fee_bps + penalty_bps
    waiting = waiting_bps_per_s * patience_s * (1 - fill_probability / 2)
    resting = fill_probability * maker_fee_bps + (1 - fill_probability) * crossing + waiting
    return Costs(resting_bps=resting, crossing_bps=crossing)
