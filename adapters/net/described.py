"""Recorded frames as normalized records: what every venue's decoder of recordings answers.

A record has a `type`, and, where it is an event, `symbol` and `ts_venue_ns` (None where the venue
does not say) and the fields of its kind.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Protocol, TypeVar

import msgspec

from adapters.net.frames import DECODE_ERRORS

Described = dict[str, object]
Levels = list[tuple[Decimal, Decimal]]
NS_PER_MS: Final = 1_000_000
# Everything that reading one event can raise, where its values may be anything.
DESCRIBE_ERRORS: Final = (*DECODE_ERRORS, ValueError, ArithmeticError, AssertionError)
# Longest first: what is left of a name without a separator must be a base.
_QUOTES: Final = (
    *("FDUSD", "USDT", "USDC", "USDE", "TUSD", "BUSD", "USDP", "DAI", "EUR", "TRY", "BRL", "GBP"),
    *("AUD", "USD", "BTC", "ETH", "BNB", "XRP", "TRX", "DOGE", "MNT"),
)
_T = TypeVar("_T")


class Recording(Protocol):
    """Decodes one recording; never raises."""

    def describe(self, frame: str | bytes) -> list[Described]:
        """One websocket frame."""
        ...

    def describe_rest(self, url: str, body: str | bytes) -> list[Described]:
        """One REST reply."""
        ...


def control(what: str, number: object) -> Described:
    """An acknowledgement, a pong, a notice."""
    return {"type": "control", "what": what, "id": number}


def rest(path: str) -> Described:
    """A REST body without an event of ours."""
    return {"type": "rest", "path": path}


def unknown(reason: str) -> Described:
    """Well formed, of a kind that is not read."""
    return {"type": "unknown", "reason": reason}


def malformed(reason: str) -> Described:
    """Not what the venue documents."""
    return {"type": "malformed", "reason": reason}


def pair_of(wire: str) -> str:
    """`BTCUSDT` as `BTC/USDT`; a name that does not end in a known quote stays as it is."""
    if not wire.isalnum():
        return wire
    quote = next((each for each in _QUOTES if wire.endswith(each) and wire != each), None)
    return f"{wire.removesuffix(quote)}/{quote}" if quote else wire


def head(kind: str, symbol: str, ts_ms: int | None) -> Described:
    """The fields that every event has."""
    ts_ns = None if ts_ms is None else ts_ms * NS_PER_MS
    return {"type": kind, "symbol": symbol, "ts_venue_ns": ts_ns}


def converted(data: object, kind: type[_T]) -> _T:
    """Raises `msgspec.ValidationError`, and `ValueError` for a number that no market has."""
    event = msgspec.convert(data, kind, strict=False)
    assert isinstance(event, msgspec.Struct)
    for name in event.__struct_fields__:
        _check(name, getattr(event, name))
    return event


def _check(name: str, value: object) -> None:
    if isinstance(value, Decimal) and not (value.is_finite() and (value >= 0 or "fee" in name)):
        raise ValueError(f"{name}: {value} is no price and no amount")
    if isinstance(value, list):
        for level in value:
            if isinstance(level, tuple):
                _check_level(name, *level[:2])


def _check_level(name: str, price: object, amount: object) -> None:
    _check(name, amount)
    if not (isinstance(price, Decimal) and price.is_finite() and price > 0):
        raise ValueError(f"{name}: {price} is no price")
