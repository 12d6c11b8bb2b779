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
from attrs import evolve, field, frozen, validators

from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId
from bot3.messages.minds import RegimeEstimated, TargetProposed
from bot3.messages.risk import AllocationSolved, RiskScaled
from bot3.risk.adaptive.comovement import Comovement
from bot3.risk.adaptive.garch import GarchParameters
from bot3.risk.adaptive.ladder import DrawdownLadder, LadderSettings
from bot3.risk.adaptive.liquidity import Liquidity
from bot3.risk.adaptive.volatility import Volatility
from bot3.risk.edge import KellySettings, KellySizer
from bot3.risk.limits import RiskLimits

YEAR_S: Final = 365 * 86_400
DAY_S: Final = 86_400
_SHARE = [validators.ge(0.0), validators.le(1.0)]
_BOOK_BARS: Final = 10  # the book's risk is measured anew after so many bars of an instrument


@frozen
class AdaptiveSettings:
    """Zero switches a factor off, but for `volatile_multiplier`, where one does.

    `bar_s`: how long a bar takes. `volatility_target`: of a year; what moves more is held less.
    `shortfall_max`: what a full book may lose on the worst 2.5 % of days, as a share of equity.
    `volatile_multiplier`: the size in the most volatile regime, weighed by its probability.
    `is_allocated`: no instrument is held more than its share of the last allocation, nothing
    before the first. `loss_streak`: after so many losing round trips in a row each further one
    takes `loss_multiplier` of the size, never less than a quarter of it.
    `full_size_spread_bps`: wider spreads are traded smaller. `touch_multiple_max`: a position is at
    most so many times what rests at the best price.
    """

    bar_s: float = field(default=1.0, validator=validators.gt(0.0))
    volatility_target: float = field(default=0.8, validator=validators.ge(0.0))
    shortfall_max: float = field(default=0.02, validator=_SHARE)
    volatile_multiplier: float = field(default=0.75, validator=_SHARE)
    loss_streak: int = field(default=0, validator=validators.ge(0))
    loss_multiplier: float = field(default=0.75, validator=_SHARE)
    full_size_spread_bps: float = field(default=10.0, validator=validators.ge(0.0))
    touch_multiple_max: float = field(default=0.0, validator=validators.ge(0.0))
    memory_bars: int = field(default=300, validator=validators.ge(10))
    ladder: LadderSettings = field(factory=LadderSettings)
    is_kelly_used: bool = False
    is_allocated: bool = False
    kelly: KellySettings = field(factory=KellySettings)

    def neutral(self) -> AdaptiveSettings:
        """Every factor off; Kelly sizing and the rule of re-opening stay as they are."""
        return evolve(
            self,
            volatility_target=0.0,
            shortfall_max=0.0,
            volatile_multiplier=1.0,
            loss_streak=0,
            full_size_spread_bps=0.0,
            touch_multiple_max=0.0,
            ladder=evolve(self.ladder, steps=0),
        )


_LOSS_FLOOR: Final = 0.25
# A size that followed every flicker would pay fees for it: a factor is followed when it has moved
# by so much of itself.
_BAND: Final = 0.3
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
        self._allocated: Mapping[InstrumentId, float] = {}
        self._limits: dict[InstrumentId, RiskLimits] = {}
        self._seen_ns = dict.fromkeys(instruments, 0)
        self._bars = 0

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

    def warm_up(self, instrument: InstrumentId, bars: Sequence[Bar]) -> None:
        """Closed bars of the past, oldest first: a restarted one knows what moved."""
        for before, bar in pairwise(bars):
            if before.close > 0.0 and bar.close > 0.0:
                self._moved(instrument, bar.close_ns, log(bar.close / before.close))

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

    def on_target(self, proposed: TargetProposed) -> None:
        """What the blend wants: Kelly weighs what it would earn."""
        if self.kelly is not None and proposed.instrument in self._volatilities:
            self.kelly.on_target(proposed.instrument, proposed.target * proposed.confidence)

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

    def on_fit(self, instrument: InstrumentId, parameters: GarchParameters) -> None:
        """GARCH parameters of an instrument's bars."""
        if (known := self._volatilities.get(instrument)) is not None:
            known.fit(parameters)

    def on_allocation(self, solved: AllocationSolved) -> None:
        """Shares of equity by instrument; they bind where that is configured."""
        if self._settings.is_allocated:
            self._allocated = dict(solved.shares)
            self._limits.clear()

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
        if self._settings.is_allocated:
            share = min(share, self._allocated.get(instrument, 0.0))
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
