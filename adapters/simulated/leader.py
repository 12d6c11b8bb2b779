"""How one venue's market follows another's: arbitrageurs who see the leader's book a little late.

Whoever makes the follower's market goes after the leader's middle as it was `latency_s` ago, most
of the way at the first look; what is dearer or cheaper there is taken at once. So the lead and the
lag are theirs, and what moves the leader's book, our own orders included, moves the follower's.

Invariant: nothing is seen before its time, and the same leader gives the same follower.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import final

from adapters.simulated.book import LevelSet
from adapters.simulated.market import Market, Print, Top
from bot3.domain.values import Symbol

_NS_PER_S = 1_000_000_000
_CLOSED_AT_ONCE = 0.75  # of a gap, by the quickest of them; the others are a look behind


@final
class LeaderMids:
    """The leader's middles as an arbitrageur sees them, `latency_s` seconds late."""

    def __init__(self, markets: Mapping[Symbol, Market], latency_s: float) -> None:
        self._latency_ns = round(latency_s * _NS_PER_S)
        self._under_way: deque[tuple[int, Symbol, float]] = deque()
        self._seen: dict[Symbol, float] = {}
        self._followed: dict[Symbol, float] = {}
        for symbol, market in markets.items():
            top = market.top()
            if top.bid and top.ask:
                self._seen[symbol] = _middle(market, top)
            market.listen(self)

    def step(self, now_ns: int) -> Mapping[Symbol, float]:
        """Where they have pushed the follower at `now_ns`; an empty side shows them nothing."""
        while self._under_way and self._under_way[0][0] <= now_ns:
            _, symbol, middle = self._under_way.popleft()
            self._seen[symbol] = middle
        for symbol, middle in self._seen.items():
            there = self._followed.get(symbol, middle)
            self._followed[symbol] = there + _CLOSED_AT_ONCE * (middle - there)
        return self._followed

    def traded(self, market: Market, trade: Print) -> None:
        """Shows in the book."""

    def book_changed(self, market: Market, changes: Sequence[LevelSet], ts_ns: int) -> None:
        """Only the best prices count."""

    def top_changed(self, market: Market, top: Top, ts_ns: int) -> None:
        if top.bid and top.ask:
            seen_ns = ts_ns + self._latency_ns
            self._under_way.append((seen_ns, market.symbol, _middle(market, top)))


def _middle(market: Market, top: Top) -> float:
    return float(market.scale.tick_size) * (top.bid + top.ask) / 2
