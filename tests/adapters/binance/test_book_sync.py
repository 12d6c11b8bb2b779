"""The sync machine against a model exchange that drops, repeats and delays."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapters.binance.book_sync import (
    Action,
    BookSync,
    Changed,
    FetchSnapshot,
    Lost,
    Replaced,
    SyncState,
)
from adapters.binance.schemas import DepthEvent, DepthSnapshot
from bot3.domain.book import Book


def event(first: int, last: int, bid: float = 1.0) -> DepthEvent:
    return DepthEvent(0, "X", first, last, [(10.0, bid)], [])


def snapshot(last: int) -> DepthSnapshot:
    return DepthSnapshot(last, [(10.0, 5.0)], [(11.0, 1.0)])


def started(*events: DepthEvent) -> BookSync:
    sync = BookSync()
    assert [type(action) for action in sync.start()] == [FetchSnapshot]
    for one in events:
        assert sync.on_event(one) == ()
    return sync


def ids(actions: Iterable[Action]) -> list[tuple[str, int]]:
    return [
        (type(a).__name__, a.event.last_id if isinstance(a, Changed) else a.snapshot.last_id)
        for a in actions
        if isinstance(a, Changed | Replaced)
    ]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (9, [("Replaced", 9), ("Changed", 12), ("Changed", 15)]),  # the seam is exact
        (10, [("Replaced", 10), ("Changed", 12), ("Changed", 15)]),  # the first event straddles
        (12, [("Replaced", 12), ("Changed", 15)]),
        (14, [("Replaced", 14), ("Changed", 15)]),  # the second one straddles: applied whole
        (15, [("Replaced", 15)]),
        (99, [("Replaced", 99)]),  # newer than all that is buffered is legal
    ],
)
def test_a_snapshot_joins_the_buffer(last: int, expected: list[tuple[str, int]]) -> None:
    sync = started(event(10, 12), event(13, 15))
    assert ids(sync.on_snapshot(snapshot(last))) == expected
    assert sync.state is SyncState.SYNCED
    assert sync.last_id == expected[-1][1]


def test_a_snapshot_older_than_the_stream_is_fetched_again_and_the_buffer_kept() -> None:
    sync = started(event(10, 12))
    assert [type(a) for a in sync.on_snapshot(snapshot(8))] == [FetchSnapshot]
    sync.on_event(event(13, 15))
    assert ids(sync.on_snapshot(snapshot(11))) == [
        ("Replaced", 11),
        ("Changed", 12),
        ("Changed", 15),
    ]


def test_synced_events_follow_one_another() -> None:
    sync = started()
    sync.on_snapshot(snapshot(10))
    assert ids(sync.on_event(event(11, 12))) == [("Changed", 12)]
    assert sync.on_event(event(9, 12)) == (), "what is known already is ignored"
    assert ids(sync.on_event(event(12, 14))) == [("Changed", 14)]


def test_a_gap_loses_the_book_and_keeps_the_event() -> None:
    sync = started()
    sync.on_snapshot(snapshot(10))
    assert [type(a) for a in sync.on_event(event(12, 13))] == [Lost, FetchSnapshot]
    assert ids(sync.on_snapshot(snapshot(12))) == [("Replaced", 12), ("Changed", 13)]


def test_a_snapshot_newer_than_the_buffer_must_meet_the_next_event() -> None:
    sync = started(event(1, 2))
    sync.on_snapshot(snapshot(10))
    assert [type(a) for a in sync.on_event(event(12, 13))] == [Lost, FetchSnapshot]


def test_losing_twice_fetches_once() -> None:
    sync = started()
    sync.on_snapshot(snapshot(10))
    assert [type(a) for a in sync.lose("crossed")] == [Lost, FetchSnapshot]
    assert sync.lose("again") == ()


def test_a_disconnect_forgets_what_was_on_its_way() -> None:
    sync = started(event(1, 2))
    assert sync.disconnect("cut") == ()
    assert sync.on_snapshot(snapshot(10)) == (), "it belongs to the old connection"
    assert [type(a) for a in sync.start()] == [FetchSnapshot]
    sync.on_snapshot(snapshot(10))
    assert sync.disconnect("cut") == (Lost("cut"),)


def test_the_buffer_is_bounded_and_keeps_the_newest() -> None:
    sync = BookSync(buffer_length=3)
    sync.start()
    for number in range(1, 11):
        sync.on_event(event(number, number))
    assert [type(a) for a in sync.on_snapshot(snapshot(6))] == [FetchSnapshot]
    assert ids(sync.on_snapshot(snapshot(7)))[1:] == [("Changed", n) for n in (8, 9, 10)]


class ModelExchange(RuleBasedStateMachine):
    """A venue with a true book per id; the client sees a lossy stream of it."""

    def __init__(self) -> None:
        super().__init__()
        self.truth: dict[tuple[str, float], float] = {}
        self.history: list[dict[tuple[str, float], float]] = [{}]
        self.wire: list[DepthEvent] = []
        self.requests: list[int] = []
        self.sync, self.book, self.local_id = BookSync(buffer_length=8), Book(), -1
        self.is_valid = False
        self.take(self.sync.start())

    def take(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case FetchSnapshot():
                    assert not self.requests, "one at a time"
                    self.requests.append(1)
                case Replaced(taken):
                    self.book.replace(taken.bids, taken.asks)
                    self.local_id, self.is_valid = taken.last_id, True
                case Changed(change):
                    assert self.is_valid
                    self.book.change(change.bids, change.asks)
                    self.local_id = change.last_id
                case Lost():
                    assert self.is_valid
                    self.is_valid = False

    @rule(
        changes=st.lists(
            st.tuples(st.sampled_from("ba"), st.integers(1, 6), st.integers(0, 3)), min_size=1
        )
    )
    def trade(self, changes: list[tuple[str, int, int]]) -> None:
        """Several updates, told as one event with the final amounts."""
        first = len(self.history)
        touched = {}
        for side, price, amount in changes:
            self.truth = {**self.truth, (side, float(price)): float(amount)}
            self.truth = {key: q for key, q in self.truth.items() if q}
            touched[side, float(price)] = float(amount)
            self.history.append(self.truth)
        sides = [[(p, q) for (side, p), q in touched.items() if side == s] for s in "ba"]
        self.wire.append(DepthEvent(0, "X", first, len(self.history) - 1, *sides))

    @precondition(lambda self: self.wire)
    @rule(times=st.sampled_from([0, 1, 1, 1, 1, 2]))
    def deliver(self, times: int) -> None:
        """Dropped, delivered, or delivered twice."""
        one = self.wire.pop(0)
        for _ in range(times):
            self.take(self.sync.on_event(one))

    @precondition(lambda self: self.requests)
    @rule(age=st.integers(0, 6))
    def answer(self, age: int) -> None:
        """A snapshot of now, or one from a cache."""
        self.requests.pop()
        last = max(len(self.history) - 1 - age, 0)
        state = self.history[last]
        sides = [[(p, q) for (side, p), q in state.items() if side == s] for s in "ba"]
        self.take(self.sync.on_snapshot(DepthSnapshot(last, *sides)))

    @rule()
    def crossed(self) -> None:
        self.take(self.sync.lose("crossed"))

    @rule()
    def reconnect(self) -> None:
        self.wire.clear()
        self.requests.clear()
        self.take(self.sync.disconnect("cut"))
        self.take(self.sync.start())

    @invariant()
    def synced_means_true(self) -> None:
        assert self.is_valid == (self.sync.state is SyncState.SYNCED)
        assert self.is_valid or self.requests, "a lost book is always being fetched"
        if self.is_valid:
            assert self.sync.last_id == self.local_id
            state = self.history[self.local_id]
            bids = sorted(((p, q) for (s, p), q in state.items() if s == "b"), reverse=True)
            asks = sorted((p, q) for (s, p), q in state.items() if s == "a")
            assert self.book.bids(99) == bids
            assert self.book.asks(99) == asks


TestModelExchange = ModelExchange.TestCase
TestModelExchange.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=30), st.integers(0, 30))
def test_the_buffer_never_has_a_hole(spans: list[tuple[int, int]], last: int) -> None:
    sync = started(*(event(first, first + length) for first, length in spans))
    known = last
    for action in sync.on_snapshot(snapshot(last)):
        if isinstance(action, Changed):
            assert action.event.first_id <= known + 1
            assert action.event.last_id > known
            known = action.event.last_id
