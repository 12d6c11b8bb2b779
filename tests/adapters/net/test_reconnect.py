from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.net.reconnect import Backoff, BackoffPolicy
from supervisors.entropy import Entropy


class Fixed:
    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


def test_delays_grow_to_the_most_and_begin_again() -> None:
    backoff = Backoff(BackoffPolicy(initial_s=1, factor=2, max_s=5, jitter=0.5), Fixed(0.0))
    assert [backoff.next_s() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert backoff.next_s() == 1


def test_jitter_takes_its_part_off() -> None:
    backoff = Backoff(BackoffPolicy(initial_s=8, factor=1, max_s=8, jitter=0.25), Fixed(0.5))
    assert backoff.next_s() == 7.0


@given(
    st.floats(0.01, 10), st.floats(1, 10), st.floats(0.01, 100), st.floats(0, 1), st.integers(0, 99)
)
def test_delays_stay_within_bounds(
    initial_s: float, factor: float, max_s: float, jitter: float, seed: int
) -> None:
    policy = BackoffPolicy(initial_s, factor, max_s, jitter)
    backoff = Backoff(policy, Entropy(seed).dice("test"))
    for attempt in range(50):
        full_s = min(initial_s * factor**attempt, max_s)
        assert full_s * (1 - jitter) * 0.999 <= backoff.next_s() <= full_s * 1.001


@pytest.mark.parametrize(
    "wrong", [{"initial_s": 0}, {"factor": 0.5}, {"max_s": -1}, {"jitter": 1.5}]
)
def test_a_wrong_policy_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        BackoffPolicy(**wrong)
