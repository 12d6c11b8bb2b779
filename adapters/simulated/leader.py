"""How one venue's market follows another's: arbitrageurs who see the leader's book a little late.

Whoever makes the follower's market takes the leader's middle, as it was `latency_s` ago, for the
price; what is dearer or cheaper there is taken at once. So the lead and the lag are theirs, and
what moves the leader's book, our own orders included, moves the follower's.

Invariant: nothing is seen before its time, and the same leader gives the same follower.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import final

from adapters.simulated.market import Market
from bot3.domain.values import Symbol

_NS_PER_S = 1_000_000_000


@final
class LeaderMids:
    """The leader's middles as an arbitrageur sees them, `latency_s` seconds late."""

    def __init__(self, markets: Mapping[Symbol, Market], latency_s: float) -> None:
        self._markets = markets
        self._latency_ns = round(latency_s * _NS_PER_S)
        self._under_way: deque[tuple[int, dict[Symbol, float]]] = deque()
        self._seen = self._look()

    def step(self, now_ns: int) -> Mapping[Symbol, float]:
        """What is seen at `now_ns`; looks at the leader, too. An empty side shows nothing new."""
        self._under_way.append((now_ns + self._latency_ns, self._look()))
        while self._under_way and self._under_way[0][0] <= now_ns:
            self._seen = {**self._seen, **self._under_way.popleft()[1]}
        return self._seen

    def _look(self) -> dict[Symbol, float]:
        tops = {symbol: market.top() for symbol, market in self._markets.items()}
        return {
            symbol: float(self._markets[symbol].scale.tick_size) * (top.bid + top.ask) / 2
            for symbol, top in tops.items()
            if top.bid and top.ask
        }
