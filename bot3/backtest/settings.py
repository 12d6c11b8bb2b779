"""What a backtest assumes of its account and of the way to the venue, and what it says of a trade.

Invariant: costs are never negative.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import field, frozen, validators

from bot3.domain.bars import Ints
from bot3.domain.ids import RunId
from bot3.domain.values import VenueName

VENUE: Final = VenueName("backtest")
RUN: Final = RunId("backtest")
LIFETIME_NS: Final = 86_400 * 1_000_000_000


@frozen(kw_only=True)
class BacktestSettings:
    """`fee` and `slippage` as shares of the price; `latency_s` from a close to the venue: an order
    that misses an open is filled at the next; of trades at the first one after it arrived.
    `lot_size` 0: amounts are not rounded.
    """

    cash: float = field(default=10_000.0, validator=validators.gt(0))
    fee: float = field(default=0.001, validator=[validators.ge(0), validators.lt(1)])
    slippage: float = field(default=0.0, validator=[validators.ge(0), validators.lt(1)])
    latency_s: float = field(default=0.0, validator=validators.ge(0))
    lot_size: float = field(default=0.0, validator=validators.ge(0))

    @property
    def latency_ns(self) -> int:
        """From a decision to the venue."""
        return round(self.latency_s * 1e9)


@frozen
class RoundTrip:
    """One position, from its entry to its exit; times are opens. `reason`: why it ended.
    `funding`: what it paid, received below zero; `pnl` is after it and after `fees`.
    """

    symbol: str
    entry_ns: int
    entry_price: float
    exit_ns: int | None
    exit_price: float
    amount: float
    fees: float
    pnl: float
    reason: str
    funding: float = 0.0


def first_open_after(open_ns: Ints, arrived_ns: Ints) -> Ints:
    """Rows that open when it has arrived, the first of each; beyond the last where none does."""
    return np.searchsorted(open_ns, arrived_ns, side="left").astype(np.int64)
