"""Technical analysis: three families of rules, blended by what the market is doing.

Invariant: the families' shares are non-negative and sum to one, each signal is in [-1, 1], so the
target is too. Calm markets revert, directed ones trend, wild ones break out.
"""

from __future__ import annotations

from math import sqrt, tanh

from attrs import field, frozen, validators

from bot3.market.features import FEATURE_INDEX
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.strategies.base import ABSTAIN, Opinion, check_inputs, clip

_EMA_DISTANCE = FEATURE_INDEX["ema_distance"]
_MACD = FEATURE_INDEX["macd_histogram"]
_RSI = FEATURE_INDEX["rsi_14"]
_BOLLINGER = FEATURE_INDEX["bollinger_b"]
_ATR = FEATURE_INDEX["atr_14"]
_ADX = FEATURE_INDEX["adx_14"]
_RETURN = FEATURE_INDEX["log_return_20"]
_VOLATILITY = FEATURE_INDEX["volatility_20"]
_VOLUME = FEATURE_INDEX["volume_score"]
_RETURN_BARS = 20

_POSITIVE = validators.gt(0.0)


@frozen
class TASettings:
    """Where the rules bite.

    `adx_none`, `adx_full`: below and above, the market counts as not directed, fully directed.
    `ema_full_ranges`: distance of the averages, in ATR, at which the trend is three quarters on.
    `macd_share`: part of MACD's histogram in the trend signal.
    `rsi_band`: distance of RSI from 50 that is fully overbought or oversold (Wilder: 20).
    `breakout_start`, `breakout_full`: 20-bar return in its own deviations.
    `volatile_exposure`: the largest target in a wild market.
    """

    adx_none: float = field(default=15.0, validator=validators.ge(0.0))
    adx_full: float = field(default=30.0, validator=_POSITIVE)
    ema_full_ranges: float = field(default=1.0, validator=_POSITIVE)
    macd_share: float = field(default=0.3, validator=[validators.ge(0.0), validators.le(1.0)])
    rsi_band: float = field(default=20.0, validator=_POSITIVE)
    breakout_start: float = field(default=1.0, validator=validators.ge(0.0))
    breakout_full: float = field(default=2.0, validator=_POSITIVE)
    volatile_exposure: float = field(
        default=0.5, validator=[validators.ge(0.0), validators.le(1.0)]
    )

    def __attrs_post_init__(self) -> None:
        if self.adx_full <= self.adx_none or self.breakout_full <= self.breakout_start:
            raise ValueError(f"full must be above none and start: {self}")


class TAStrategy:
    """Trend, mean reversion and breakout; holds no state of its own.

    The confidence is the families' agreement: 1 where all that speak point the same way, 0 where
    they cancel or nothing moves.
    """

    __slots__ = ("_settings",)

    name = "ta"

    def __init__(self, settings: TASettings | None = None) -> None:
        self._settings = settings or TASettings()

    def decide(self, features: FeaturesComputed, regime: RegimeEstimated) -> Opinion:
        """Blends the families by the regime's probabilities and the strength of the trend."""
        check_inputs(features, regime)
        values, settings = features.values, self._settings
        if values[_ATR] <= 0.0:
            return ABSTAIN
        volatile = regime.probabilities[-1]
        span = settings.adx_full - settings.adx_none
        directed = min(max((values[_ADX] - settings.adx_none) / span, 0.0), 1.0)
        parts = (
            (1.0 - volatile) * (1.0 - directed) * self._reversion(values),
            (1.0 - volatile) * directed * self._trend(values),
            volatile * settings.volatile_exposure * self._breakout(values),
        )
        target, spoken = sum(parts), sum(abs(part) for part in parts)
        if spoken <= 0.0:
            return ABSTAIN
        return Opinion(clip(target), min(abs(target) / spoken, 1.0))

    def _trend(self, values: tuple[float, ...]) -> float:
        settings, atr = self._settings, values[_ATR]
        averages = tanh(values[_EMA_DISTANCE] / (atr * settings.ema_full_ranges))
        # The histogram is a difference of differences: about a quarter of the averages' distance.
        momentum = tanh(4.0 * values[_MACD] / (atr * settings.ema_full_ranges))
        return (1.0 - settings.macd_share) * averages + settings.macd_share * momentum

    def _reversion(self, values: tuple[float, ...]) -> float:
        strength = clip((values[_RSI] - 50.0) / self._settings.rsi_band)
        band = clip(2.0 * values[_BOLLINGER] - 1.0)
        return -(strength + band) / 2.0

    def _breakout(self, values: tuple[float, ...]) -> float:
        """Beyond the usual 20-bar move, in its direction; half of it only with volume."""
        settings, deviation = self._settings, values[_VOLATILITY] * sqrt(_RETURN_BARS)
        if deviation <= 0.0:
            return 0.0
        score = values[_RETURN] / deviation
        span = settings.breakout_full - settings.breakout_start
        size = min(max((abs(score) - settings.breakout_start) / span, 0.0), 1.0)
        confirmed = 0.5 + 0.5 * min(max(values[_VOLUME] / 2.0, 0.0), 1.0)
        return size * confirmed if score > 0.0 else -size * confirmed
