"""The arithmetic of restarts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.errors import SpecError
from supervisors.restart import (
    AutoShutdown,
    ExitReason,
    Intensity,
    Restart,
    RestartWindow,
    Strategy,
    affected,
    ends_supervisor,
    is_restarted,
)


@pytest.mark.parametrize(
    ("restart", "after_normal", "after_shutdown", "after_error"),
    [
        (Restart.PERMANENT, True, True, True),
        (Restart.TRANSIENT, False, False, True),
        (Restart.TEMPORARY, False, False, False),
    ],
)
def test_the_table_of_restart_types_and_exits(
    restart: Restart, after_normal: bool, after_shutdown: bool, after_error: bool
) -> None:
    assert is_restarted(restart, ExitReason.NORMAL) is after_normal
    assert is_restarted(restart, ExitReason.SHUTDOWN) is after_shutdown
    for bad in (ExitReason.ERROR, ExitReason.KILLED, ExitReason.START_FAILED):
        assert is_restarted(restart, bad) is after_error


@given(st.integers(1, 8), st.data())
def test_who_is_affected(size: int, data: st.DataObject) -> None:
    children = tuple(range(size))
    failed = data.draw(st.sampled_from(children))
    assert tuple(affected(Strategy.ONE_FOR_ONE, children, failed)) == (failed,)
    assert tuple(affected(Strategy.ONE_FOR_ALL, children, failed)) == children
    assert tuple(affected(Strategy.REST_FOR_ONE, children, failed)) == tuple(range(failed, size))


@given(
    st.integers(0, 4),
    st.integers(1, 20),
    st.lists(st.integers(0, 15), min_size=1, max_size=40),
)
def test_the_window_allows_so_many_in_any_span_and_no_more(
    restarts: int, within_s: int, gaps_s: list[int]
) -> None:
    window = RestartWindow(Intensity(restarts, within_s))
    charged_s: list[int] = []
    for gap_s in gaps_s:
        charged_s.append((charged_s[-1] if charged_s else 0) + gap_s)
        recent = [at_s for at_s in charged_s if charged_s[-1] - at_s <= within_s]
        is_allowed = window.charge(charged_s[-1])
        assert is_allowed is (len(recent) <= restarts)
        if not is_allowed:  # the supervisor has failed; nothing is charged to it any more
            return


@pytest.mark.parametrize(("restarts", "within_s"), [(-1, 5), (1, 0), (1, -2), (1, float("inf"))])
def test_a_bad_intensity_is_refused(restarts: int, within_s: float) -> None:
    with pytest.raises(SpecError, match="intensity"):
        Intensity(restarts, within_s)


@pytest.mark.parametrize("others_alive", [True, False])
def test_when_a_significant_end_ends_the_supervisor(others_alive: bool) -> None:
    assert not ends_supervisor(AutoShutdown.NEVER, others_alive=others_alive)
    assert ends_supervisor(AutoShutdown.ANY, others_alive=others_alive)
    assert ends_supervisor(AutoShutdown.ALL, others_alive=others_alive) is not others_alive
