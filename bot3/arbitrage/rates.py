"""What one unit of an asset becomes at best, by the touch of every book; loops that gain by it.

Invariant: a rate is after the taker's fee. Only the touch counts here: it says where to look, and a
loop that gains nothing at the touch gains nothing deeper either.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from typing import final

from bot3.domain.values import Asset, InstrumentId

Loop = tuple[Asset, ...]


@final
class RateTable:
    """Logarithms of rates by source, target and book; the best of each pair is kept at hand."""

    def __init__(self) -> None:
        self._rates: dict[tuple[Asset, Asset], dict[InstrumentId, float]] = {}
        self._best: dict[Asset, dict[Asset, float]] = {}

    def put(self, source: Asset, target: Asset, key: InstrumentId, rate: float) -> None:
        """What a unit of `source` becomes in `target` at this book; not above 0: it has none."""
        rates = self._rates.setdefault((source, target), {})
        if rate > 0.0:
            rates[key] = log(rate)
        else:
            rates.pop(key, None)
        best = self._best.setdefault(source, {})
        if rates:
            best[target] = max(rates.values())
        else:
            best.pop(target, None)

    def best(self, source: Asset, target: Asset) -> float | None:
        """The logarithm of the best rate; None where no book has one."""
        return self._best.get(source, {}).get(target)

    def loops(self, source: Asset, target: Asset, hops_max: int) -> list[Loop]:
        """Loops of assets that begin with this exchange and gain at the touch, the best first."""
        first = self.best(source, target)
        if first is None:
            return []
        found = sorted(self._home(source, (source, target), first, hops_max - 1), reverse=True)
        return [loop for _, loop in found]

    def _home(
        self, home: Asset, way: Loop, gained: float, hops: int
    ) -> Iterator[tuple[float, Loop]]:
        onward = self._best.get(way[-1], {})
        back = onward.get(home)
        if back is not None and gained + back > 0.0:
            yield gained + back, way
        if hops < 2:
            return
        for asset, rate in onward.items():
            if asset not in way:
                yield from self._home(home, (*way, asset), gained + rate, hops - 1)
