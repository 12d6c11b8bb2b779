"""The takers of one market: when market orders come, and on which side.

Arrivals excite further arrivals, for a moment and for seconds (a Hawkes process with two
exponential kernels), and follow the market's activity. Most are slices of a few large orders worked
at a time, whose lengths have a power-law tail: so the sign of trades has a long memory, its
autocorrelation falling as lag^(1 - tail) (Lillo, Mike and Farmer 2005). The others lean with the
last move.

Invariant: what they do depends on the dice, the price's moves and its activity alone.
"""

from __future__ import annotations

import math
from typing import final

from adapters.simulated.agent_settings import AgentSettings, MarketUnits, OrderIds
from adapters.simulated.latent import BASIS_POINT
from adapters.simulated.market import Operation, Place
from bot3.domain.order import OrderType
from bot3.domain.values import Side
from supervisors.entropy import Dice

_ARRIVALS_MAX = 100
_SLICES_MAX = 100_000


@final
class Takers:
    """All of one market."""

    def __init__(
        self, settings: AgentSettings, units: MarketUnits, ids: OrderIds, dice: Dice
    ) -> None:
        self._settings, self._units, self._ids, self._dice = settings, units, ids, dice
        self._excited = [0.0, 0.0]
        self._memories_s = settings.taker_memories_s
        kicks = zip(settings.taker_excitations, self._memories_s, strict=True)
        self._kicks = [excitation / memory_s for excitation, memory_s in kicks]
        self._worked = [self._large_order() for _ in range(settings.splitters)]
        self._trend = 0.0
        self._last_latent = 0.0

    def step(self, latent: float, dt_s: float, activity: float) -> list[Operation]:
        """The arrivals of `dt_s`, in time order; `activity` is one where the market is usual."""
        self._follow(latent, dt_s)
        excited, kicks = self._excited, self._kicks
        rate = self._settings.taker_rate * activity + sum(excited)
        arrivals = self._arrivals(rate * dt_s)
        for index, memory_s in enumerate(self._memories_s):
            decayed = excited[index] * math.exp(-dt_s / memory_s)
            excited[index] = decayed + kicks[index] * arrivals
        return [self._take(latent) for _ in range(arrivals)]

    def _follow(self, latent: float, dt_s: float) -> None:
        if self._last_latent:
            move = math.log(latent / self._last_latent) / BASIS_POINT
            self._trend += move - self._trend * min(1.0, dt_s)
        self._last_latent = latent

    def _take(self, latent: float) -> Operation:
        size = self._settings.taker_size * self._dice.lognormvariate(-0.5, 1.2)
        lots = self._units.lots(size, latent)
        return Place(self._ids.next(), 0, self._side(), lots, None, OrderType.MARKET)

    def _side(self) -> Side:
        if self._dice.random() < self._settings.splitter_share:
            return self._slice()
        lean = max(-1.5, min(1.5, self._settings.momentum * self._trend))
        return Side.BUY if self._dice.random() < 1.0 / (1.0 + math.exp(-lean)) else Side.SELL

    def _slice(self) -> Side:
        """Of one of the large orders; a finished one makes place for the next."""
        index = int(self._dice.random() * len(self._worked))
        side, left = self._worked[index]
        self._worked[index] = (side, left - 1) if left > 1 else self._large_order()
        return side

    def _large_order(self) -> tuple[Side, int]:
        """Its side and how many slices it is cut into."""
        side = Side.BUY if self._dice.random() < 0.5 else Side.SELL
        slices = self._dice.paretovariate(self._settings.splitter_tail)
        return side, min(math.ceil(slices), _SLICES_MAX)

    def _arrivals(self, mean: float) -> int:
        """Poisson, by inversion: means are small."""
        left, probability, count = self._dice.random(), math.exp(-min(mean, 20.0)), 0
        while left > probability and count < _ARRIVALS_MAX:
            left -= probability
            count += 1
            probability *= mean / count
        return count
