"""What it would take to leave: the spread, and what rests at the best price, as averages.

Invariant: a factor is in [0, 1], and 1 before anything was seen.
"""

from __future__ import annotations

from typing import final

from bot3.domain.book import Quote


@final
class Liquidity:
    """Of one instrument, a sample a bar; crossed and one-sided quotes are left out."""

    __slots__ = ("_decay", "_depth", "_samples", "_spread_bps")

    def __init__(self, memory_bars: int) -> None:
        self._decay = 1.0 / memory_bars
        self._samples = 0
        self._spread_bps = self._depth = 0.0

    def update(self, quote: Quote) -> None:
        """The touch now; depth is that of its thinner side, in quote."""
        if not 0.0 < quote.bid < quote.ask < 1e15:
            return
        self._samples += 1
        weight = max(self._decay, 1.0 / self._samples)
        middle = (quote.bid + quote.ask) / 2.0
        spread_bps = (quote.ask - quote.bid) / middle * 1e4
        depth = min(quote.bid_amount, quote.ask_amount) * middle
        self._spread_bps += weight * (spread_bps - self._spread_bps)
        self._depth += weight * (depth - self._depth)

    def spread_factor(self, full_size_bps: float) -> float:
        """The share of the size at which a round trip costs no more than at that spread."""
        is_narrow = not self._samples or self._spread_bps <= full_size_bps
        return 1.0 if is_narrow else full_size_bps / self._spread_bps

    def depth_factor(self, multiple_max: float, full_size: float) -> float:
        """The share of `full_size` (in quote) that is so many times the touch, at most one."""
        if not self._samples or full_size <= 0.0:
            return 1.0
        return min(1.0, multiple_max * self._depth / full_size)
