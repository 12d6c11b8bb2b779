"""Regimes: the filter against its optimum and against another program, change points."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot3.app.research.regimes import find_changes
from bot3.app.science.rows import Effort, Measured, MissingError, Row
from bot3.regime.hamilton import HamiltonFilter, HamiltonParameters, HamiltonSettings
from bot3.regime.learning import LearningFilter

_STAY: Final = (0.995, 0.99)
_VOLATILITIES: Final = (0.005, 0.015)
_ROWS: Final = 10_000
_TRUTH: Final = HamiltonParameters(
    ((_STAY[0], 1 - _STAY[0]), (1 - _STAY[1], _STAY[1])), (0.0, 0.0), _VOLATILITIES
)
# While one volatility alone has been seen, nobody can know whether it is the calm or the wild one.
_SEEN: Final = 1_000
_MARGIN_ROWS: Final = 5
_PUBLISHED: Final = {"nile": 1.000, "quality_control_4": 0.658, "brent_spot": 0.521}
_WELL_LOG_MIN: Final = 0.79
_HALF_OF_THE_LAST_DIGIT: Final = 5e-4


def switching(
    seed: int, rows: int, freedom: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """States and returns of two-state volatility switching, from its long-run shares on."""
    dice = np.random.default_rng(seed)
    states = np.zeros(rows, dtype=np.int64)
    states[0] = dice.random() < (1 - _STAY[0]) / (2 - _STAY[0] - _STAY[1])
    for row, chance in enumerate(dice.random(rows - 1), start=1):
        before = int(states[row - 1])
        states[row] = before if chance < _STAY[before] else 1 - before
    shocks = dice.standard_t(freedom, rows) if freedom else dice.standard_normal(rows)
    return states, np.array(_VOLATILITIES)[states] * shocks


def _accuracy(freedom: float, within: float) -> Any:
    def measure(effort: Effort) -> Measured:
        optimal, lost, lost_late = [], [], []
        for seed in effort.seeds(3, 20):
            states, returns = switching(seed, _ROWS, freedom)
            settings = HamiltonSettings(degrees_of_freedom=freedom)
            known, learned = HamiltonFilter(settings, _TRUTH), LearningFilter(settings)
            right = [
                np.array([each.update(r)[-1] > 0.5 for r in returns.tolist()]) == states
                for each in (known, learned)
            ]
            optimal.append(float(right[0].mean()))
            apart = right[0].astype(np.float64) - right[1]
            lost.append(float(apart.mean()))
            lost_late.append(float(apart[_SEEN:].mean()))
        figures = {"optimal": float(np.mean(optimal)), "lost_mean": float(np.mean(lost))}
        figures.update(lost_worst=max(lost), lost_later_worst=max(lost_late))
        return Measured(figures, max(figures["lost_mean"], *lost_late) <= within)

    return measure


def _against_statsmodels(effort: Effort) -> Measured:
    """The same parameters in both: `MarkovRegression` with switching variance, no trend."""
    if find_spec("statsmodels") is None:
        raise MissingError("statsmodels is not installed: pip install statsmodels")
    regression = import_module("statsmodels.tsa.regime_switching.markov_regression")
    apart, likelihood = 0.0, 0.0
    for seed in effort.seeds(1, 5):
        _, returns = switching(seed, 1_000, 0.0)
        model = regression.MarkovRegression(
            returns, k_regimes=2, trend="n", switching_variance=True
        )
        variances = [scale**2 for scale in _VOLATILITIES]
        smoothed = model.filter([_STAY[0], 1 - _STAY[1], *variances])
        mine = HamiltonFilter(HamiltonSettings(), _TRUTH)
        rows = np.array([mine.update(value) for value in returns.tolist()])
        apart = max(apart, float(np.abs(rows - smoothed.filtered_marginal_probabilities).max()))
        likelihood = max(likelihood, abs(mine.log_likelihood - float(smoothed.llf)))
    figures = {"apart_max": apart, "log_likelihood_apart": likelihood}
    return Measured(figures, apart < 1e-8)


def _turing(effort: Effort) -> Measured:
    annotated = json.loads(effort.file("tcpd/annotations.json").read_text())
    figures: dict[str, float] = {}
    delays: list[int] = []
    for name in (*_PUBLISHED, "well_log"):
        told = json.loads(effort.file(f"tcpd/{name}.json").read_text())
        changes, detected = find_changes(np.array(told["series"][0]["raw"], dtype=np.float64))
        figures[name] = f_measure(annotated[name], changes)
        delays += [seen - row for row, seen in zip(changes, detected, strict=True)]
    figures["delay_rows_median"] = float(np.median(delays))
    is_equal = all(
        abs(figures[name] - score) <= _HALF_OF_THE_LAST_DIGIT for name, score in _PUBLISHED.items()
    )
    return Measured(figures, is_equal and figures["well_log"] >= _WELL_LOG_MIN)


def f_measure(annotated: dict[str, list[int]], found: list[int]) -> float:
    """Van den Burg and Williams 2020, 3.2.2: right within five rows; row 0 counts as a change."""
    people, told = [{0, *rows} for rows in annotated.values()], {0, *found}
    precision = _matches(set().union(*people), told) / len(told)
    recall = float(np.mean([_matches(rows, told) / len(rows) for rows in people]))
    return 2.0 * precision * recall / (precision + recall)


def _matches(rows: set[int], told: set[int]) -> int:
    left, matches = set(told), 0
    for row in sorted(rows):
        near = [(abs(row - each), each) for each in left if abs(row - each) <= _MARGIN_ROWS]
        if near:
            left.discard(min(near)[1])
            matches += 1
    return matches


ROWS: Final = (
    Row(
        "regimes",
        "two volatilities, unknown parameters, Gaussian",
        "simulated",
        "accuracy within 1.5 points of the optimum: mean, and every seed after 1,000 rows",
        _accuracy(0.0, 0.015),
    ),
    Row(
        "regimes",
        "two volatilities, unknown parameters, Student-t",
        "simulated",
        "accuracy within 2.5 points of the optimum: mean, and every seed after 1,000 rows",
        _accuracy(4.0, 0.025),
    ),
    Row(
        "regimes",
        "filter with known parameters against statsmodels",
        "simulated",
        "probabilities equal to 1e-8",
        _against_statsmodels,
    ),
    Row(
        "regimes",
        "change points of the Turing data set (F1)",
        "published series",
        "nile 1.000, quality_control_4 .658, brent_spot .521 to 3 digits; well_log at least .79",
        _turing,
    ),
)
