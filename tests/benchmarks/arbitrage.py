"""Re-pricing the arbitrage matrix on one book's change; beside it a whole Bellman-Ford a change.

Books wander around one price a symbol, so that now and then something clears the fees.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import rustworkx

from bot3.arbitrage.matrix import ArbitrageMatrix
from bot3.arbitrage.rates import RateTable
from bot3.domain.book import Level
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName
from tests.benchmarks.calibration import calibration_ms

VENUES, LEVELS, CHANGES = ("binance", "okx", "bybit"), 20, 20_000
_QUOTES = ("USDT", "BTC", "ETH")
Change = tuple[InstrumentId, list[Level], list[Level], int]


def _symbols(count: int) -> list[str]:
    """Most trade against USDT; every third against BTC, and every sixth against ETH, too."""
    found = ["BTC/USDT", "ETH/USDT", "ETH/BTC"]
    for at in range(count):
        if len(found) >= count:
            break
        found.append(f"C{at}/USDT")
        found += [f"C{at}/BTC"] * (at % 3 == 0) + [f"C{at}/ETH"] * (at % 6 == 0)
    return found[:count]


def _instrument(venue: str, symbol: str) -> Instrument:
    base, quote = symbol.split("/")
    key = InstrumentId(VenueName(venue), Symbol(symbol))
    lot, fee = Decimal("1e-8"), Decimal("0.001")
    return Instrument(
        key, Asset(base), Asset(quote), Decimal("1e-10"), lot,
        taker_fee_rate=fee, notional_min=Decimal(0),
    )  # fmt: skip


def _changes(symbols: list[str], dice: np.random.Generator, noise: float) -> Iterator[Change]:
    values = {"USDT": 1.0}
    for symbol in symbols:
        values.setdefault(symbol.split("/")[0], float(dice.uniform(0.1, 3_000)))
    gaps = (np.arange(LEVELS) + 1) * 1e-4
    keys = [InstrumentId(VenueName(v), Symbol(s)) for s in symbols for v in VENUES]
    order = [*range(len(keys)), *dice.integers(len(keys), size=CHANGES)]
    for at, index in enumerate(order):
        key = keys[index]
        base, quote = key.symbol.split("/")
        mid = values[base] / values[quote] * float(np.exp(noise * dice.standard_normal()))
        amounts = dice.exponential(1_000 / values[base], (2, LEVELS))
        bids = list(zip((mid * (1 - gaps)).tolist(), amounts[0].tolist(), strict=True))
        asks = list(zip((mid * (1 + gaps)).tolist(), amounts[1].tolist(), strict=True))
        yield key, bids, asks, 1_000_000 * at


def _timed(symbols: list[str], noise: float) -> dict[str, Any]:
    matrix = ArbitrageMatrix()
    for symbol in symbols:
        for venue in VENUES:
            matrix.on_instrument(_instrument(venue, symbol))
    changes = list(_changes(symbols, np.random.default_rng(1), noise))
    warm, taken, possible = len(changes) - CHANGES, [], 0
    for at, change in enumerate(changes):
        started = time.perf_counter_ns()
        found = matrix.on_book(*change)
        if at >= warm:
            taken.append(time.perf_counter_ns() - started)
            possible += bool(found)
    median, high = np.percentile(taken, [50, 99]) / 1e3
    return {
        "instruments": len(symbols) * len(VENUES),
        "possible_share": round(possible / CHANGES, 4),
        "median_us": round(float(median), 1),
        "p99_us": round(float(high), 1),
    }


def _bellman_ford_us(symbols: list[str], noise: float) -> float:
    """One whole search for a negative cycle over the same touches, the better of many."""
    table = RateTable()
    graph = rustworkx.PyDiGraph(multigraph=False)
    assets = sorted({asset for symbol in symbols for asset in symbol.split("/")})
    nodes = {asset: graph.add_node(asset) for asset in assets}
    for key, bids, asks, _ in _changes(symbols, np.random.default_rng(1), noise):
        base, quote = map(Asset, key.symbol.split("/"))
        table.put(quote, base, key, 0.999 / asks[0][0])
        table.put(base, quote, key, 0.999 * bids[0][0])
    for symbol in symbols:
        base, quote = map(Asset, symbol.split("/"))
        for source, target in ((base, quote), (quote, base)):
            graph.add_edge(nodes[source], nodes[target], -(table.best(source, target) or 0.0))
    best = float("inf")
    for _ in range(200):
        started = time.perf_counter_ns()
        rustworkx.negative_edge_cycle(graph, float)
        best = min(best, time.perf_counter_ns() - started)
    return round(best / 1e3, 1)


def run() -> dict[str, Any]:
    """Microseconds a change, with nothing to gain mostly (quiet) and with much (loud)."""
    before_ms = calibration_ms()
    found: dict[str, Any] = {}
    for count in (50, 500):
        symbols = _symbols(count)
        for name, noise in (("quiet", 1e-4), ("busy", 6e-4), ("loud", 2e-3)):
            found[f"{count}_{name}"] = _timed(symbols, noise)
        found[f"{count}_bellman_ford_us"] = _bellman_ford_us(symbols, 1e-4)
    found["calibration_ms"] = [before_ms, calibration_ms()]
    return found


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
