"""What an opinion costs: features, regime, TA, ML and hybrid of one instrument, a bar a second.

The actors of a live run, driven without Trio. `decision_us`: from the trade that closes a bar to
the blended target, learning excluded; `learning_us`: what is learned on the timer's next beat.
"""

from __future__ import annotations

import math
import random
import time
from typing import Any

import numpy as np

from bot3.app.config import load_config
from bot3.app.science.lone_mind import LoneMind
from bot3.app.wiring import mind_of
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.messages.market import BookReplaced, TradePrinted
from tests.benchmarks.calibration import calibration_ms

KEY = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
SECOND_NS = 1_000_000_000
START_NS = 1_750_000_000 * SECOND_NS
SECONDS, WARM = 3_000, 600
QUOTES = 4  # a second, between two bars
INSTRUMENTS = 100


def run() -> dict[str, Any]:
    """Quantiles in µs, and the share of a core that a hundred such instruments take."""
    config = load_config(None, {}, {"market.bar_interval_s": 1}).config
    lone, dice = LoneMind(KEY, mind_of(config, config.simulation.taker_fee_rate)), random.Random(1)
    before_ms = calibration_ms()
    decisions, learnings, price, sequence = [], [], 60_000.0, 0
    for second in range(SECONDS):
        at_ns = START_NS + second * SECOND_NS
        for _ in range(QUOTES):
            sequence += 1
            price *= math.exp(dice.gauss(0, 1.5e-4))
            bids = [(price - 0.01 * n, dice.random()) for n in range(1, 11)]
            asks = [(price + 0.01 * n, dice.random()) for n in range(1, 11)]
            lone.hear(BookReplaced(KEY, bids, asks, sequence, at_ns, at_ns))
        trade = TradePrinted(KEY, sequence, price, 0.1, Side.BUY, at_ns, at_ns)
        started = time.perf_counter_ns()
        lone.hear(trade)
        decided = time.perf_counter_ns()
        lone.beat(at_ns)
        learned = time.perf_counter_ns()
        if second >= WARM:
            decisions.append((decided - started) / 1e3)
            learnings.append((learned - decided) / 1e3)
    assert lone.target is not None
    each_us = float(np.mean(decisions) + np.mean(learnings))
    return {
        "decision_us": _quantiles(decisions),
        "learning_us": _quantiles(learnings),
        "together_us": _quantiles([a + b for a, b in zip(decisions, learnings, strict=True)]),
        "core_share_of_100_instruments": round(each_us * INSTRUMENTS / 1e6, 3),
        "calibration_ms": [round(before_ms, 2), round(calibration_ms(), 2)],
    }


def _quantiles(values: list[float]) -> dict[str, float]:
    p50, p99 = np.quantile(values, (0.5, 0.99)).tolist()
    return {"p50": round(p50, 1), "p99": round(p99, 1)}
