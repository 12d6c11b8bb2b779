"""Data quality: each flaw is told with its first row, refused or mended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.backtest.bars import Flaw, Scan
from bot3.domain.bars import Bars
from bot3.domain.errors import DataError
from tests.bot3.backtest.making import MINUTE_NS, checked, wandering


def flaws(bars: Bars) -> list[Flaw]:
    scan = Scan()
    scan.take(bars)
    return scan.flaws()


def spoiled(name: str, row: int, value: float, rows: int = 20) -> Bars:
    bars = wandering(rows, 1)
    column = getattr(bars, name).copy()
    column[row] = value
    return evolve(bars, **{name: column})


@pytest.mark.parametrize(
    ("bars", "words"),
    [
        (
            spoiled("close", 3, np.nan),
            "1 row: close is missing or not a number (the first is row 4)",
        ),
        (spoiled("open", 0, 0.0), "1 row: open is not positive (the first is row 1)"),
        (spoiled("low", 5, -1.0), "1 row: low is not positive (the first is row 6)"),
        (spoiled("volume", 2, -5.0), "volume is missing or negative (the first is row 3)"),
        (spoiled("high", 7, 1.0), "high or low is not the bar's highest or lowest price"),
    ],
)
def test_a_flaw_is_told_and_refused(bars: Bars, words: str) -> None:
    assert any(words in flaw.words for flaw in flaws(bars))
    with pytest.raises(DataError, match="give --repair"):
        checked(bars, is_repaired=False)
    mended, found = checked(bars, is_repaired=True)
    assert found
    assert [flaw for flaw in flaws(mended) if flaw.is_fatal] == []


def test_order_and_doubles() -> None:
    bars = wandering(6, 1)
    mixed = bars.rows(np.array([0, 2, 1, 3, 3, 4]))
    words = [flaw.words for flaw in flaws(mixed)]
    assert words == [
        "1 row: its time is before that of a row above (the first is row 3)",
        "1 row: its time comes twice (the first is row 5)",
    ]
    mended, _ = checked(mixed, is_repaired=True)
    assert mended.open_ns.tolist() == bars.open_ns[:5].tolist()


def test_a_gap_is_told_and_traded_over() -> None:
    bars = wandering(10, 1).rows(np.array([0, 1, 2, 6, 7, 9]))
    _, (flaw,) = checked(bars, is_repaired=False)
    assert flaw.words == "2 rows: a gap before it; 4 bars are missing in all (the first is row 4)"


def test_too_little_is_refused() -> None:
    with pytest.raises(DataError, match="1 bars; at least 2"):
        checked(wandering(1, 1), is_repaired=False)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_mended_is_sound(data: Any) -> None:
    bars = wandering(30, data.draw(st.integers(0, 50)))
    order = data.draw(st.lists(st.integers(0, 29), min_size=8, max_size=40))
    bars = bars.rows(np.array(order))
    for name in ("open", "high", "low", "close", "volume"):
        column = getattr(bars, name).copy()
        bad = st.sampled_from([np.nan, np.inf, 0.0, -1.0, 50.0])
        for row in data.draw(st.lists(st.integers(0, len(order) - 1), max_size=3)):
            column[row] = data.draw(bad)
        bars = evolve(bars, **{name: column})
    try:
        mended, _ = checked(bars, is_repaired=True)
    except DataError:
        return  # too little was left
    assert [flaw for flaw in flaws(mended) if flaw.is_fatal] == []
    assert (np.diff(mended.open_ns) > 0).all()
    assert mended.interval_ns % MINUTE_NS == 0
