"""The regime of the market as a whole: every instrument weighs the same, a bar counts once."""

from __future__ import annotations

import math

import numpy as np

from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.minds import RegimeLabel
from bot3.regime.detector import RegimeDetector
from bot3.regime.market_wide import MarketWideRegime

A, B = (InstrumentId(VenueName("binance"), Symbol(name)) for name in ("BTC/USDT", "ETH/USDT"))


def test_it_is_the_regime_of_the_mean_return() -> None:
    dice = np.random.default_rng(1)
    whole, alone = MarketWideRegime(), RegimeDetector()
    found = []
    for ts_ns, (a, b) in enumerate(dice.normal(0, 1e-3, (400, 2)).tolist()):
        estimate = whole.hear(A, ts_ns, a, 10.0)
        whole.hear(B, ts_ns, b, 30.0)
        found += (
            [] if estimate is None else [(estimate.ts_ns, estimate.instruments, estimate.estimate)]
        )
        whole.learn()
        if ts_ns < 399:
            expected = alone.update((a + b) / 2, 20.0)
            alone.learn()
    assert [each[:2] for each in found] == [(ts_ns, 2) for ts_ns in range(399)]
    assert found[-1][2] == expected


def test_what_is_late_or_no_number_counts_for_nothing() -> None:
    whole = MarketWideRegime()
    assert whole.hear(A, 5, 0.001, 10.0) is None
    assert whole.hear(B, 4, 0.9, 10.0) is None
    assert whole.hear(B, 5, math.nan, 10.0) is None
    found = whole.hear(B, 6, 0.002, 10.0)
    assert found is not None
    assert (found.ts_ns, found.instruments) == (5, 1)


def test_a_market_that_turns_wild_is_volatile() -> None:
    dice, whole, label = np.random.default_rng(2), MarketWideRegime(), None
    for ts_ns in range(1_200):
        scale = 5e-4 if ts_ns < 1_000 else 5e-3
        for key in (A, B):
            estimate = whole.hear(key, ts_ns, float(dice.normal(0, scale)), 10.0)
            label = estimate.estimate.label if estimate is not None else label
        whole.learn()
        assert ts_ns > 1_000 or label is not RegimeLabel.VOLATILE or ts_ns < 300
    assert label is RegimeLabel.VOLATILE
