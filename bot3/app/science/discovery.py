"""Feature discovery: false ones among the found, power, and silence where there is nothing."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot3.app.science.rows import Effort, Measured, MissingError, Row
from bot3.learning.discovery import discover, is_available

_COLUMNS: Final = 100
_TRUE: Final = 10
_ROWS: Final = 1_000
_SIZE: Final = 0.2  # of a true coefficient, in deviations of the noise


def _features(dice: np.random.Generator) -> NDArray[np.float64]:
    """Columns correlated as AR(.5)."""
    apart = np.abs(np.subtract.outer(np.arange(_COLUMNS), np.arange(_COLUMNS)))
    mixed: NDArray[np.float64] = dice.normal(size=(_ROWS, _COLUMNS))
    return mixed @ np.linalg.cholesky(0.5**apart).T


def _found(features: NDArray[np.float64], target: NDArray[np.float64], seed: int) -> set[int]:
    return {each.column for each in discover(features, target, seed)}


def _check() -> None:
    if not is_available():
        raise MissingError("knockpy is not installed: pip install 'bot3[discovery]'")


def _planted(effort: Effort) -> Measured:
    _check()
    false, power = [], []
    for seed in effort.seeds(4, 30):
        dice = np.random.default_rng(seed)
        features = _features(dice)
        true = set(dice.choice(_COLUMNS, _TRUE, replace=False).tolist())
        weights = np.zeros(_COLUMNS)
        weights[sorted(true)] = _SIZE * dice.choice([-1.0, 1.0], _TRUE)
        found = _found(features, features @ weights + dice.normal(size=_ROWS), seed)
        false.append(len(found - true) / max(len(found), 1))
        power.append(len(found & true) / _TRUE)
    figures = {"false_share": float(np.mean(false)), "power": float(np.mean(power))}
    return Measured(figures, figures["false_share"] <= 0.2 and figures["power"] >= 0.8)


def _null(effort: Effort) -> Measured:
    _check()
    runs = effort.seeds(6, 60)
    hits = 0
    for seed in runs:
        dice = np.random.default_rng(seed)
        hits += bool(_found(_features(dice), dice.normal(size=_ROWS), seed))
    return Measured({"runs": float(len(runs)), "runs_that_find": float(hits)}, hits <= 1)


ROWS: Final = (
    Row(
        "feature discovery",
        "100 correlated columns, 10 of them true, q = .2",
        "simulated",
        "false share at most .20, power at least .80",
        _planted,
    ),
    Row(
        "feature discovery",
        "100 columns of noise",
        "simulated",
        "at most one run of 60 finds anything",
        _null,
    ),
)
