"""Numbers as the texts of wires that pad nothing (OKX, Bybit)."""

from __future__ import annotations

from decimal import Decimal

_NS_PER_MS = 1_000_000


def plain(value: Decimal) -> str:
    """Digits and a point, without zeros at the end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def ms_text(ts_ns: int) -> str:
    """Milliseconds."""
    return str(ts_ns // _NS_PER_MS)
