"""The window against a plain list of everything ever published."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot3.app.simulation.invariants.events import BookPublished, Touch
from bot3.app.simulation.invariants.mids import Mids, MidWindow
from tests.bot3.app.simulation.invariants.world_books import touch
from tests.bot3.making import KEY, VENUE, d

WINDOW_NS = 10


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(90, 110)), min_size=1, max_size=60))
def test_the_range_is_that_of_the_mids_in_force_within_the_window(
    steps: list[tuple[int, int]],
) -> None:
    window, now_ns, shown = MidWindow(WINDOW_NS), 0, list[tuple[int, Decimal]]()
    for after_ns, price in steps:
        now_ns += after_ns
        shown.append((now_ns, d(price)))
        window.take(d(price), now_ns)
        ends_ns = [start_ns for start_ns, _ in shown[1:]] + [now_ns]
        counting = [
            mid
            for (_, mid), end_ns in zip(shown, ends_ns, strict=True)
            if end_ns >= now_ns - WINDOW_NS
        ]
        assert window.range(now_ns) == (min(counting), max(counting))
        assert window.last == price


def test_what_was_replaced_long_ago_is_not_kept() -> None:
    window = MidWindow(WINDOW_NS)
    for now_ns in range(10_000):
        window.take(d(100 + now_ns), now_ns)
    assert window.range(9_999) == (d(10_088), d(10_099))
    assert len(window._lows) + len(window._highs) <= 2 * (WINDOW_NS + 2)


def test_a_book_with_an_empty_side_leaves_the_last_mid_standing() -> None:
    mids = Mids(WINDOW_NS)
    empty = Touch(d(0), d(0), d(101), d(1))
    mids.hear(BookPublished(VENUE, KEY.symbol, 0, 1, empty))
    assert mids.range(KEY, 0) is None
    mids.hear(BookPublished(VENUE, KEY.symbol, 1, 2, touch("99", "101")))
    mids.hear(BookPublished(VENUE, KEY.symbol, 2, 3, empty))
    assert mids.last(KEY) == 100
    assert mids.range(KEY, 100) == (100, 100)
