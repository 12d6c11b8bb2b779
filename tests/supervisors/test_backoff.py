"""Delays before restarts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.backoff import Backoff, CrashStreak
from supervisors.entropy import Entropy
from supervisors.errors import SpecError

DICE = Entropy(1).dice("back-off")


@given(
    st.floats(0.001, 10),
    st.floats(1, 10),
    st.floats(0, 1000),
    st.floats(0, 1),
    st.integers(1, 100_000),
)
def test_a_delay_lies_between_the_jittered_and_the_full_base_and_under_the_cap(
    initial_s: float, factor: float, extra_s: float, jitter: float, crashes: int
) -> None:
    backoff = Backoff(initial_s=initial_s, factor=factor, max_s=initial_s + extra_s, jitter=jitter)
    base_s = backoff.base_s(crashes)
    assert initial_s * (1 - 1e-9) <= base_s <= backoff.max_s
    assert base_s >= backoff.base_s(max(1, crashes - 1)) * (1 - 1e-9)
    assert base_s * (1 - jitter) <= backoff.delay_s(crashes, DICE) <= base_s


def test_the_sequence_doubles_up_to_the_cap_and_starts_anew_after_a_calm_time() -> None:
    streak = CrashStreak(Backoff(initial_s=1, factor=2, max_s=8, jitter=0, reset_after_s=60))
    up_s = [0.1, 0.1, 0, 59.9, 1, 60, 0.1]
    assert [streak.next_delay_s(s, DICE) for s in up_s] == [1, 2, 4, 8, 8, 1, 2]


def test_jitter_spreads_the_delays() -> None:
    backoff = Backoff(initial_s=10, max_s=10, jitter=0.5)
    delays_s = [backoff.delay_s(1, DICE) for _ in range(200)]
    assert min(delays_s) < 6 < 9 < max(delays_s)


def test_without_a_backoff_there_is_no_delay_but_crashes_are_counted() -> None:
    streak = CrashStreak(None)
    assert [streak.next_delay_s(0, DICE) for _ in range(3)] == [0, 0, 0]
    assert streak.crashes == 3


def test_the_calm_time_is_by_default_half_way_between_initial_and_cap() -> None:
    assert Backoff(initial_s=2, max_s=10).calm_s == 6


@pytest.mark.parametrize(
    "numbers",
    [
        {"initial_s": -1},
        {"initial_s": 31},
        {"factor": 0.5},
        {"jitter": 1.5},
        {"jitter": -0.1},
        {"max_s": float("inf")},
        {"reset_after_s": -1},
        {"factor": float("nan")},
    ],
)
def test_a_bad_backoff_is_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="back-off"):
        Backoff(**numbers)
