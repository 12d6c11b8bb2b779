"""Hamilton's American output growth (1989): the oracle says what he published, and our filter what
the oracle says.

Invariant: the series is the one that statsmodels ships with its own tests, 1951 to 1984 by quarter.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot3.app.science.rows import Effort, Measured, MissingError, Row
from bot3.regime.hamilton import HamiltonFilter, HamiltonParameters, HamiltonSettings

_SERIES: Final = "statsmodels.tsa.regime_switching.tests.test_markov_autoregression"
_LOG_LIKELIHOOD: Final = -181.2634
_FIRST: Final = (1951, 2)
_LAGS: Final = 4
_AGREEMENT_MIN: Final = 0.93
# NBER: the quarter after the peak to the trough.
_RECESSIONS: Final = (
    ((1953, 3), (1954, 2)),
    ((1957, 4), (1958, 2)),
    ((1960, 3), (1961, 1)),
    ((1970, 1), (1970, 4)),
    ((1974, 1), (1975, 1)),
    ((1980, 2), (1980, 3)),
    ((1981, 4), (1982, 4)),
)


def _quarter(date: tuple[int, int]) -> int:
    return 4 * date[0] + date[1] - (4 * _FIRST[0] + _FIRST[1])


def recessions(rows: int) -> NDArray[np.bool_]:
    """True in a recession, a row a quarter from the series' first on."""
    found = np.zeros(rows, dtype=bool)
    for start, end in _RECESSIONS:
        found[_quarter(start) : _quarter(end) + 1] = True
    return found


def _hamilton(effort: Effort) -> Measured:
    del effort  # the series is what it is
    if find_spec("statsmodels") is None:
        raise MissingError("statsmodels is not installed: pip install statsmodels")
    growth = np.asarray(import_module(_SERIES).rgnp, dtype=np.float64)
    switching: Any = import_module("statsmodels.tsa.regime_switching.markov_autoregression")
    fitted = switching.MarkovAutoregression(
        growth, k_regimes=2, order=_LAGS, switching_ar=False
    ).fit(disp=False)
    falling = fitted.filtered_marginal_probabilities[:, 0] > 0.5
    agreement = float(np.mean(falling == recessions(len(growth))[_LAGS:]))
    figures = {
        "oracle_log_likelihood": float(fitted.llf),
        "agrees_with_nber": agreement,
        "ours_apart_max": _apart(growth),
    }
    is_passed = (
        abs(figures["oracle_log_likelihood"] - _LOG_LIKELIHOOD) <= 1e-3
        and agreement >= _AGREEMENT_MIN
        and figures["ours_apart_max"] < 1e-8
    )
    return Measured(figures, is_passed)


def _apart(growth: NDArray[np.float64]) -> float:
    """Without lags, as fitted by the oracle: the largest difference of filtered probabilities."""
    regression: Any = import_module("statsmodels.tsa.regime_switching.markov_regression")
    model = regression.MarkovRegression(growth, k_regimes=2, switching_variance=True)
    fitted = model.fit(disp=False)
    known = dict(zip(model.param_names, np.asarray(fitted.params).tolist(), strict=True))
    order = sorted(range(2), key=lambda state: known[f"sigma2[{state}]"])
    stay = [known["p[0->0]"], 1.0 - known["p[1->0]"]]
    rows = [[stay[0], 1.0 - stay[0]], [1.0 - stay[1], stay[1]]]
    parameters = HamiltonParameters(
        tuple(tuple(rows[i][j] for j in order) for i in order),
        tuple(known[f"const[{i}]"] for i in order),
        tuple(known[f"sigma2[{i}]"] ** 0.5 for i in order),
    )
    mine = HamiltonFilter(HamiltonSettings(), parameters)
    ours = np.array([mine.update(value) for value in growth.tolist()])
    theirs = np.asarray(fitted.filtered_marginal_probabilities)[:, order]
    return float(np.abs(ours - theirs).max())


ROWS: Final = (
    Row(
        "regimes",
        "Hamilton's output growth",
        "published series",
        "oracle -181.2634 within 1e-3, NBER dates at least .93, our filter as the oracle to 1e-8",
        _hamilton,
    ),
)
