"""Drift: found soon after a change, rarely where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bot3.market.drift import DriftMonitor


def test_a_change_is_found_soon_and_its_mean_learned() -> None:
    for seed in range(5):
        dice = np.random.default_rng(seed)
        monitor = DriftMonitor("error")
        calm = [monitor.update(x) for x in (dice.random(2_000) < 0.3).astype(float)]
        assert sum(calm) <= 1
        wild = [monitor.update(x) for x in (dice.random(1_000) < 0.7).astype(float)]
        assert wild.index(True) < 150
        assert monitor.mean == pytest.approx(0.7, abs=0.08)
        assert monitor.detections == sum(calm) + sum(wild)


def test_a_number_that_is_none_raises() -> None:
    with pytest.raises(ValueError, match="error"):
        DriftMonitor("error").update(math.nan)
