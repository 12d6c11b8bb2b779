"""`SelfHealing` by tables: books, states, rate budgets; and a bound on everything that it does."""

from __future__ import annotations

from collections import Counter, deque
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.errors import ConfigError
from bot3.domain.values import InstrumentId, Symbol
from bot3.healing.decision import Decision
from bot3.healing.policy import SelfHealing, Standing
from bot3.healing.settings import HealingSettings
from bot3.healing.states import StateOrigin
from bot3.messages.healing import (
    BudgetRead,
    HealingAction,
    RestoreSnapshot,
    StartEmpty,
    VenueCall,
    VenueCallEnded,
)
from bot3.messages.market import ResyncBook
from tests.bot3.making import KEY, SECOND_NS, START_NS, VENUE

ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))
SETTINGS = HealingSettings(
    stale_book_s=10.0, resyncs_per_minute_max=3, crashes_max=3, crash_window_s=100.0,
    shed_data_above=0.5, resume_data_below=0.3, circuit_open_s=5.0,
)  # fmt: skip
A = HealingAction


class Clinic:
    """A policy with a clock in seconds; keeps every decision with its time."""

    def __init__(self, standing: Standing | None = None) -> None:
        self.at_s = 0.0
        self.policy = SelfHealing(SETTINGS, (KEY, ETHER), standing or Standing(), START_NS)
        self.decided: list[tuple[float, Decision]] = []

    def now_ns(self) -> int:
        return START_NS + round(self.at_s * SECOND_NS)

    def note(self, decisions: list[Decision]) -> None:
        self.decided += [(self.at_s, decision) for decision in decisions]

    def wait(self, seconds: float, *alive: InstrumentId) -> None:
        """Second by second; `alive` books say something."""
        for _ in range(round(seconds)):
            self.at_s += 1.0
            for key in alive:
                self.policy.on_book(key, self.now_ns())
            self.note(self.policy.on_time(self.now_ns()))

    def doubt(self, key: InstrumentId = KEY) -> None:
        self.note(self.policy.on_doubt(ResyncBook(key, "crossed"), self.now_ns()))

    def read(self, share: float) -> None:
        self.note(self.policy.on_budget(BudgetRead(VENUE, share), self.now_ns()))

    def crash(self, *, at: StateOrigin, actor: str = "ml", key: InstrumentId = KEY) -> None:
        self.note(self.policy.on_crash(key, actor, at, "ValueError: nan", self.now_ns()))

    def acted(self) -> list[tuple[float, HealingAction, str]]:
        return [(at_s, each.action, each.subject) for at_s, each in self.decided]


def test_a_silent_book_of_a_live_feed_is_asked_for() -> None:
    clinic = Clinic()
    clinic.wait(1, KEY, ETHER)
    clinic.wait(10, ETHER)
    assert clinic.acted() == [(11.0, A.RESYNC_BOOK, "binance:BTC/USDT")]
    (decision,) = [each for _, each in clinic.decided]
    assert decision.command == ResyncBook(KEY, "silent for 10.0 s")


def test_one_that_stays_silent_is_asked_for_a_few_times_a_minute() -> None:
    clinic = Clinic()
    clinic.wait(1, KEY, ETHER)
    clinic.wait(130, ETHER)
    times = [at_s for at_s, _, _ in clinic.acted()]
    assert times == [11.0, 21.0, 31.0, 71.0, 81.0, 91.0, 131.0]


def test_nothing_is_asked_of_a_feed_that_is_down_or_was_never_up() -> None:
    clinic = Clinic()
    clinic.wait(60)
    clinic.doubt()
    clinic.policy.on_feed_restored(VENUE, clinic.now_ns())
    clinic.policy.on_feed_lost(VENUE)
    clinic.wait(60)
    clinic.doubt()
    assert clinic.acted() == []


