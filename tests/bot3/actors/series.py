"""Prices and bars of a market that goes up and down."""

from __future__ import annotations

from collections.abc import Sequence
from math import sin

from bot3.domain.bar import Bar
from bot3.domain.values import InstrumentId
from tests.bot3.making import SECOND_NS, START_NS


def wave(count: int, drift: float = 0.0) -> list[float]:
    """Closing prices that go up and down, and up by `drift` a bar."""
    return [
        100.0 * (1 + drift * n + 0.004 * sin(n / 7) + 0.001 * sin(n * 1.7)) for n in range(count)
    ]


def bars_of(key: InstrumentId, closes: Sequence[float], end_ns: int = START_NS) -> list[Bar]:
    """One-second bars that end at `end_ns`."""
    before = [closes[0], *closes]
    first_ns = end_ns - len(closes) * SECOND_NS
    return [
        Bar(
            key,
            1,
            first_ns + n * SECOND_NS,
            before[n],
            max(before[n], close) * 1.0001,
            min(before[n], close) * 0.9999,
            close,
            1.0,
            0.5,
            3,
        )
        for n, close in enumerate(closes)
    ]
