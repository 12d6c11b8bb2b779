"""The meta-learner against the bounds of its papers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot3.app.science.rows import Effort, Measured, Row
from bot3.learning.meta import MetaLearner, MetaSettings

_ROUNDS: Final = 10_000
_EXPERTS: Final = 10
_SEGMENTS: Final = 10
_BOUND: Final = math.sqrt(_ROUNDS * math.log(_EXPERTS) / 2)
_BOUND_SEGMENTS: Final = 690.0
_NAMES: Final = tuple(str(each) for each in range(_EXPERTS))
_HEDGE_RATE: Final = math.sqrt(8 * math.log(_EXPERTS) / _ROUNDS)


def regret(losses: NDArray[np.float64], settings: MetaSettings, segments: int = 1) -> float:
    """Loss of the blend less that of the best expert of each segment."""
    learner, total = MetaLearner(_NAMES, settings=settings), 0.0
    for row in losses.tolist():
        weights = learner.weights.values()
        total += sum(w * x for w, x in zip(weights, row, strict=True))
        learner.update(dict(zip(_NAMES, row, strict=True)))
    return total - sum(float(part.sum(axis=0).min()) for part in np.array_split(losses, segments))


def _worlds(dice: np.random.Generator) -> list[Any]:
    shape = (_ROUNDS, _EXPERTS)
    return [
        dice.random(shape) < 0.5,
        dice.random(shape) < np.linspace(0.45, 0.55, _EXPERTS),
        dice.random(shape),
    ]


def _steady(effort: Effort) -> Measured:
    seeds = effort.seeds(1, 20)
    regrets = [
        regret(losses.astype(np.float64), MetaSettings(share=0.0))
        for seed in seeds
        for losses in _worlds(np.random.default_rng(seed))
    ]
    figures = {"worst": max(regrets), "median": float(np.median(regrets)), "bound": _BOUND}
    return Measured(figures, max(regrets) <= _BOUND)


def _switching(effort: Effort) -> Measured:
    shared, ratios = [], []
    for seed in effort.seeds(1, 10):
        dice = np.random.default_rng(seed)
        best = [0, 0]
        while any(a == b for a, b in pairwise(best)):
            best = dice.integers(_EXPERTS, size=_SEGMENTS).tolist()
        chances = np.full((_ROUNDS, _EXPERTS), 0.5)
        for part, expert in zip(np.array_split(np.arange(_ROUNDS), _SEGMENTS), best, strict=True):
            chances[part, expert] = 0.3
        losses = (dice.random(chances.shape) < chances).astype(np.float64)
        hedge = regret(losses, MetaSettings(share=0.0, learning_rate=_HEDGE_RATE), _SEGMENTS)
        shared.append(regret(losses, MetaSettings(share=0.001), _SEGMENTS))
        ratios.append(shared[-1] / hedge)
    figures = {"worst": max(shared), "bound": _BOUND_SEGMENTS, "of_hedge_worst": max(ratios)}
    return Measured(figures, max(shared) <= _BOUND_SEGMENTS and max(ratios) < 0.25)


ROWS: Final = (
    Row(
        "meta-learning",
        "AdaHedge, 10 experts, 10,000 rounds, three worlds a seed: regret",
        "simulated",
        "at most sqrt(T ln N / 2) = 107.3, every seed",
        _steady,
    ),
    Row(
        "meta-learning",
        "fixed-share, the best expert switches nine times: regret",
        "simulated",
        "at most 690 and below a quarter of Hedge's, every seed",
        _switching,
    ),
)