def test_after_its_return_a_feed_has_time_to_bring_its_books() -> None:
    clinic = Clinic()
    clinic.wait(1, KEY)
    clinic.policy.on_feed_lost(VENUE)
    clinic.wait(60)
    clinic.policy.on_feed_restored(VENUE, clinic.now_ns())
    clinic.wait(9)
    assert clinic.acted() == []
    clinic.wait(1)
    assert [(at_s, subject) for at_s, _, subject in clinic.acted()] == [
        (71.0, "binance:BTC/USDT"),
        (71.0, "binance:ETH/USDT"),
    ]


def test_a_doubted_book_is_asked_for_at_once_within_the_bound() -> None:
    clinic = Clinic()
    clinic.wait(1, KEY, ETHER)
    for _ in range(50):
        clinic.doubt()
    clinic.doubt(ETHER)
    assert Counter(subject for _, _, subject in clinic.acted()) == {
        "binance:BTC/USDT": 3,
        "binance:ETH/USDT": 1,
    }
    assert [each.reason for _, each in clinic.decided] == ["crossed"] * 4


def test_no_book_is_asked_for_while_data_is_shed_and_each_stale_one_after_it() -> None:
    clinic = Clinic()
    clinic.wait(1, KEY, ETHER)
    clinic.read(0.8)
    clinic.doubt()
    clinic.wait(30, ETHER)
    assert [action for _, action, _ in clinic.acted()] == [A.SHED_DATA]
    clinic.read(0.1)
    clinic.wait(1, ETHER)
    assert [action for _, action, _ in clinic.acted()[1:]] == [A.RESUME_DATA, A.RESYNC_BOOK]


FIRST, SECOND = StateOrigin(1, 1, 1), StateOrigin(2, 2, 2)
# What the incarnations that crashed were built from, and what follows from the last crash.
CRASHES: list[tuple[list[StateOrigin], type[object] | None]] = [
    ([FIRST, FIRST], None),
    ([FIRST, FIRST, FIRST], StartEmpty),
    ([SECOND, SECOND, SECOND], RestoreSnapshot),
    ([FIRST, FIRST, SECOND], None),
    ([SECOND, FIRST, FIRST], None),
    ([StateOrigin()] * 9, None),  # there is nothing to take away
    ([StateOrigin(1, 2, 2)] * 9, None),  # a newer one was kept: it gets that anyway
]


@pytest.mark.parametrize(("origins", "command"), CRASHES)
def test_a_state_is_condemned_by_crashes_on_that_very_one(
    origins: list[StateOrigin], command: type[object] | None
) -> None:
    clinic = Clinic()
    for origin in origins:
        clinic.wait(1)
        clinic.crash(at=origin)
    commands = [each.command for _, each in clinic.decided]
    assert [type(each) for each in commands] == ([] if command is None else [command])
    assert all(
        (each.instrument, each.actor) == (KEY, "ml")
        for each in commands
        if isinstance(each, RestoreSnapshot | StartEmpty)
    )


def test_crashes_far_apart_or_of_others_do_not_add_up() -> None:
    clinic = Clinic()
    for _ in range(9):
        clinic.crash(at=FIRST)
        clinic.wait(51, KEY, ETHER)
    for actor in ("ml", "market"):
        for key in (KEY, ETHER):
            clinic.crash(at=FIRST, actor=actor, key=key)
    assert clinic.decided == []


def test_from_the_newest_to_the_one_before_to_nothing() -> None:
    clinic = Clinic()
    kept = deque([4, 5])
    crashes = 0
    while kept:
        crashes += 1
        clinic.crash(at=StateOrigin(kept[-1], kept[-1], len(kept)))
        if clinic.decided and isinstance(clinic.decided[-1][1].command, StartEmpty):
            kept.clear()
        elif crashes == 3:
            kept.pop()
    assert crashes == 6
    assert [(action, subject) for _, action, subject in clinic.acted()] == [
        (A.RESTORE_SNAPSHOT, "binance:BTC/USDT ml"),
        (A.START_EMPTY, "binance:BTC/USDT ml"),
    ]


