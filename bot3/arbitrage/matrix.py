"""ArbitrageMatrix: every instrument of every venue, and what a change of one book makes possible.

Invariant: what it tells of is profitable after fees, in whole lots and above the venues' minimums,
within balances, by books none of which is older than allowed; it uses the book that changed, so
that each is told of once. Pure: books and time are arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp
from typing import final

from attrs import define, field, frozen

from bot3.arbitrage.depth import ANY, Step, merged, steps_of, walk
from bot3.arbitrage.legs import Leg, legs_of
from bot3.arbitrage.opportunity import Opportunity, opportunity_of
from bot3.arbitrage.rates import Loop, RateTable
from bot3.domain.book import Level, Quote
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, VenueName

_LOOPS_MAX = 2  # of one change and direction: those that gain most at the touch
_SLACK = 1.0 + 1e-9  # for what floats lose


@frozen(kw_only=True)
class MatrixSettings:
    """`levels` of each side that are looked at; `hops_max` of a loop; `size_max` in the asset that
    it begins with; `age_max_s` of a book with its venue's delay; `profit_bps_min` after all costs.
    `leg_failure_rate`: a profit must exceed this share of what a failed leg would cost.
    `quotes`: the assets that a loop begins with, the first that it has.
    """

    levels: int = 10
    hops_max: int = 4
    size_max: float = ANY
    age_max_s: float = 2.0
    profit_bps_min: float = 0.0
    leg_failure_rate: float = 0.0
    quotes: tuple[Asset, ...] = (
        Asset("USDT"), Asset("USDC"), Asset("USD"), Asset("EUR"), Asset("BTC"), Asset("ETH"),
    )  # fmt: skip


@define(eq=False)
class _Kept:
    """One book as it was told last. A crossed one, or one without a side, is empty."""

    instrument: Instrument
    bids: Sequence[Level] = ()
    asks: Sequence[Level] = ()
    ts_ns: int = 0
    fee: float = 0.0


@final
@define(eq=False)
class ArbitrageMatrix:
    """Balances that are not told bound nothing; a venue's delay ages its books."""

    settings: MatrixSettings = field(factory=MatrixSettings)
    _books: dict[InstrumentId, _Kept] = field(factory=dict)
    _pairs: dict[tuple[Asset, Asset], list[_Kept]] = field(factory=dict)
    _rates: RateTable = field(factory=RateTable)
    _balances: dict[tuple[VenueName, Asset], float] = field(factory=dict)
    _delays_ns: dict[VenueName, int] = field(factory=dict)

    def on_instrument(self, instrument: Instrument) -> None:
        """A pair of a venue, with its fees, lots and minimums; its book is empty so far."""
        key = instrument.id
        kept = self._books.get(key)
        if kept is None:
            kept = self._books[key] = _Kept(instrument)
            self._pairs.setdefault((instrument.base, instrument.quote), []).append(kept)
        kept.instrument, kept.fee = instrument, float(instrument.taker_fee_rate)

    def on_balance(self, venue: VenueName, asset: Asset, free: float) -> None:
        """What may be spent of an asset at a venue."""
        self._balances[venue, asset] = free

    def on_delay(self, venue: VenueName, delay_s: float) -> None:
        """How much older the venue's books are than when they were received."""
        self._delays_ns[venue] = int(delay_s * 1e9)

    def on_lost(self, key: InstrumentId) -> None:
        """Its book is not to be trusted."""
        self._put(self._books[key], (), (), 0)

    def on_book(
        self, key: InstrumentId, bids: Sequence[Level], asks: Sequence[Level], ts_ns: int
    ) -> list[Opportunity]:
        """A book as it is now, best levels first; what it makes possible, the most profit first."""
        kept = self._books[key]
        self._put(kept, bids, asks, ts_ns)
        if not self._rates.has_gain():
            return []
        base, quote = kept.instrument.base, kept.instrument.quote
        loops = [
            loop
            for source, target in ((quote, base), (base, quote))
            for loop in self._rates.loops(source, target, self.settings.hops_max)[:_LOOPS_MAX]
        ]
        found: dict[frozenset[InstrumentId], Opportunity] = {}
        for loop in dict.fromkeys(self._turned(loop) for loop in loops):
            best = self._sized(loop, ts_ns)
            if best is not None and key in best.instruments:
                found.setdefault(best.instruments, best)
        return sorted(found.values(), key=lambda each: -each.profit)

    def book(self, key: InstrumentId) -> tuple[Sequence[Level], Sequence[Level]]:
        """Bids and asks as they were told last."""
        kept = self._books[key]
        return kept.bids, kept.asks

    def instruments(self) -> tuple[Instrument, ...]:
        """All, as they were told of."""
        return tuple(kept.instrument for kept in self._books.values())

    def _put(self, kept: _Kept, bids: Sequence[Level], asks: Sequence[Level], ts_ns: int) -> None:
        if not bids or not asks or bids[0][0] >= asks[0][0] or not kept.instrument.is_trading:
            bids = asks = ()
        most = self.settings.levels
        kept.bids, kept.asks, kept.ts_ns = bids[:most], asks[:most], ts_ns
        known = kept.instrument
        left = 1.0 - kept.fee
        self._rates.put(known.quote, known.base, known.id, left / asks[0][0] if asks else 0.0)
        self._rates.put(known.base, known.quote, known.id, left * bids[0][0] if bids else 0.0)

    def _turned(self, loop: Loop) -> Loop:
        """The same loop, begun with the asset that profits are told in."""
        for asset in self.settings.quotes:
            if asset in loop:
                at = loop.index(asset)
                return loop[at:] + loop[:at]
        at = loop.index(min(loop))
        return loop[at:] + loop[:at]

    def _sized(self, loop: Loop, ts_ns: int) -> Opportunity | None:
        """None where lots, minimums or depth leave nothing; a book too small is passed by."""
        settings = self.settings
        passed: set[InstrumentId] = set()
        while True:
            hops = self._hops(loop, ts_ns, passed)
            taken = walk(hops, loop, self._balances, size_max=settings.size_max)
            legs = legs_of(taken) if all(taken) else None
            if legs is None:
                return None
            refused = [leg for hop in legs for leg in hop if leg.is_refused]
            if not refused:
                break
            passed.add(min(refused, key=lambda leg: leg.paid).instrument.id)
        found = opportunity_of(ts_ns, loop, legs, self._quotes(legs))
        is_worth = found.profit > settings.leg_failure_rate * found.leg_loss
        return found if is_worth and found.net_bps > settings.profit_bps_min else None

    def _hops(self, loop: Loop, ts_ns: int, passed: set[InstrumentId]) -> list[list[Step]]:
        ways = list(zip(loop, (*loop[1:], loop[0]), strict=True))
        best = [self._rates.best(source, target) for source, target in ways]
        gain = exp(sum(rate for rate in best if rate is not None)) * _SLACK
        hops: list[list[Step]] = []
        for (source, target), rate in zip(ways, best, strict=True):
            # A level that is worse than the best by more than the whole gain is never reached.
            rate_min = 0.0 if rate is None else exp(rate) / gain
            hops.append(merged(self._sides(source, target, ts_ns, passed, rate_min)))
        return hops

    def _sides(
        self, source: Asset, target: Asset, ts_ns: int, passed: set[InstrumentId], rate_min: float
    ) -> Iterator[list[Step]]:
        for kept in self._pairs.get((target, source), ()):
            if kept.instrument.id not in passed and self._is_fresh(kept, ts_ns):
                yield steps_of(kept.instrument, source, kept.asks, kept.fee, rate_min)
        for kept in self._pairs.get((source, target), ()):
            if kept.instrument.id not in passed and self._is_fresh(kept, ts_ns):
                yield steps_of(kept.instrument, source, kept.bids, kept.fee, rate_min)

    def _is_fresh(self, kept: _Kept, ts_ns: int) -> bool:
        age_ns = ts_ns - kept.ts_ns + self._delays_ns.get(kept.instrument.id.venue, 0)
        if age_ns <= self.settings.age_max_s * 1e9:
            return True
        self._put(kept, (), (), 0)  # until it is told of again
        return False

    def _quotes(self, legs: Sequence[Sequence[Leg]]) -> Mapping[InstrumentId, Quote]:
        found: dict[InstrumentId, Quote] = {}
        for leg in (leg for hop in legs for leg in hop):
            bids, asks = self.book(leg.instrument.id)
            if bids and asks:
                found[leg.instrument.id] = Quote(*bids[0], *asks[0])
        return found
