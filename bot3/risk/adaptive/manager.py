"""Sizes that follow volatility, regime, spread, depth, drawdown and luck, below the hard limits.

    limit of an instrument = hard limit * instrument's factors * book's factors, and Kelly's share

Invariant: every factor is in [0, 1]: whatever the news, no limit is looser than the configured one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from math import isfinite, log, prod, sqrt
from typing import Final, final

import numpy as np
from attrs import evolve

from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId
from bot3.messages.minds import RegimeEstimated, TargetProposed
from bot3.messages.risk import (
    AllocationSolved,
    BetsMeasured,
    LadderMoved,
    RiskScaled,
    VolatilityFitted,
)
from bot3.risk.adaptive.allocated import Allocated
from bot3.risk.adaptive.comovement import Comovement
from bot3.risk.adaptive.garch import GarchParameters
from bot3.risk.adaptive.ladder import DrawdownLadder
from bot3.risk.adaptive.liquidity import Liquidity
from bot3.risk.adaptive.settings import AdaptiveSettings
from bot3.risk.adaptive.volatility import Volatility
from bot3.risk.edge import KellySizer
from bot3.risk.limits import RiskLimits

YEAR_S: Final = 365 * 86_400
DAY_S: Final = 86_400
_BOOK_BARS: Final = 10  # the book's risk is measured anew after so many bars of an instrument


_LOSS_FLOOR: Final = 0.25
# A size that followed every flicker would pay fees for it: a factor is followed when it has moved
# by so much of itself.
_BAND: Final = 0.3
_WEIGH_NS: Final = 30 * 1_000_000_000
_WRITE_NS: Final = 300 * 1_000_000_000  # a restart loses no more of what the blend earned
_REGIME_SHARE: Final = 0.05  # of a new bar in the regime that sizes go by


def _settled(applied: float, wanted: float) -> float:
    """The old factor while the new one is near it."""
    is_near = applied * (1.0 - _BAND) < wanted < applied * (1.0 + _BAND)
    return applied if is_near and wanted < 1.0 else wanted


@final
class AdaptiveRiskManager:
    """One for all instruments."""

    def __init__(
        self,
        limits: RiskLimits,
        instruments: Sequence[InstrumentId],
        settings: AdaptiveSettings,
    ) -> None:
        self._hard, self._settings = limits, settings
        self.ladder = DrawdownLadder(settings.ladder)
        self.kelly = KellySizer(instruments, settings.kelly) if settings.is_kelly_used else None
        self._volatilities = {key: Volatility(settings.memory_bars) for key in instruments}
        self._comovement = Comovement(instruments, settings.memory_bars)
        self._liquidity = {key: Liquidity(settings.memory_bars) for key in instruments}
        self._own: dict[InstrumentId, dict[str, float]] = {key: {} for key in instruments}
        self._applied = dict.fromkeys(instruments, 1.0)
        self._volatile: dict[InstrumentId, float] = {}
        self._book: dict[str, float] = {}
        self._allocated = Allocated(settings.blend) if settings.is_allocated else None
        self._limits: dict[InstrumentId, RiskLimits] = {}
        self._seen_ns = dict.fromkeys(instruments, 0)
        self._bars = self._weighed_ns = self._written_ns = 0

    def limits_of(self, instrument: InstrumentId) -> RiskLimits:
        """What binds orders in an instrument now."""
        known = self._limits.get(instrument)
        if known is None:
            known = self._limits[instrument] = self._tightened(instrument)
        return known

    def scaled(self, instrument: InstrumentId, ts_ns: int) -> RiskScaled:
        """What was made of it, and by which factors."""
        own = self._own.get(instrument, {})
        hard = self._hard.position_fraction_max
        share = self.limits_of(instrument).position_fraction_max
        scale = share / hard if hard else 0.0
        return RiskScaled(instrument, ts_ns, scale, share, {**own, **self._book})

    def on_bar(self, bar: RegimeEstimated, quote: Quote | None, equity: Decimal | None) -> None:
        """A bar closed; `quote` is the touch then."""
        instrument, moved = bar.instrument, bar.features.log_return
        if not self._moved(instrument, bar.ts_ns, moved):
            return
        if quote is not None:
            self._liquidity[instrument].update(quote)
        if self.kelly is not None:
            self.kelly.on_bar(instrument, bar.ts_ns, moved)
        self._own[instrument] = {
            "volatility": self._volatility_factor(instrument),
            "regime": self._regime_factor(bar),
            **self._liquidity_factors(instrument, equity),
        }
        before = self._applied[instrument]
        self._applied[instrument] = _settled(before, prod(self._own[instrument].values()))
        if self._applied[instrument] != before:
            self._limits.pop(instrument, None)
        self._bars += 1
        if self._bars % (_BOOK_BARS * len(self._volatilities)) == 0:
            before = self._book.get("shortfall", 1.0)
            self._put("shortfall", _settled(before, self._shortfall_factor()))

    def warm_up(self, bars: Mapping[InstrumentId, Sequence[Bar]]) -> None:
        """Closed bars of the past, oldest first: a restarted one knows what moved, and together."""
        moves = (
            (bar.close_ns, instrument, log(bar.close / before.close))
            for instrument, known in bars.items()
            for before, bar in pairwise(known)
            if before.close > 0.0 and bar.close > 0.0
        )
        for close_ns, instrument, log_return in sorted(moves):
            self._moved(instrument, close_ns, log_return)

    def restore_ladder(self, moved: LadderMoved, reopens: int) -> None:
        """The step on which an earlier life stood."""
        self.ladder.restore(moved.step, reopens)
        self._put("drawdown", self.ladder.scale)

    def restore_bets(self, bets: BetsMeasured) -> None:
        """What an earlier life saw the blend earn, where its bars were as long as ours."""
        if self.kelly is not None and bets.bar_s == self._settings.bar_s:
            self.kelly.restore(bets)

    def _moved(self, instrument: InstrumentId, ts_ns: int, log_return: float) -> bool:
        """False for a bar that was counted before, or is of no use."""
        known = self._volatilities.get(instrument)
        if known is None or not isfinite(log_return) or ts_ns <= self._seen_ns[instrument]:
            return False
        self._seen_ns[instrument] = ts_ns
        if known.latest is not None:
            self._comovement.update(instrument, ts_ns, log_return / known.latest)
        known.update(log_return)
        return True

    def on_target(self, proposed: TargetProposed) -> TargetProposed | None:
        """What is wanted under the allocation, and Kelly weighs what that would earn; None for a
        strategy that is not traded by itself.
        """
        wanted = proposed if self._allocated is None else self._allocated.blended(proposed)
        if wanted is not None and self.kelly is not None and wanted.instrument in self._own:
            self.kelly.on_target(wanted.instrument, wanted.target * wanted.confidence)
        return wanted

    def on_drawdown(self, drawdown: float, reopens: int) -> None:
        """The fall from the peak, and how often trading was opened again by rule since."""
        self.ladder.on_drawdown(drawdown, reopens)
        self._put("drawdown", self.ladder.scale)

    def on_losses(self, losses: int) -> None:
        """So many round trips in a row were lost."""
        beyond = losses - self._settings.loss_streak + 1
        is_on = self._settings.loss_streak > 0 and beyond > 0
        self._put(
            "losses",
            max(self._settings.loss_multiplier**beyond, _LOSS_FLOOR) if is_on else 1.0,
        )

    def on_fit(self, fitted: VolatilityFitted) -> None:
        """GARCH parameters of an instrument's bars; those of bars of another length say nothing."""
        known = self._volatilities.get(fitted.instrument)
        if known is not None and fitted.bar_s == self._settings.bar_s:
            known.fit(GarchParameters(fitted.omega, fitted.alpha, fitted.beta, fitted.mean))

    def on_allocation(self, solved: AllocationSolved) -> None:
        """Shares of equity by instrument; they bind where that is configured."""
        if self._allocated is not None:
            self._allocated.take(solved)
            self._limits.clear()

    def weigh_bets(self, now_ns: int) -> BetsMeasured | None:
        """Every half a minute; every few of them, what is to be written down."""
        if self.kelly is None or now_ns - self._weighed_ns < _WEIGH_NS:
            return None
        self._weighed_ns = now_ns
        self.size_by_kelly()
        if now_ns - self._written_ns < _WRITE_NS:
            return None
        self._written_ns = now_ns
        return self.kelly.measured(now_ns, self._settings.bar_s)

    def size_by_kelly(self) -> None:
        """Weighs all bets anew; where Kelly sizing is off, nothing."""
        if self.kelly is not None:
            self.kelly.solve()
            self._limits.clear()

    def _put(self, name: str, factor: float) -> None:
        if self._book.get(name, 1.0) != factor:
            self._book[name] = factor
            self._limits.clear()

    def _tightened(self, instrument: InstrumentId) -> RiskLimits:
        hard, book = self._hard, prod(self._book.values())
        share = hard.position_fraction_max * book * self._applied.get(instrument, 1.0)
        if self.kelly is not None:
            share = min(share, self.kelly.shares.get(instrument, 0.0))
        if self._allocated is not None:
            share = min(share, self._allocated.share(instrument))
        return evolve(
            hard,
            position_fraction_max=min(share, hard.position_fraction_max),
            exposure_fraction_max=hard.exposure_fraction_max * book,
            asset_fraction_max=hard.asset_fraction_max * book,
            venue_fraction_max=hard.venue_fraction_max * book,
        )

    def annual_volatility(self, instrument: InstrumentId) -> float | None:
        """In units of one a year; None while too little was seen."""
        latest = self._volatilities[instrument].latest
        return None if latest is None else latest * sqrt(YEAR_S / self._settings.bar_s)

    def _volatility_factor(self, instrument: InstrumentId) -> float:
        target, annual = self._settings.volatility_target, self.annual_volatility(instrument)
        return min(1.0, target / annual) if target and annual is not None else 1.0

    def _regime_factor(self, bar: RegimeEstimated) -> float:
        """A size follows what the regime has been of late: a single bar's probability flickers."""
        share = min(max(bar.probabilities[-1], 0.0), 1.0)
        known = self._volatile.get(bar.instrument, share)
        self._volatile[bar.instrument] = known = known + _REGIME_SHARE * (share - known)
        return 1.0 - known * (1.0 - self._settings.volatile_multiplier)

    def _liquidity_factors(
        self, instrument: InstrumentId, equity: Decimal | None
    ) -> Mapping[str, float]:
        seen, settings = self._liquidity[instrument], self._settings
        factors: dict[str, float] = {}
        if settings.full_size_spread_bps:
            factors["spread"] = seen.spread_factor(settings.full_size_spread_bps)
        if settings.touch_multiple_max and equity is not None:
            full = float(equity) * self._hard.position_fraction_max
            factors["depth"] = seen.depth_factor(settings.touch_multiple_max, full)
        return factors

    def _shortfall_factor(self) -> float:
        """Of a book in which every instrument is held as much as it may be, and no more in all."""
        if not self._settings.shortfall_max:
            return 1.0
        shares = np.zeros(len(self._volatilities))
        deviations = np.zeros(len(self._volatilities))
        for key, column in self._comovement.columns.items():
            shares[column] = self._hard.position_fraction_max * self._applied[key]
            deviations[column] = self._volatilities[key].latest or 0.0
        if (total := float(shares.sum())) > self._hard.exposure_fraction_max:
            shares *= self._hard.exposure_fraction_max / total
        bars_a_day = DAY_S / self._settings.bar_s
        lost = self._comovement.shortfall(shares, deviations) * sqrt(bars_a_day)
        return 1.0 if lost <= 0.0 else min(1.0, self._settings.shortfall_max / lost)