# Share read each second, five seconds and more apart, and what is done.
READINGS: list[tuple[list[float], list[HealingAction]]] = [
    ([0.49, 0.49], []),
    ([0.5], [A.SHED_DATA]),
    ([0.6, 0.4, 0.31], [A.SHED_DATA]),
    ([0.6, 0.3], [A.SHED_DATA]),
    ([0.6, 0.29], [A.SHED_DATA, A.RESUME_DATA]),
    ([1.0, 1.0, 0.0, 0.4, 0.6], [A.SHED_DATA, A.RESUME_DATA, A.SHED_DATA]),
]


@pytest.mark.parametrize(("shares", "actions"), READINGS)
def test_data_is_shed_and_resumed_with_hysteresis(
    shares: list[float], actions: list[HealingAction]
) -> None:
    clinic = Clinic()
    for share in shares:
        clinic.read(share)
        clinic.wait(5)
    assert [action for _, action, _ in clinic.acted()] == actions


def test_a_budget_that_swings_does_not_swing_us_with_it() -> None:
    clinic = Clinic()
    for _ in range(30):
        for share in (0.9, 0.0):
            clinic.read(share)
            clinic.wait(1)
    times = [at_s for at_s, _, _ in clinic.acted()]
    assert len(times) > 5
    assert all(after - before >= 5.0 for before, after in pairwise(times))


def test_a_new_incarnation_goes_on_from_what_stands() -> None:
    clinic = Clinic(Standing(shed={VENUE: None}))
    clinic.wait(5)
    clinic.read(0.9)
    assert clinic.decided == []
    clinic.read(0.1)
    assert [action for _, action, _ in clinic.acted()] == [A.RESUME_DATA]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 5)),
        st.tuples(st.just("doubt"), st.sampled_from([KEY, ETHER])),
        st.tuples(st.just("read"), st.floats(0.0, 1.0)),
        st.tuples(st.just("call"), st.sampled_from(["", "503"])),
        st.tuples(st.just("crash"), st.integers(0, 2)),
    ),
    max_size=200,
)
# Of each action and subject within any minute.
MOST = {A.RESYNC_BOOK: 3, A.SHED_DATA: 6, A.RESUME_DATA: 6, A.OPEN_CIRCUIT: 12, A.PROBE_CIRCUIT: 12}


@given(steps=STEPS)
def test_whatever_happens_actions_are_bounded(steps: list[tuple[str, object]]) -> None:
    clinic = Clinic()
    clinic.policy.on_feed_restored(VENUE, START_NS)
    crashes = 0
    for kind, given_ in steps:
        match kind, given_:
            case "wait", int(seconds):
                clinic.wait(seconds)
            case "doubt", InstrumentId() as key:
                clinic.doubt(key)
            case "read", float(share):
                clinic.read(share)
            case "call", str(problem):
                ended = VenueCallEnded(VENUE, VenueCall.SUBMIT, problem)
                clinic.note(clinic.policy.on_call(ended, clinic.now_ns()))
            case "crash", int(number):
                crashes += 1
                clinic.crash(at=StateOrigin(number, number, number))
    acted = clinic.acted()
    for at_s, _, _ in acted:
        minute = Counter((a, s) for t, a, s in acted if at_s <= t < at_s + 60.0)
        assert all(count <= MOST.get(action, 60) for (action, _), count in minute.items())
    condemned = [a for _, a, _ in acted if a in (A.RESTORE_SNAPSHOT, A.START_EMPTY)]
    assert len(condemned) * 3 <= crashes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stale_book_s": 0.0}, "stale_book_s = 0.0: want a positive"),
        ({"circuit_failures": 0}, "circuit_failures = 0: want a positive"),
        ({"circuit_window_s": float("nan")}, "circuit_window_s = nan: want a positive"),
        ({"circuit_open_s": 9.0, "circuit_open_max_s": 8.0}, "want at least circuit_open_s = 9"),
        ({"shed_data_above": 1.5}, "shed_data_above = 1.5: want a share"),
        ({"resume_data_below": 0.5}, "want above 0 and below shed_data_above = 0.5"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        HealingSettings(**changes)
