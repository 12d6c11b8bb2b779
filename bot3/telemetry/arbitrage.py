"""What is known of arbitrage: what was seen, how groups ended, and the worst that was open.

Invariant: counts only rise.
"""

from __future__ import annotations

from collections import Counter
from typing import final

import msgspec

from bot3.messages.arbitrage import ArbitrageClosed, ArbitrageSeen

ArbitrageNews = ArbitrageSeen | ArbitrageClosed


class ArbitrageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`seen` by kind, at most once a second for the same books; `groups` by outcome; `planned` and
    `realized` in quote over all groups; `exposure_max` in quote and `exposed_s_max` of any group.
    `last` says what was seen last.
    """

    seen: dict[str, int] = {}
    groups: dict[str, int] = {}
    planned: float = 0.0
    realized: float = 0.0
    exposure_max: float = 0.0
    exposed_s_max: float = 0.0
    last: str = ""

    @property
    def words(self) -> str:
        """What was seen last, and what came of groups."""
        if not self.groups:
            return self.last
        ends = ", ".join(f"{name} {count}" for name, count in self.groups.items())
        return f"{self.last}; groups: {ends}; came {self.realized:+.2f}"


@final
class ArbitrageCard:
    """Kept from the news."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._groups: Counter[str] = Counter()
        self._planned = self._realized = 0.0
        self._exposure_max = self._exposed_s_max = 0.0
        self._last = ""

    def take(self, news: ArbitrageNews) -> None:
        """One of them."""
        if isinstance(news, ArbitrageSeen):
            self._seen[news.kind] += 1
            where = ", ".join(
                f"{symbol} {venue}" for symbol, venue in zip(news.symbols, news.venues, strict=True)
            )
            self._last = (
                f"{news.net_bps:+.2f} bps on {news.size:.6g} {news.quote} ({news.kind}: {where})"
            )
            return
        self._groups[news.outcome.value] += 1
        self._planned += news.planned if news.filled else 0.0
        self._realized += news.realized
        self._exposure_max = max(self._exposure_max, news.exposure_max)
        self._exposed_s_max = max(self._exposed_s_max, news.exposed_s)

    def status(self) -> ArbitrageStatus:
        """As it stands."""
        return ArbitrageStatus(
            seen=dict(self._seen),
            groups=dict(self._groups),
            planned=self._planned,
            realized=self._realized,
            exposure_max=self._exposure_max,
            exposed_s_max=self._exposed_s_max,
            last=self._last,
        )
