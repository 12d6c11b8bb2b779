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
LONG_ENOUGH, MEASURED = 420, 100  # seconds; by then everybody forecasts


def _mind() -> LoneMind:
    config = load_config(None, {}, {"market.bar_interval_s": 1}).config
    return LoneMind(KEY, mind_of(config, config.simulation.taker_fee_rate))


def _second(dice: random.Random, price: float, second: int) -> tuple[list[Any], float]:
    """Quotes of one second, then the trade that closes the bar before."""
    events: list[Any] = []
    at_ns = START_NS + second * SECOND_NS
    for quote in range(QUOTES):
        price *= math.exp(dice.gauss(0, 1.5e-4))
        bids = [(price - 0.01 * n, dice.random()) for n in range(1, 11)]
        asks = [(price + 0.01 * n, dice.random()) for n in range(1, 11)]
        sequence = second * QUOTES + quote + 1
        events.append(BookReplaced(KEY, bids, asks, sequence, at_ns, at_ns))
    return [*events, TradePrinted(KEY, second, price, 0.1, Side.BUY, at_ns, at_ns)], price


def run() -> dict[str, Any]:
    """Quantiles in µs of one instrument; seconds of a hundred, each with its own bars."""
    before_ms = calibration_ms()
    lone, dice, price = _mind(), random.Random(1), 60_000.0
    decisions, learnings = [], []
    for second in range(SECONDS):
        (*quotes, trade), price = _second(dice, price, second)
        for quote in quotes:
            lone.hear(quote)
        started = time.perf_counter_ns()
        lone.hear(trade)
        decided = time.perf_counter_ns()
        lone.beat(trade.ts_local_ns)
        learned = time.perf_counter_ns()
        if second >= WARM:
            decisions.append((decided - started) / 1e3)
            learnings.append((learned - decided) / 1e3)
    assert lone.target is not None
    return {
        "decision_us": _quantiles(decisions),
        "learning_us": _quantiles(learnings),
        "together_us": _quantiles([a + b for a, b in zip(decisions, learnings, strict=True)]),
        "hundred_instruments_ms_a_second": _hundred(),
        "calibration_ms": [round(before_ms, 2), round(calibration_ms(), 2)],
    }


def _hundred() -> dict[str, float]:
    """Milliseconds of CPU that a second of a hundred instruments takes, books and learning too."""
    minds, dice, prices = (
        [_mind() for _ in range(INSTRUMENTS)],
        random.Random(2),
        [60_000.0] * INSTRUMENTS,
    )
    took = []
    for second in range(LONG_ENOUGH):
        made = [_second(dice, price, second) for price in prices]
        prices = [price for _, price in made]
        started = time.process_time_ns()
        for mind, (events, _) in zip(minds, made, strict=True):
            for event in events:
                mind.hear(event)
            mind.beat(events[-1].ts_local_ns)
        took.append((time.process_time_ns() - started) / 1e6)
    return _quantiles(took[-MEASURED:])


def _quantiles(values: list[float]) -> dict[str, float]:
    p50, p99 = np.quantile(values, (0.5, 0.99)).tolist()
    return {"p50": round(p50, 1), "p99": round(p99, 1)}
