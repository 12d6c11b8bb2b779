"""Every planted bug is caught within its stated seeds; the code without it passes the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from multiprocessing import get_context

import attrs
import pytest

from bot3.app.heavy import import_heavy_libraries
from bot3.app.simulation.report import SimulationResult
from bot3.app.simulation.scenario import FaultLevel
from tests.simulation.mutants import MUTANTS
from tests.simulation.sweep import Sweep, run_seed, seeds_until_caught, spare_jobs

SWEEP = Sweep(60.0, FaultLevel.STORM)

# Which invariant must fall, and within which seeds.
CAUGHT: Mapping[str, tuple[str, Sequence[int]]] = {
    "wire_before_journal": ("journal_first", (1,)),
    "retry_with_a_new_id": ("journal_first", (1,)),
    "unknown_is_rejected": ("order_ends", (1,)),
    "cancel_is_final_at_once": ("order_ends", (1,)),
    "fill_applied_twice": ("fills", (1,)),
    "missed_fills_are_not_fetched": ("fills", (1, 2)),
}


def hunt(name: str) -> tuple[str, SimulationResult | None]:
    """The first seed on which the bug shows."""
    return name, seeds_until_caught(attrs.evolve(SWEEP, mutant=name), CAUGHT[name][1], jobs=1)


@pytest.fixture(scope="module")
def hunted() -> Iterator[dict[str, SimulationResult | None]]:
    """All bugs, side by side."""
    import_heavy_libraries()
    with get_context("fork").Pool(spare_jobs()) as pool:
        yield dict(pool.imap_unordered(hunt, CAUGHT))


@pytest.fixture(scope="module")
def unmutated() -> Iterator[list[SimulationResult]]:
    """The same seeds without a bug."""
    import_heavy_libraries()
    seeds = sorted({seed for _, seeds in CAUGHT.values() for seed in seeds})
    with get_context("fork").Pool(spare_jobs()) as pool:
        yield pool.map(partial(run_seed, SWEEP), seeds)


def test_every_bug_has_its_seeds() -> None:
    assert CAUGHT.keys() == MUTANTS.keys()
    assert len(MUTANTS) >= 8


@pytest.mark.parametrize("name", CAUGHT)
def test_the_bug_is_caught_by_the_invariant_that_it_breaks(
    name: str, hunted: dict[str, SimulationResult | None]
) -> None:
    result = hunted[name]
    assert result is not None, f"{name} survived {CAUGHT[name][1]}"
    assert CAUGHT[name][0] in {violation.checker for violation in result.violations}


def test_the_code_without_the_bugs_passes_the_same_seeds(
    unmutated: list[SimulationResult],
) -> None:
    assert [line for result in unmutated if not result.is_good for line in result.lines()] == []


def test_a_violation_comes_with_all_that_is_needed_to_see_it_again(
    hunted: dict[str, SimulationResult | None],
) -> None:
    result = hunted["wire_before_journal"]
    assert result is not None
    told = "\n".join(result.lines())
    assert f"VIOLATIONS\n    {result.violations[0].ts_ns / 1e9:.6f} journal_first: " in told
    assert "the last events:" in told
    assert f"seed {result.scenario.seed}  commit " in told
    assert f"config {result.config_hash}" in told
    assert (
        f"python -m bot3 simulate --seed {result.scenario.seed} --hours 0.01666666667"
        " --faults storm" in told
    )
