"""Where the touch says that something goes round at a gain."""

from __future__ import annotations

from itertools import combinations

import rustworkx
from hypothesis import given
from hypothesis import strategies as st

from bot3.arbitrage.rates import RateTable
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName

ASSETS = [Asset(name) for name in "ABCD"]


def _key(venue: str, source: str, target: str) -> InstrumentId:
    return InstrumentId(VenueName(venue), Symbol(f"{source}/{target}"))


@given(st.data())
def test_loops_are_found_where_bellman_and_ford_find_a_negative_cycle(data: st.DataObject) -> None:
    table, graph = RateTable(), rustworkx.PyDiGraph(multigraph=True)
    nodes = {asset: graph.add_node(asset) for asset in ASSETS}
    edges: list[tuple[Asset, Asset]] = []
    for one, other in combinations(ASSETS, 2):
        for venue in ("x", "y"):
            for source, target in ((one, other), (other, one)):
                rate = data.draw(st.floats(-0.5, 1.5))
                table.put(source, target, _key(venue, source, target), rate)
                known = table.best(source, target)
                if rate > 0 and known is not None:
                    edges.append((source, target))
    for source, target in set(edges):
        graph.add_edge(nodes[source], nodes[target], -(table.best(source, target) or 0.0))
    is_possible = rustworkx.negative_edge_cycle(graph, lambda weight: weight + 1e-12)
    found = [loop for source, target in set(edges) for loop in table.loops(source, target, 4)]
    gains = [
        sum(table.best(s, t) or 0.0 for s, t in zip(loop, (*loop[1:], loop[0]), strict=True))
        for loop in found
    ]
    assert all(gain > 0 for gain in gains)
    # Each edge is made dearer by 1e-12, so that what is but rounding is no cycle to either.
    if is_possible:
        assert found
    else:
        assert max(gains, default=0.0) <= 4e-12


def test_a_rate_that_is_gone_makes_nothing_possible() -> None:
    table = RateTable()
    table.put(Asset("A"), Asset("B"), _key("x", "A", "B"), 2.0)
    table.put(Asset("B"), Asset("A"), _key("y", "A", "B"), 0.6)
    assert table.loops(Asset("A"), Asset("B"), 2) == [("A", "B")]
    table.put(Asset("B"), Asset("A"), _key("y", "A", "B"), 0.0)
    assert table.loops(Asset("A"), Asset("B"), 4) == []
    assert table.best(Asset("B"), Asset("A")) is None


def test_of_several_books_the_best_counts() -> None:
    table = RateTable()
    for venue, rate in (("x", 1.9), ("y", 2.1), ("z", 2.0)):
        table.put(Asset("A"), Asset("B"), _key(venue, "A", "B"), rate)
    table.put(Asset("B"), Asset("A"), _key("x", "B", "A"), 0.49)
    assert table.loops(Asset("A"), Asset("B"), 2)
    table.put(Asset("A"), Asset("B"), _key("y", "A", "B"), 1.0)
    assert table.loops(Asset("A"), Asset("B"), 2) == []
