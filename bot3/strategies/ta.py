"""Technical analysis: four families of rules, blended by what the market is doing.

Invariant: the families' shares are non-negative and sum to one, each signal is in [-1, 1], so the
target is too. Calm markets revert, directed ones trend, wild ones break out or expand. What is
known not to pay its costs in a regime is not said there.
"""

from __future__ import annotations

from math import sqrt, tanh

from attrs import field, frozen, validators

from bot3.learning.performance import RealizedCost
from bot3.market.features import FEATURE_INDEX
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.strategies.base import ABSTAIN, Opinion, check_inputs, clip
from bot3.strategies.thresholds import AdaptiveThreshold

_EMA_DISTANCE = FEATURE_INDEX["ema_distance"]
_MACD = FEATURE_INDEX["macd_histogram"]
_RSI = FEATURE_INDEX["rsi_14"]
_BOLLINGER = FEATURE_INDEX["bollinger_b"]
_ATR = FEATURE_INDEX["atr_14"]
_ADX = FEATURE_INDEX["adx_14"]
_RETURNS = {bars: FEATURE_INDEX[f"log_return_{bars}"] for bars in (5, 20, 60)}
_VOLATILITIES = {bars: FEATURE_INDEX[f"volatility_{bars}"] for bars in (5, 20, 60)}
_VOLUME = FEATURE_INDEX["volume_score"]

_POSITIVE = validators.gt(0.0)


@frozen
class TASettings:
    """Where the rules bite.

    `adx_none`, `adx_full`: below and above, the market counts as not directed, fully directed.
    `ema_full_ranges`: distance of the averages, in ATR, at which the trend is three quarters on.
    `macd_share`: part of MACD's histogram in the trend signal.
    `rsi_band`: distance of RSI from 50 that is fully overbought or oversold (Wilder: 20).
    `breakout_start`, `breakout_full`: a return over 20 and 60 bars in its own deviations.
    `expansion_full`: short volatility over long at which an expansion is full on.
    `horizon_share`: part of the longer of two horizons in a family's signal.
    `volatile_exposure`: the largest target in a wild market.
    """

    adx_none: float = field(default=15.0, validator=validators.ge(0.0))
    adx_full: float = field(default=30.0, validator=_POSITIVE)
    ema_full_ranges: float = field(default=1.0, validator=_POSITIVE)
    macd_share: float = field(default=0.3, validator=[validators.ge(0.0), validators.le(1.0)])
    rsi_band: float = field(default=20.0, validator=_POSITIVE)
    breakout_start: float = field(default=1.0, validator=validators.ge(0.0))
    breakout_full: float = field(default=2.0, validator=_POSITIVE)
    expansion_full: float = field(default=2.0, validator=validators.gt(1.0))
    horizon_share: float = field(default=0.4, validator=[validators.ge(0.0), validators.le(1.0)])
    volatile_exposure: float = field(
        default=0.5, validator=[validators.ge(0.0), validators.le(1.0)]
    )

    def __attrs_post_init__(self) -> None:
        if self.adx_full <= self.adx_none or self.breakout_full <= self.breakout_start:
            raise ValueError(f"full must be above none and start: {self}")


