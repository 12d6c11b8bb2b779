"""Known answers of arbitrage: the optimum over depth, a triangle, pools, and real books."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from bot3.app.science.rows import Effort, Measured, Row
from bot3.arbitrage.depth import Step, merged, steps_of, walk
from bot3.arbitrage.matrix import ArbitrageMatrix, MatrixSettings
from bot3.arbitrage.opportunity import Opportunity
from bot3.arbitrage.pools import Pool, PoolKind, route_pools
from bot3.arbitrage.program import solve
from bot3.domain.book import Level
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName

_USDT, _BTC = Asset("USDT"), Asset("BTC")
_LEVELS: Final = 12
_MINUTE_NS: Final = 60_000_000_000
_MINUTES: Final = "other/lean/cryptofuture/{venue}/minute/btcusd/20221213_quote.zip"


def _instrument(venue: str, symbol: str, fee: str) -> Instrument:
    base, quote = symbol.split("/")
    key = InstrumentId(VenueName(venue), Symbol(symbol))
    none = Decimal(0)
    return Instrument(key, Asset(base), Asset(quote), none, none, taker_fee_rate=Decimal(fee))


def _merge(effort: Effort) -> Measured:
    """Books of three venues a percent apart: bought here, sold there, to the last level."""
    worst, gained = 0.0, 0
    seeds = effort.seeds(50, 500)
    for seed in seeds:
        dice = np.random.default_rng(seed)
        sides = [_side(dice, venue) for venue in ("binance", "okx", "bybit")]
        hops = [merged(buys for buys, _ in sides), merged(sells for _, sells in sides)]
        taken = walk(hops, [_USDT, _BTC], {})
        into = sum(each.amount for each in taken[0])
        gain = sum(each.amount * each.step.rate for each in taken[1]) - into
        best = solve([step for hop in hops for step in hop], _USDT, {}).gain
        worst = max(worst, abs(gain - best) / max(best, 1.0))
        gained += best > 1.0
    figures = {"books": float(len(seeds)), "with_gain": float(gained), "largest_error": worst}
    return Measured(figures, worst <= 1e-9 and gained > len(seeds) // 4)


def _side(dice: np.random.Generator, venue: str) -> tuple[list[Step], list[Step]]:
    known, mid = _instrument(venue, "BTC/USDT", "0.001"), 50_000 * dice.uniform(0.99, 1.01)
    gaps = dice.uniform(1e-5, 1e-3, (2, _LEVELS)).cumsum(axis=1)
    amounts = dice.uniform(0.01, 1.0, (2, _LEVELS)).tolist()
    asks = list(zip((mid * (1 + gaps[0])).tolist(), amounts[0], strict=True))
    bids = list(zip((mid * (1 - gaps[1])).tolist(), amounts[1], strict=True))
    return steps_of(known, _USDT, asks, 0.001), steps_of(known, _BTC, bids, 0.001)


_ROUND: Final[dict[str, tuple[list[Level], list[Level]]]] = {
    "BTC/USDT": ([(49_990.0, 2.0)], [(50_000.0, 2.0)]),
    "ETH/BTC": ([(0.0599, 50.0)], [(0.06, 50.0)]),
    "ETH/USDT": ([(3_008.004, 20.0)], [(3_009.0, 20.0)]),
}


def _triangle(effort: Effort) -> Measured:
    del effort
    cheap, dear = _around("0.0005"), _around("0.001")
    figures = {"at_5_bps": float(len(cheap)), "at_10_bps": float(len(dear))}
    if cheap:
        figures |= {"gross_bps": cheap[0].gross_bps, "net_bps": cheap[0].net_bps}
    is_good = len(cheap) == 1 and not dear and abs(cheap[0].gross_bps - 26.68) < 0.005
    return Measured(figures, is_good)


def _around(fee: str) -> list[Opportunity]:
    matrix, found = ArbitrageMatrix(), list[Opportunity]()
    for symbol, (bids, asks) in _ROUND.items():
        known = _instrument("venue", symbol, fee)
        matrix.on_instrument(known)
        found = matrix.on_book(known.id, bids, asks, 1)
    return found


def _pools(effort: Effort) -> Measured:
    del effort
    product, total = PoolKind.PRODUCT, PoolKind.SUM
    pools = (
        Pool(product, (0, 1, 2, 3), (4, 4, 4, 4), 0.002, (4, 3, 2, 1)),
        Pool(product, (0, 1), (10, 1), 0.003),
        Pool(product, (1, 2), (1, 5), 0.003),
        Pool(product, (2, 3), (40, 50), 0.003),
        Pool(total, (2, 3), (10, 10), 0.001),
    )
    worth = route_pools(pools, (1.5, 10, 2, 3)).worth
    return Measured({"worth": worth}, abs(worth - 21.49981) < 1e-4)


def _minutes(effort: Effort) -> Measured:
    """Last touches of the same minutes: how often they clear the fees of both legs."""
    books = {venue: _touches(effort.file(_MINUTES.format(venue=venue))) for venue in _VENUES}
    both = sorted(set.intersection(*(set(rows) for rows in books.values())))
    figures: dict[str, float] = {"minutes": float(len(both))}
    plain = sum(_is_crossed([books[venue][at] for venue in _VENUES]) for at in both)
    for fee_bps in (0, 1, 2, 5, 10):
        matrix = ArbitrageMatrix(MatrixSettings(age_max_s=1.0))
        for venue in _VENUES:
            matrix.on_instrument(_instrument(venue, "BTC/USD", str(fee_bps / 1e4)))
        cleared = 0
        for at in both:
            for venue in _VENUES:
                key = InstrumentId(VenueName(venue), Symbol("BTC/USD"))
                bid, ask = books[venue][at]
                found = matrix.on_book(key, [(bid, 1.0)], [(ask, 1.0)], at * _MINUTE_NS)
            cleared += bool(found)
        figures[f"clear_{fee_bps}_bps"] = cleared / len(both)
    note = "touches at the ends of minutes, not at one instant: an upper bound of what was there"
    return Measured(figures, figures["clear_0_bps"] * len(both) == plain, note)


_VENUES: Final = ("binance", "bybit")


def _is_crossed(touches: list[tuple[float, float]]) -> bool:
    return max(bid for bid, _ in touches) > min(ask for _, ask in touches)


def _touches(path: Path) -> dict[int, tuple[float, float]]:
    """Minute of the day: closing bid and ask."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    rows = csv.reader(io.StringIO(text))
    return {int(row[0]) // 60_000: (float(row[4]), float(row[9])) for row in rows}


ROWS: Final = (
    Row(
        "arbitrage",
        "books of three venues merged, beside the linear program",
        "simulated",
        "the same gain to 1e-9",
        _merge,
    ),
    Row(
        "arbitrage",
        "a triangle of 1.002668 gross",
        "published",
        "a cycle at 5 bps a leg, none at 10",
        _triangle,
    ),
    Row(
        "arbitrage",
        "five constant-function pools of Angeris et al.",
        "published",
        "worth 21.49981",
        _pools,
    ),
    Row(
        "arbitrage",
        "BTC/USD perpetuals of Binance and Bybit, minutes of 2022-12-13",
        "replayed",
        "with no fees, as often as the touches cross",
        _minutes,
    ),
)
