"""The best levels of a book as a diff stream's followers have them (OKX, Bybit).

Invariant: what `whole` and `changes` handed out, applied in order, is the best `depth` levels of
each side at `update_id`; nothing is removed that was not handed out.
"""

from __future__ import annotations

from typing import NamedTuple, final

from adapters.simulated.market import Market
from bot3.domain.values import Side

Levels = list[tuple[int, int]]


class Sides(NamedTuple):
    """(ticks, lots) of both sides, best first where whole; zero lots remove."""

    bids: Levels
    asks: Levels


@final
class LevelWindow:
    """One market's, at one depth. Shared by every follower of the same stream."""

    def __init__(self, market: Market, depth: int) -> None:
        self._market, self._depth = market, depth
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self.update_id = -1

    def whole(self) -> Sides:
        """As of the last `changes`: a follower who joins gets what the others have."""
        return Sides(list(self._bids.items()), list(self._asks.items()))

    def changes(self) -> Sides | None:
        """What moved within the window since the last call; None where nothing did."""
        engine = self._market.engine
        if engine.update_id == self.update_id:
            return None
        self.update_id = engine.update_id
        bids = dict(engine.top(Side.BUY, self._depth))
        asks = dict(engine.top(Side.SELL, self._depth))
        changed = Sides(_moved(self._bids, bids), _moved(self._asks, asks))
        self._bids, self._asks = bids, asks
        return changed if changed.bids or changed.asks else None


def _moved(old: dict[int, int], new: dict[int, int]) -> Levels:
    gone = [(ticks, 0) for ticks in old if ticks not in new]
    return gone + [(ticks, lots) for ticks, lots in new.items() if old.get(ticks) != lots]
