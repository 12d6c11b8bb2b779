"""What is known of the chain: whether it is heard, what others took, and how far pools are off.

Invariant: counts only rise.
"""

from __future__ import annotations

from collections import Counter
from typing import final

import msgspec

from bot3.domain.values import Symbol
from bot3.messages.mev import ChainHeard, DexPriced, MevSeen

ChainNews = MevSeen | DexPriced | ChainHeard


class ChainStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`is_heard` None: no chain is watched. `mev` by kind; `profit` and `miner` in ether;
    `gaps_bps` by symbol, of pools above venues; `bought` and `sold` from pools, in base; `largest`
    of the last block that had one.
    """

    is_heard: bool | None = None
    detail: str = ""
    block: int = 0
    blocks: int = 0
    undone: int = 0
    mev: dict[str, int] = {}
    profit: float = 0.0
    miner: float = 0.0
    largest: str = ""
    gaps_bps: dict[str, float] = {}
    wide: dict[str, int] = {}
    bought: dict[str, float] = {}
    sold: dict[str, float] = {}

    @property
    def words(self) -> str:
        """One line."""
        if not self.is_heard:
            return f"not heard: {self.detail}"
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.mev.items()) or "nothing taken"
        gaps = "  ".join(f"{symbol} {gap:+.1f} bps" for symbol, gap in self.gaps_bps.items())
        return f"block {self.block}, {kinds}" + (f"; pools off by {gaps}" if gaps else "")


@final
class ChainCard:
    """Kept from the news."""

    def __init__(self) -> None:
        self._is_heard: bool | None = None
        self._detail = self._largest = ""
        self._block = self._blocks = self._undone = 0
        self._mev: Counter[str] = Counter()
        self._profit = self._miner = 0.0
        self._gaps: dict[str, float] = {}
        self._wide: Counter[str] = Counter()
        self._bought: dict[Symbol, float] = {}
        self._sold: dict[Symbol, float] = {}

    def take(self, news: ChainNews) -> None:
        """One of them."""
        match news:
            case ChainHeard(is_connected=is_heard, reason=reason, undone=undone):
                self._is_heard, self._detail = is_heard, reason
                self._undone += undone
            case MevSeen():
                self._block, self._blocks = news.block, self._blocks + 1
                self._mev.update(news.counts)
                self._profit += news.profit
                self._miner += news.miner
                self._largest = news.largest or self._largest
            case DexPriced(symbol=symbol):
                self._gaps[symbol] = news.gap_bps
                self._wide[symbol] += news.is_wide
                self._bought[symbol] = self._bought.get(symbol, 0.0) + news.bought
                self._sold[symbol] = self._sold.get(symbol, 0.0) + news.sold

    def status(self) -> ChainStatus:
        """As it stands."""
        return ChainStatus(
            is_heard=self._is_heard,
            detail=self._detail,
            block=self._block,
            blocks=self._blocks,
            undone=self._undone,
            mev=dict(self._mev),
            profit=self._profit,
            miner=self._miner,
            largest=self._largest,
            gaps_bps=dict(self._gaps),
            wide=dict(self._wide),
            bought={str(symbol): amount for symbol, amount in self._bought.items()},
            sold={str(symbol): amount for symbol, amount in self._sold.items()},
        )
