"""What one unit of an asset becomes at best, by the touch of every book; loops that gain by it.

Invariant: a rate is after the taker's fee. Only the touch counts here: it says where to look, and a
loop that gains nothing at the touch gains nothing deeper either.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from typing import Final, final

import rustworkx

from bot3.domain.values import Asset, InstrumentId

Loop = tuple[Asset, ...]
_NO_WAY: Final = 1e9  # no loop gains this much


@final
class RateTable:
    """Logarithms of rates by source, target and book; the best of each pair is kept at hand."""

    def __init__(self) -> None:
        self._rates: dict[tuple[Asset, Asset], dict[InstrumentId, float]] = {}
        self._best: dict[Asset, dict[Asset, float]] = {}
        self._graph = rustworkx.PyDiGraph[Asset, float](multigraph=False)
        self._nodes: dict[Asset, int] = {}
        self._edges: dict[tuple[Asset, Asset], int] = {}

    def put(self, source: Asset, target: Asset, key: InstrumentId, rate: float) -> None:
        """What a unit of `source` becomes in `target` at this book; not above 0: it has none."""
        rates = self._rates.setdefault((source, target), {})
        if rate > 0.0:
            rates[key] = log(rate)
        else:
            rates.pop(key, None)
        best = self._best.setdefault(source, {})
        known = best.get(target)
        if rates:
            best[target] = max(rates.values())
        else:
            best.pop(target, None)
        if known != best.get(target):
            self._weigh(source, target)

    def _weigh(self, source: Asset, target: Asset) -> None:
        """A gain is a negative cycle of a graph whose weights are losses."""
        loss = -self._best[source].get(target, -_NO_WAY)
        edge = self._edges.get((source, target))
        if edge is not None:
            self._graph.update_edge_by_index(edge, loss)
            return
        for asset in (source, target):
            if asset not in self._nodes:
                self._nodes[asset] = self._graph.add_node(asset)
        self._edges[source, target] = self._graph.add_edge(
            self._nodes[source], self._nodes[target], loss
        )

    def has_gain(self) -> bool:
        """Whether any loop gains at the touch, of whatever length: a search of Bellman and Ford."""
        return rustworkx.negative_edge_cycle(self._graph, float)

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