class TAStrategy:
    """Trend, mean reversion, breakout and volatility expansion; a threshold remembers what paid.

    The confidence is the families' agreement: 1 where all that speak point the same way, 0 where
    they cancel or nothing moves. Below the threshold it abstains.
    """

    __slots__ = ("_cost", "_settings", "_threshold")

    name = "ta"

    def __init__(
        self,
        settings: TASettings | None = None,
        threshold: AdaptiveThreshold | None = None,
        cost_bps: float | None = None,
    ) -> None:
        """`cost_bps` of a trade, one way, before any fill; None: what pays is not asked."""
        self._settings = settings or TASettings()
        self._threshold = threshold
        self._cost = None if cost_bps is None else RealizedCost(cost_bps)
        self._price()

    def on_cost(self, cost_bps: float) -> None:
        """What a fill cost."""
        if self._cost is not None:
            self._cost.update(cost_bps)
            self._price()

    def _price(self) -> None:
        """Its signals turn round within their horizon: what they promise has to pay both ways."""
        if self._threshold is not None and self._cost is not None:
            self._threshold.cost_bps = 2.0 * self._cost.bps

    def decide(self, features: FeaturesComputed, regime: RegimeEstimated) -> Opinion:
        """Blends the families by the regime's probabilities and the strength of the trend."""
        check_inputs(features, regime)
        said = self._say(features.values, regime.probabilities[-1])
        if self._threshold is None:
            return said
        label = regime.label.value
        passed = self._threshold.update(said.target, features.log_return, label)
        return said if passed != 0.0 else ABSTAIN

    def _say(self, values: tuple[float, ...], volatile: float) -> Opinion:
        settings = self._settings
        if values[_ATR] <= 0.0:
            return ABSTAIN
        span = settings.adx_full - settings.adx_none
        directed = min(max((values[_ADX] - settings.adx_none) / span, 0.0), 1.0)
        wild = volatile * settings.volatile_exposure / 2.0
        parts = (
            (1.0 - volatile) * (1.0 - directed) * self._reversion(values),
            (1.0 - volatile) * directed * self._trend(values),
            wild * self._breakout(values),
            wild * self._expansion(values),
        )
        target, spoken = sum(parts), sum(abs(part) for part in parts)
        if spoken <= 0.0:
            return ABSTAIN
        return Opinion(clip(target), min(abs(target) / spoken, 1.0))

    def _over(self, short: float, long: float) -> float:
        """Two horizons of one family."""
        share = self._settings.horizon_share
        return (1.0 - share) * short + share * long

    def _trend(self, values: tuple[float, ...]) -> float:
        settings, atr = self._settings, values[_ATR]
        averages = tanh(values[_EMA_DISTANCE] / (atr * settings.ema_full_ranges))
        # The histogram is a difference of differences: about a quarter of the averages' distance.
        momentum = tanh(4.0 * values[_MACD] / (atr * settings.ema_full_ranges))
        short = (1.0 - settings.macd_share) * averages + settings.macd_share * momentum
        return self._over(short, tanh(_score(values, 60)))

    def _reversion(self, values: tuple[float, ...]) -> float:
        strength = clip((values[_RSI] - 50.0) / self._settings.rsi_band)
        band = clip(2.0 * values[_BOLLINGER] - 1.0)
        return -self._over((strength + band) / 2.0, clip(_score(values, 5) / 2.0))

    def _breakout(self, values: tuple[float, ...]) -> float:
        """Beyond the usual move, in its direction; half of it only with volume."""
        confirmed = 0.5 + 0.5 * min(max(values[_VOLUME] / 2.0, 0.0), 1.0)
        moves = (self._beyond(_score(values, bars)) for bars in (20, 60))
        return confirmed * self._over(*moves)

    def _expansion(self, values: tuple[float, ...]) -> float:
        """Where short volatility outgrows the long one, with the move that it came with."""
        usual = values[_VOLATILITIES[60]]
        if usual <= 0.0:
            return 0.0
        span = self._settings.expansion_full - 1.0
        ratios = (
            min(max((values[_VOLATILITIES[bars]] / usual - 1.0) / span, 0.0), 1.0)
            for bars in (5, 20)
        )
        return self._over(*ratios) * clip(_score(values, 5))

    def _beyond(self, score: float) -> float:
        settings = self._settings
        span = settings.breakout_full - settings.breakout_start
        size = min(max((abs(score) - settings.breakout_start) / span, 0.0), 1.0)
        return size if score > 0.0 else -size


def _score(values: tuple[float, ...], bars: int) -> float:
    """A return over so many bars, in its own deviations; 0 where nothing moved."""
    deviation = values[_VOLATILITIES[min(bars, 60)]] * sqrt(bars)
    return values[_RETURNS[bars]] / deviation if deviation > 0.0 else 0.0
