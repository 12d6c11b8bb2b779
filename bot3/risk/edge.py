"""What following a strategy earned in each instrument, as bets that Kelly sizing can weigh.

A bet is: hold what the strategy wants of the whole equity, at the price of trading there. It is
counted whether we traded or not, so that a size of zero can end.

Invariant: a bar is earned by the target that stood before it; moments forget at one rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
from attrs import field, frozen, validators

from bot3.domain.values import InstrumentId
from bot3.messages.risk import BetsMeasured
from bot3.portfolio.followed import Followed
from bot3.risk.adaptive.rows import AlignedRows, Floats
from bot3.risk.kelly import kelly_shares


@frozen
class KellySettings:
    """`fraction` of the full bet; moments remember `memory_bars`; nothing is bet before `bars_min`.

    `cost_bps` per unit of turnover, one way; `rebalance_band`: a holding is left alone within it.
    """

    fraction: float = field(default=0.5, validator=[validators.gt(0), validators.le(1)])
    cap: float = field(default=1.0, validator=[validators.gt(0), validators.le(1)])
    memory_bars: int = field(default=50_000, validator=validators.ge(100))
    bars_min: int = field(default=600, validator=validators.ge(10))
    cost_bps: float = field(default=10.0, validator=validators.ge(0))
    rebalance_band: float = field(default=0.3, validator=[validators.ge(0), validators.le(1)])


@final
class KellySizer:
    """Shares of equity at a target of one, from what targets earned."""

    __slots__ = ("_followed", "_mean", "_moments", "_rows", "_settings", "_weight", "shares")

    def __init__(self, instruments: Sequence[InstrumentId], settings: KellySettings) -> None:
        self._settings = settings
        self._rows = AlignedRows(instruments)
        count = len(self._rows.columns)
        self._followed = {
            key: Followed(settings.cost_bps, settings.rebalance_band) for key in instruments
        }
        self._mean: Floats = np.zeros(count)
        self._moments: Floats = np.zeros((count, count))
        self._weight = 0.0
        self.shares: Mapping[InstrumentId, float] = dict.fromkeys(instruments, 0.0)

    def on_target(self, instrument: InstrumentId, target: float) -> None:
        """Where the strategy wants to be from now on."""
        self._followed[instrument].follow(target)

    def on_bar(self, instrument: InstrumentId, ts_ns: int, log_return: float) -> None:
        """What the market did; the caller sees to it that it is finite."""
        row = self._rows.put(instrument, ts_ns, self._followed[instrument].earn(log_return))
        if row is not None:
            self._take(np.nan_to_num(row))

    def _take(self, row: Floats) -> None:
        self._weight = self._weight * (1.0 - 1.0 / self._settings.memory_bars) + 1.0
        share = 1.0 / self._weight
        self._mean += share * (row - self._mean)
        self._moments += share * (np.outer(row, row) - self._moments)

    def measured(self, ts_ns: int, bar_s: float) -> BetsMeasured | None:
        """What to write down; None before anything was seen."""
        if not self._weight:
            return None
        upper = self._moments[np.triu_indices(len(self._mean))]
        keys = tuple(self._rows.columns)
        mean, moments = tuple(self._mean.tolist()), tuple(upper.tolist())
        return BetsMeasured(ts_ns, bar_s, keys, self._weight, mean, moments)

    def restore(self, bets: BetsMeasured) -> None:
        """Goes on with what an earlier life wrote, of the instruments that are still here.

        One that was not there then has earned nothing in all those bars: it begins with the mean
        and moments of so many zeros, which leave of it what its own bars are worth.
        """
        columns = self._rows.columns
        here = [at for at, key in enumerate(bets.instruments) if key in columns]
        if not here:
            return
        mine = [columns[bets.instruments[at]] for at in here]
        moments = np.zeros((len(bets.mean), len(bets.mean)))
        rows, others = np.triu_indices(len(moments))
        moments[rows, others] = moments[others, rows] = bets.moments
        self._weight = bets.weight
        self._mean[mine] = np.array(bets.mean)[here]
        self._moments[np.ix_(mine, mine)] = moments[np.ix_(here, here)]

    def solve(self) -> Mapping[InstrumentId, float]:
        """The shares from now on; zeros while too little was seen."""
        settings, columns = self._settings, self._rows.columns
        if self._weight < settings.bars_min:
            return self.shares
        found = kelly_shares(
            self._mean, self._moments, self._weight, fraction=settings.fraction, cap=settings.cap
        )
        self.shares = {key: float(found[column]) for key, column in columns.items()}
        return self.shares
