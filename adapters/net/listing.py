"""What a venue lists, by our names: pairs, lengths of bars, instruments; for every venue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from adapters.net.decimals import TRANSLATION_ERRORS
from bot3.domain.errors import NoSuchBarsError, VenueError
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, Symbol, VenueName

_Row = TypeVar("_Row")


def joined(symbol: Symbol, separator: str) -> str:
    """`BTC/USDT` with another separator; raises `VenueError` for what is not a pair."""
    base, slash, quote = symbol.partition("/")
    if not (base and slash and quote) or "/" in quote or (separator and separator in symbol):
        raise VenueError(f"{symbol!r}: a symbol reads BASE/QUOTE")
    return f"{base}{separator}{quote}"


def interval_of(names: Mapping[int, str], interval_s: int) -> str:
    """The venue's name of a length; raises `NoSuchBarsError` for one that it does not have."""
    try:
        return names[interval_s]
    except KeyError:
        known = ", ".join(map(str, names))
        raise NoSuchBarsError(f"no bars of {interval_s} s here; there are {known}") from None


def listed(
    venue: VenueName,
    symbols: Sequence[Symbol],
    rows: Mapping[str, _Row],
    wire_symbol: Callable[[Symbol], str],
    instrument_of: Callable[[InstrumentId, _Row], Instrument],
) -> tuple[Instrument, ...]:
    """In the order asked for; raises `VenueError` naming what is not traded there.

    `rows` are by the venue's names.
    """
    missing = [symbol for symbol in symbols if wire_symbol(symbol) not in rows]
    if missing:
        raise VenueError(f"{venue} does not trade {', '.join(missing)}")
    try:
        return tuple(
            instrument_of(InstrumentId(venue, symbol), rows[wire_symbol(symbol)])
            for symbol in symbols
        )
    except TRANSLATION_ERRORS as error:
        raise VenueError(f"{venue}: unreadable list of instruments: {error}") from error
