"""Figures as people read them, the same in the terminal, the report and the summary.

Invariant: what is not known is a dash, and no text from outside reaches a terminal with control
characters in it.
"""

from __future__ import annotations

from collections.abc import Sized
from datetime import UTC, datetime
from decimal import Decimal

from bot3.telemetry.status import LatencyStatus

UNKNOWN = "-"
_SEVERAL = 2


def amount(value: float | Decimal | None) -> str:
    """Up to eight decimals, without trailing zeros: `64,999.5`."""
    if value is None:
        return UNKNOWN
    text = f"{value:,.8f}"
    return text.rstrip("0").rstrip(".")


def money(value: float | Decimal | None) -> str:
    """Two decimals: `10,003.50`."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def signed_money(value: float | Decimal | None) -> str:
    """Two decimals and a sign: `+3.50`."""
    return UNKNOWN if value is None else f"{value:+,.2f}"


def signed(value: float | None) -> str:
    """A target: `+0.15`."""
    return UNKNOWN if value is None else f"{value:+.2f}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A share as `12.3 %`."""
    return UNKNOWN if share is None else f"{100 * share:.{decimals}f} %"


def signed_percent(share: float | None, decimals: int = 3) -> str:
    """A share as `+0.035 %`."""
    return UNKNOWN if share is None else f"{100 * share:+.{decimals}f} %"


def latency(value_us: float | None) -> str:
    """Microseconds: `92 µs`."""
    return UNKNOWN if value_us is None else f"{value_us:,.0f} µs"


def latencies(status: LatencyStatus) -> str:
    """Both quantiles: `p50 92 µs, p99 180 µs`."""
    return f"p50 {latency(status.p50_us)}, p99 {latency(status.p99_us)}"


def duration(seconds: float) -> str:
    """Hours, minutes, seconds: `1:02:05`."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def time_of_day(ts_ns: int) -> str:
    """UTC: `22:13:20`."""
    return datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC).strftime("%H:%M:%S")


def printable(text: str) -> str:
    """Without control characters, escape sequences among them."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)


def named(symbol: str, venue: str, venues: Sized) -> str:
    """An instrument; by its venue too where there are several."""
    return symbol if len(venues) < _SEVERAL else f"{symbol} {venue}"
