"""Cross markets of the simulated world: `ETH/BTC` is worth what its two assets are, but for a gap.

Whoever makes a cross market looks at the two others; now and then it is pushed away from them, by a
trader who wants the one for the other whatever it costs, and comes back within seconds. Those gaps
are planted: they are what loops of three trades live on.

Invariant: without a cross symbol no dice are thrown here, so that the other markets are the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

from adapters.simulated.latent import BASIS_POINT, WorldSettings
from bot3.domain.values import Symbol
from supervisors.entropy import Dice


def legs_of(symbol: Symbol, symbols: Sequence[Symbol]) -> tuple[int, int] | None:
    """The places of the two symbols that value base and quote in one currency, where there are."""
    base, _, quote = symbol.partition("/")
    places = {each.partition("/")[::2]: at for at, each in enumerate(symbols)}
    for (asset, currency), at in places.items():
        other = places.get((quote, currency))
        if asset == base and currency != quote and other is not None:
            return at, other
    return None


@final
class CrossGap:
    """How far one cross market is from what its assets are worth, as a log."""

    def __init__(self, settings: WorldSettings, dice: Dice) -> None:
        self.log = 0.0
        self._settings, self._dice = settings, dice

    def step(self, dt_s: float) -> None:
        """On by `dt_s` seconds."""
        settings = self._settings
        self.log *= math.exp(-dt_s / settings.gap_memory_s)
        if self._dice.random() < dt_s / settings.gap_mean_s:
            self.log += self._dice.gauss(0.0, settings.gap_bps * BASIS_POINT)
