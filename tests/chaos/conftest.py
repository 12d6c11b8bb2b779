"""Each scenario has fresh seeds, in its name: `BOT3_CHAOS_FRESH=3` of them, or exactly
`BOT3_CHAOS_SEEDS="7 8"`: what was once seen can be played again.
"""

from __future__ import annotations

import os
import random

import pytest


def seeds() -> list[int]:
    """Given ones, else fresh ones: the same in all processes that share one run of the tests."""
    given = os.environ.get("BOT3_CHAOS_SEEDS", "").split()
    fresh = int(os.environ.get("BOT3_CHAOS_FRESH", "1"))
    dice = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID") or os.urandom(8))
    return [int(seed) for seed in given] or [dice.randrange(10**6) for _ in range(fresh)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", chosen := seeds(), ids=[f"seed {seed}" for seed in chosen])
