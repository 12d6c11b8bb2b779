"""Every planted bug is caught within its stated seeds; the code without it passes the same.

A bug shows only where the right things go wrong, so each is looked for in a storm that has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from multiprocessing import get_context
from typing import Final

import attrs
import pytest

from adapters.simulated.fault_rates import FaultRates, RequestKind, VenueFault
from bot3.app.heavy import import_heavy_libraries
from bot3.app.simulation.report import SimulationResult
from bot3.app.simulation.scenario import FaultLevel, FaultPlan, Scenario
from tests.simulation.mutants import MUTANTS
from tests.simulation.sweep import Sweep, run_seed, spare_jobs

STORM: Final = Sweep(60.0, FaultLevel.STORM)
_PLAN: Final = Scenario(seed=1, duration_s=1.0, level=FaultLevel.STORM).plan

# Orders that get no answer and reach the matching engine after they should have been given up.
LATE_ORDERS: Final = attrs.evolve(
    STORM,
    own_plan=FaultPlan(
        venue=FaultRates(
            requests={RequestKind.ENTRY: {VenueFault.ENGINE_QUEUED: 0.3}},
            engine_delay_s=(5.2, 10.0),
        )
    ),
)
# A venue that often says that it is busy, and not whether it took the order.
BUSY_VENUE: Final = attrs.evolve(
    STORM,
    own_plan=FaultPlan(
        venue=FaultRates(requests={RequestKind.ENTRY: {VenueFault.UNAVAILABLE_BEFORE: 0.3}})
    ),
)
# Halts during which things crash.
HALTS: Final = attrs.evolve(
    STORM,
    own_plan=attrs.evolve(
        _PLAN,
        operator_halt_s=15.0,
        operator_flatten_share=0.0,
        process_crash_s=20.0,
        steps_between_actor_crashes=375,
    ),
)
# The same, and every halt sells what is held.
FLATTENS: Final = attrs.evolve(
    HALTS, own_plan=attrs.evolve(HALTS.own_plan, operator_flatten_share=1.0)
)
# A private stream that is lost again and again while orders fill.
LOST_STREAMS: Final = attrs.evolve(
    STORM,
    own_plan=FaultPlan(
        link_s=8.0, venue=FaultRates(account_frames={VenueFault.ACCOUNT_FRAME_LOST: 0.2})
    ),
)
SEEDS_MAX: Final = 6

# In which storm, and which invariant must fall.
HUNTS: Final[Mapping[str, tuple[Sweep, str]]] = {
    "wire_before_journal": (STORM, "journal_first"),
    "retry_with_a_new_id": (BUSY_VENUE, "journal_first"),
    "resend_after_not_found": (LATE_ORDERS, "one_order_per_intent"),
    "not_found_is_final": (LATE_ORDERS, "order_ends"),
    "unknown_is_rejected": (STORM, "order_ends"),
    "cancel_is_final_at_once": (STORM, "order_ends"),
    "fill_applied_twice": (LOST_STREAMS, "fills"),
    "missed_fills_are_not_fetched": (LOST_STREAMS, "fills"),
    "gap_is_ignored": (STORM, "books_agree"),
    "snapshot_is_merged": (STORM, "books_agree"),
    "halt_is_forgotten": (HALTS, "none_after_halt"),
    "flatten_still_enters": (FLATTENS, "none_after_halt"),
    "gate_is_open": (HALTS, "none_after_halt"),
    "intents_are_not_synced": (STORM, "journal_first"),
    "restarts_at_once": (HALTS, "no_restart_storm"),
}


@attrs.frozen
class Hunt:
    """How it went: the last run, and which seeds were needed."""

    result: SimulationResult
    seeds: tuple[int, ...]


def hunt(name: str) -> tuple[str, Hunt]:
    """Seed after seed until the bug shows."""
    storm, wanted = HUNTS[name]
    sweep = attrs.evolve(storm, mutant=name, ends_at=wanted)
    for seed in range(1, SEEDS_MAX + 1):
        result = run_seed(sweep, seed)
        if wanted in {violation.checker for violation in result.violations}:
            break
    return name, Hunt(result, tuple(range(1, seed + 1)))


def run_unmutated(case: tuple[Sweep, int]) -> SimulationResult:
    return run_seed(*case)


@pytest.fixture(scope="module")
def hunted() -> Iterator[dict[str, Hunt]]:
    """All bugs, side by side."""
    import_heavy_libraries()
    with get_context("fork").Pool(spare_jobs()) as pool:
        yield dict(pool.imap_unordered(hunt, HUNTS))


def test_every_bug_is_hunted() -> None:
    assert HUNTS.keys() == MUTANTS.keys()
    assert len(MUTANTS) >= 8


@pytest.mark.parametrize("name", HUNTS)
def test_the_bug_is_caught_by_the_invariant_that_it_breaks(
    name: str, hunted: dict[str, Hunt]
) -> None:
    found = {violation.checker for violation in hunted[name].result.violations}
    assert HUNTS[name][1] in found, f"{name} survived {SEEDS_MAX} seeds: {found}"


def test_the_code_without_the_bugs_passes_the_same_seeds(hunted: dict[str, Hunt]) -> None:
    cases = {
        (id(sweep), seed): (sweep, seed)
        for name, (sweep, _) in HUNTS.items()
        for seed in hunted[name].seeds
    }
    with get_context("fork").Pool(spare_jobs()) as pool:
        results = pool.map(run_unmutated, cases.values())
    assert [line for each in results if not each.is_good for line in each.lines()] == []


def test_a_violation_comes_with_all_that_is_needed_to_see_it_again(
    hunted: dict[str, Hunt],
) -> None:
    result = hunted["wire_before_journal"].result
    told = "\n".join(result.lines())
    first = result.violations[0]
    assert (
        f"VIOLATIONS\n    {first.ts_ns / 1_000_000_000:.6f} {first.checker}: {first.text}" in told
    )
    assert "the last events:" in told
    assert f"seed {result.scenario.seed}  commit " in told
    assert f"config {result.config_hash}" in told
    assert (
        f"python -m bot3 simulate --seed {result.scenario.seed} --hours 0.01666666667"
        " --faults storm" in told
    )
