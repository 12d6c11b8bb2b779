"""The best levels of a book as a diff stream's followers have them (OKX, Bybit).

Invariant: what `whole` and `changes` handed out, applied in order, is the best `depth` levels of
each side at `update_id`; nothing is removed that was not handed out.
"""

from __future__ import annotations

from typing import NamedTuple, final

from adapters.simulated.market import Market
from adapters.simulated.matching import MatchingEngine
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
        self._bids = _Side(Side.BUY)
        self._asks = _Side(Side.SELL)
        self.update_id = -1

    def whole(self) -> Sides:
        """As of the last `changes`: a follower who joins gets what the others have."""
        return Sides(list(self._bids.levels), list(self._asks.levels))

    def changes(self) -> Sides | None:
        """What moved within the window since the last call; None where nothing did."""
        engine = self._market.engine
        if engine.update_id == self.update_id:
            return None
        self.update_id = engine.update_id
        bids = self._bids.take(engine, self._depth)
        asks = self._asks.take(engine, self._depth)
        return Sides(bids, asks) if bids or asks else None


@final
class _Side:
    """The best levels of one side, as they were handed out."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self.levels: Levels = []

    def take(self, engine: MatchingEngine, depth: int) -> Levels:
        """What is another one now."""
        old, new = self.levels, engine.top(self._side, depth)
        if old == new:
            return []
        self.levels = new
        there, before = {ticks for ticks, _ in new}, set(old)
        moved = [(ticks, 0) for ticks, _ in old if ticks not in there]
        return moved + [level for level in new if level not in before]
