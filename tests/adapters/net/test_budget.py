from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.net.budget import MINUTE_NS, NS_PER_S, SHARES, Priority, WeightBudget

NOON_NS = 1_790_401_500_000_000_000 // MINUTE_NS * MINUTE_NS


def test_each_priority_has_its_share_and_data_the_smallest() -> None:
    shares = [SHARES[p] for p in Priority]
    assert [p.name for p in Priority] == ["CANCEL", "PROTECTIVE", "ENTRY", "QUERY", "DATA"]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0


def test_data_is_shed_first_and_cancels_last() -> None:
    budget = WeightBudget(100)
    allowed = []
    for used in (60, 80, 90, 95, 100):
        budget.finish(0, NOON_NS, used)
        allowed.append([p.name for p in Priority if budget.wait_s(p, 1, NOON_NS) == 0.0])
    assert allowed == [
        ["CANCEL", "PROTECTIVE", "ENTRY", "QUERY"],
        ["CANCEL", "PROTECTIVE", "ENTRY"],
        ["CANCEL", "PROTECTIVE"],
        ["CANCEL"],
        [],
    ]


def test_the_window_begins_at_the_full_minute() -> None:
    budget = WeightBudget(100)
    at_ns = NOON_NS + 45 * NS_PER_S
    budget.finish(0, at_ns, 100)
    assert budget.wait_s(Priority.CANCEL, 1, at_ns) == 15.0
    assert budget.wait_s(Priority.CANCEL, 1, NOON_NS + MINUTE_NS) == 0.0
    assert budget.used(NOON_NS + MINUTE_NS) == 0


def test_what_is_on_its_way_counts_and_the_venues_count_replaces_ours() -> None:
    budget = WeightBudget(100)
    budget.start(50, NOON_NS)
    assert budget.used(NOON_NS) == 50
    assert budget.wait_s(Priority.DATA, 50, NOON_NS) == 60.0
    budget.finish(50, NOON_NS, 2)
    assert budget.used(NOON_NS) == 2
    budget.start(50, NOON_NS)
    budget.finish(50, NOON_NS)
    assert budget.used(NOON_NS) == 52, "an answer without a count is charged in full"


def test_an_overtaken_answer_does_not_lower_the_count() -> None:
    budget = WeightBudget(100)
    budget.finish(0, NOON_NS, 40)
    budget.finish(0, NOON_NS, 30)
    assert budget.used(NOON_NS) == 40


def test_a_request_over_the_minute_is_still_on_its_way_in_the_next() -> None:
    budget = WeightBudget(100)
    budget.start(10, NOON_NS)
    assert budget.used(NOON_NS + MINUTE_NS) == 10


def test_blocked_is_blocked_for_everybody_and_never_shortened() -> None:
    budget = WeightBudget(100)
    budget.block(NOON_NS + 90 * NS_PER_S)
    budget.block(NOON_NS + 10 * NS_PER_S)
    assert budget.wait_s(Priority.CANCEL, 1, NOON_NS) == 90.0
    assert budget.wait_s(Priority.CANCEL, 1, NOON_NS + 90 * NS_PER_S) == 0.0


def test_what_no_window_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="data share"):
        WeightBudget(100).wait_s(Priority.DATA, 61, NOON_NS)
    with pytest.raises(ValueError, match="limit"):
        WeightBudget(0)
    with pytest.raises(ValueError, match="limit"):
        WeightBudget(5).set_limit(-1)


@given(st.lists(st.tuples(st.sampled_from(Priority), st.integers(1, 50), st.integers(0, 20))))
def test_a_window_never_exceeds_the_limit_and_waiting_as_told_suffices(
    asked: list[tuple[Priority, int, int]],
) -> None:
    budget, now_ns = WeightBudget(100), NOON_NS
    spent: dict[int, int] = {}
    for priority, weight, gap_s in asked:
        now_ns += gap_s * NS_PER_S
        now_ns += round(budget.wait_s(priority, weight, now_ns) * NS_PER_S)
        assert budget.wait_s(priority, weight, now_ns) == 0.0
        budget.start(weight, now_ns)
        budget.finish(weight, now_ns)
        window = now_ns // MINUTE_NS
        spent[window] = spent.get(window, 0) + weight
        assert spent[window] <= 100 * SHARES[priority]


def test_what_is_used_is_told_as_a_share_and_a_block_as_all_of_it() -> None:
    budget = WeightBudget(100)
    budget.finish(0, NOON_NS, 40)
    budget.start(5, NOON_NS)
    assert budget.used_share(NOON_NS) == 0.45
    budget.finish(5, NOON_NS, 140)
    assert budget.used_share(NOON_NS) == 1.0
    assert budget.used_share(NOON_NS + MINUTE_NS) == 0.0
    budget.block(NOON_NS + 2 * MINUTE_NS)
    assert budget.used_share(NOON_NS + MINUTE_NS) == 1.0


def test_shed_data_is_turned_away_and_counted_and_nothing_else_is() -> None:
    budget = WeightBudget(100)
    assert not any(budget.turns_away(priority) for priority in Priority)
    budget.shed_data(is_shed=True)
    assert [p.name for p in Priority if budget.turns_away(p)] == ["DATA"]
    assert budget.counts() == {"data_turned_away": 1}
    budget.shed_data(is_shed=False)
    assert not budget.turns_away(Priority.DATA)
