"""Books from a file, one a line, through the matrix: what each change made possible.

Invariant: lines are taken as they come; what a line makes possible is told once, and again only
where it changed. A line that is none is one error that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Final, final

import msgspec
from attrs import frozen

from bot3.arbitrage.matrix import ArbitrageMatrix, MatrixSettings
from bot3.arbitrage.opportunity import Opportunity, profit_after
from bot3.domain.book import Level
from bot3.domain.errors import DataError
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName

_NS_PER_S: Final = 1_000_000_000
Tell = Callable[[Opportunity, float | None], None]


class BookLine(msgspec.Struct):
    """One book, whole; numbers may be strings."""

    ts_ns: int
    venue: str
    symbol: str
    bids: list[tuple[float | str, float | str]]
    asks: list[tuple[float | str, float | str]]


@frozen
class QuotesOptions:
    """`fees`: taker's fee by venue, and for all others `fee`. `balances`: what bounds."""

    path: Path
    settings: MatrixSettings
    fee: Decimal
    fees: Mapping[VenueName, Decimal]
    balances: Mapping[tuple[VenueName, Asset], float]
    latency_s: float


@frozen
class QuotesSeen:
    """How many books, of how many instruments, and how many of them made something possible."""

    books: int
    instruments: int
    possible: int
    told: int


def replay_quotes(options: QuotesOptions, tell: Tell) -> QuotesSeen:
    """Raises `DataError` that names the line."""
    return _Replay(options, tell).run()


@final
class _Replay:
    def __init__(self, options: QuotesOptions, tell: Tell) -> None:
        self._options, self._tell = options, tell
        self._matrix = ArbitrageMatrix(options.settings)
        for (venue, asset), free in options.balances.items():
            self._matrix.on_balance(venue, asset, free)
        self._known: set[InstrumentId] = set()
        self._last: dict[frozenset[InstrumentId], tuple[float, float]] = {}
        self._waiting: list[Opportunity] = []
        self._now_ns = 0

    def run(self) -> QuotesSeen:
        books = possible = told = 0
        for place, line in _lines(self._options.path):
            key = self._instrument(place, line)
            bids, asks = _levels(place, line.bids), _levels(place, line.asks)
            self._now_ns = max(self._now_ns, line.ts_ns)
            self._mature()
            books += 1
            found = self._matrix.on_book(key, bids[::-1], asks, self._now_ns)
            possible += bool(found)
            for each in found:
                told += self._is_new(each) and self._take(each)
            self._forget(key, found)
        for each in self._waiting:
            self._tell(each, self._late(each))
        return QuotesSeen(books, len(self._known), possible, told)

    def _instrument(self, place: str, line: BookLine) -> InstrumentId:
        venue, symbol = VenueName(line.venue), Symbol(line.symbol)
        key = InstrumentId(venue, symbol)
        if key not in self._known:
            base, slash, quote = symbol.partition("/")
            if not (base and slash and quote):
                raise DataError(f'{place}: symbol "{symbol}": write it as BASE/QUOTE')
            self._known.add(key)
            fee = self._options.fees.get(venue, self._options.fee)
            self._matrix.on_instrument(_instrument(key, Asset(base), Asset(quote), fee))
        return key

    def _is_new(self, found: Opportunity) -> bool:
        now = (found.size, found.profit)
        if self._last.get(found.instruments) == now:
            return False
        self._last[found.instruments] = now
        return True

    def _forget(self, key: InstrumentId, found: Sequence[Opportunity]) -> None:
        """What a change ended may be told anew when it comes back."""
        alive = {each.instruments for each in found}
        for kept in [each for each in self._last if key in each and each not in alive]:
            del self._last[kept]

    def _take(self, found: Opportunity) -> bool:
        if self._options.latency_s > 0:
            self._waiting.append(found)
        else:
            self._tell(found, None)
        return True

    def _mature(self) -> None:
        """Tells of those whose orders would have arrived before the book that comes now."""
        wait_ns = int(self._options.latency_s * _NS_PER_S)
        while self._waiting and self._waiting[0].ts_ns + wait_ns < self._now_ns:
            each = self._waiting.pop(0)
            self._tell(each, self._late(each))

    def _late(self, found: Opportunity) -> float:
        return profit_after(found, {key: self._matrix.book(key) for key in found.instruments})


def _instrument(key: InstrumentId, base: Asset, quote: Asset, fee: Decimal) -> Instrument:
    """Lots and minimums are not in the file: there are none."""
    none = Decimal(0)
    return Instrument(key, base, quote, none, none, maker_fee_rate=fee, taker_fee_rate=fee)


def _lines(path: Path) -> Iterator[tuple[str, BookLine]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield (place := f"{path}:{number}"), _line(place, line)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _line(place: str, line: bytes) -> BookLine:
    try:
        return msgspec.json.decode(line, type=BookLine)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{place}: {error}; expected {{ts_ns, venue, symbol, bids: [[price, amount]…], asks}}"
        ) from None


def _levels(place: str, rows: Sequence[tuple[float | str, float | str]]) -> list[Level]:
    """Ascending by price; what has no amount is no level."""
    try:
        levels = [(float(price), float(amount)) for price, amount in rows]
    except ValueError as error:
        raise DataError(f"{place}: {error}") from None
    if not all(isfinite(price) and isfinite(amount) and price > 0 for price, amount in levels):
        raise DataError(f"{place}: a price that is not above 0, or a number that is not finite")
    return sorted(level for level in levels if level[1] > 0)
