"""Strategies a second: genomes of 20 comparisons over 100,000 bars, on one core and on two."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np

from bot3.app.search.executors import Work, computing
from bot3.backtest.validation.zones import Zones
from bot3.evolution.fitness import SearchData, levels_of, measure, search_data
from bot3.evolution.generator import QUANTILES
from bot3.evolution.table import table_of
from bot3.strategies.genome import NAMES
from tests.benchmarks.calibration import calibration_ms
from tests.bot3.backtest.making import wandering

ROWS, GENOMES, COMPARISONS = 100_000, 400, 20


def _data() -> SearchData:
    table = table_of(wandering(ROWS, 1, step=0.001))
    span = (int(table.bars.close_ns[table.warm]), int(table.bars.close_ns[-1]))
    return search_data([table], Zones(span, span, span), 0.001)


def _condition(dice: np.random.Generator, levels: dict[str, list[float]]) -> str:
    text = ""
    for at in range(COMPARISONS // 2):
        name = NAMES[int(dice.integers(len(NAMES) - 1))]
        leaf = f"{name}{'<>'[int(dice.integers(2))]}{float(dice.choice(levels[name])):.6f}"
        text = f"{('and', 'or')[int(dice.integers(2))]} {leaf} {text}" if at else leaf
    return text


def run() -> dict[str, Any]:
    """Evaluations a second of wall time, the better of three rounds."""
    before_ms = calibration_ms()
    data, dice = _data(), np.random.default_rng(1)
    levels = levels_of(data, QUANTILES)
    texts = [f"rule {_condition(dice, levels)} {_condition(dice, levels)}" for _ in range(GENOMES)]
    found: dict[str, Any] = {"bars": ROWS, "comparisons": COMPARISONS}
    for workers in (1, 2):
        with computing(Work(measure, data, tuple(texts[:1])), workers) as answers:
            best = 0.0
            for _ in range(3):
                started = time.perf_counter()
                answers(texts)
                best = max(best, GENOMES / (time.perf_counter() - started))
        found[f"evaluations_per_s_{workers}"] = round(best)
    found["calibration_ms"] = [before_ms, calibration_ms()]
    return found


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
