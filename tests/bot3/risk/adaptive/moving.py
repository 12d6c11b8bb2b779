"""Instruments that move, for tests of limits that adapt."""

from __future__ import annotations

import math

from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId, Symbol
from bot3.market.features import FEATURE_NAMES
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel
from bot3.risk.adaptive.manager import YEAR_S, AdaptiveRiskManager
from bot3.risk.adaptive.settings import AdaptiveSettings
from bot3.risk.limits import RiskLimits
from tests.bot3.making import KEY, SECOND_NS, START_NS, VENUE, d

ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))
KEYS = (KEY, ETHER)
HARD = RiskLimits(position_fraction_max=0.2, exposure_fraction_max=0.4)
SIZES = (
    "position_fraction_max", "exposure_fraction_max", "asset_fraction_max", "venue_fraction_max",
)  # fmt: skip
QUIET = AdaptiveSettings(volatility_target=0.0, shortfall_max=0.0, volatile_multiplier=1.0)
NARROW = Quote(99.99, 5.0, 100.01, 5.0)


def bar(
    number: int, log_return: float, key: InstrumentId = KEY, volatile: float = 0.0
) -> RegimeEstimated:
    ts_ns = START_NS + number * SECOND_NS
    values = (log_return,) * len(FEATURE_NAMES)
    features = FeaturesComputed(key, ts_ns, 0, 100.0, log_return, values)
    return RegimeEstimated(key, ts_ns, (1 - volatile, volatile), RegimeLabel.CALM, features)


def moved(made: AdaptiveRiskManager, a_year: float, bars: int = 60, start: int = 0) -> None:
    """Both instruments move by so much a year, each by itself."""
    step = a_year / math.sqrt(YEAR_S)
    for number in range(bars):
        for key, sign in ((KEY, (-1) ** number), (ETHER, (-1) ** (number // 2))):
            made.on_bar(bar(start + number + 1, sign * step, key), NARROW, d(10_000))


def share(made: AdaptiveRiskManager, key: InstrumentId = KEY) -> float:
    return made.limits_of(key).position_fraction_max


def path(key: InstrumentId, moves: list[float]) -> list[Bar]:
    closes = [100.0 * math.exp(sum(moves[:number])) for number in range(len(moves) + 1)]
    return [
        Bar(key, 1, START_NS + number * SECOND_NS, close, close, close, close, 1.0)
        for number, close in enumerate(closes)
    ]
