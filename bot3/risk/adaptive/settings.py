"""What sizes follow, and how far.

Invariant: whatever is set here, an adaptive limit is never looser than the configured one.
"""

from __future__ import annotations

from attrs import evolve, field, frozen, validators

from bot3.risk.adaptive.ladder import LadderSettings
from bot3.risk.edge import KellySettings

_SHARE = [validators.ge(0.0), validators.le(1.0)]


@frozen
class AdaptiveSettings:
    """Zero switches a factor off, but for `volatile_multiplier`, where one does.

    `bar_s`: how long a bar takes. `volatility_target`: of a year; what moves more is held less.
    `shortfall_max`: what a full book may lose on the worst 2.5 % of days, as a share of equity.
    `volatile_multiplier`: the size in the most volatile regime, weighed by its probability.
    `is_allocated`: positions are what the last allocation makes of all strategies' targets (see
    `bot3.risk.adaptive.allocated`), nothing before the first; `blend` is traded where none is.
    `loss_streak`: after so many losing round trips in a row each further one
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
    blend: str = "hybrid"
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
