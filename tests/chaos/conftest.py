"""Each scenario has a fresh seed in its name; `BOT3_CHAOS_SEEDS="7 8"` says which, or how many."""

from __future__ import annotations

import os
import random

import pytest

FRESH = 1


def seeds() -> list[int]:
    """Given ones, else fresh ones."""
    given = os.environ.get("BOT3_CHAOS_SEEDS", "").split()
    return [int(seed) for seed in given] or [random.SystemRandom().randrange(10**6)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", chosen := seeds(), ids=[f"seed {seed}" for seed in chosen])
