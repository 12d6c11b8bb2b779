"""GARCH(1,1): variance that clusters, and returns to its mean (Bollerslev 1986).

    variance[t + 1] = omega + alpha * (r[t] - mean)^2 + beta * variance[t]

The parameters are fitted by the library `arch` (normal quasi-likelihood); the recursion is ours.

Invariant: a variance is positive and finite.
"""

from __future__ import annotations

import warnings
from math import isfinite
from typing import Any, Final, final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from bot3.domain.errors import DataError

ROWS_MIN: Final = 500
_PERSISTENCE_MAX: Final = 0.9999
_UNIT: Final = 100.0  # the library wants returns of about this size: it fits their percentages


@frozen
class GarchParameters:
    """Of returns as they are (not percentages). Raises `ValueError` where they explode."""

    omega: float
    alpha: float
    beta: float
    mean: float = 0.0

    def __attrs_post_init__(self) -> None:
        each = (self.omega, self.alpha, self.beta, self.mean)
        is_sound = all(isfinite(value) for value in each) and self.omega > 0.0
        if not is_sound or min(self.alpha, self.beta) < 0.0 or self.persistence > _PERSISTENCE_MAX:
            raise ValueError(f"no variance that stays finite: {self}")

    @property
    def persistence(self) -> float:
        """How much of a deviation is left after a period."""
        return self.alpha + self.beta

    @property
    def long_run(self) -> float:
        """The variance to which it returns."""
        return self.omega / (1.0 - self.persistence)


@final
class Garch:
    """The recursion, one return at a time."""

    __slots__ = ("_variance", "parameters")

    def __init__(self, parameters: GarchParameters, variance: float | None = None) -> None:
        self.parameters = parameters
        self._variance = parameters.long_run if variance is None else variance

    @property
    def variance(self) -> float:
        """Of the next return."""
        return self._variance

    def update(self, value: float) -> None:
        """Raises `ValueError` for what is not finite."""
        if not isfinite(value):
            raise ValueError(f"a return of {value}")
        given = self.parameters
        shock = (value - given.mean) ** 2
        self._variance = given.omega + given.alpha * shock + given.beta * self._variance

    def forecast(self, periods: int) -> float:
        """The mean variance of the next `periods` returns."""
        given = self.parameters
        kept = given.persistence
        share = periods if kept == 1.0 else (1.0 - kept**periods) / (1.0 - kept)
        return given.long_run + (self._variance - given.long_run) * share / periods


def fit_garch(returns: NDArray[np.float64]) -> GarchParameters:
    """Raises `DataError` for too few returns, or ones whose fit is no variance."""
    from arch import arch_model

    spread = float(np.std(returns)) if len(returns) else 0.0
    if len(returns) < ROWS_MIN or not isfinite(spread) or spread == 0.0:
        raise DataError(
            f"{len(returns)} returns with deviation {spread}: want {ROWS_MIN} that vary"
        )
    scale = 1.0 / spread  # whatever the length of a bar, the optimizer sees numbers near one
    model: Any = arch_model(returns * scale, mean="Constant", vol="GARCH", p=1, q=1, rescale=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Before the sample the variance is its own, as in the published estimates.
        start = float(np.var(returns * scale))
        fitted: Any = model.fit(disp="off", backcast=start, options={"maxiter": 500})
    mean, omega, alpha, beta = (float(value) for value in fitted.params)
    alpha, beta = max(alpha, 0.0), max(beta, 0.0)
    if (total := alpha + beta) > _PERSISTENCE_MAX:  # integrated: the nearest that has a mean
        alpha, beta = (each * _PERSISTENCE_MAX / total * (1 - 1e-9) for each in (alpha, beta))
    try:
        return GarchParameters(omega / scale**2, alpha, beta, mean / scale)
    except ValueError as error:
        raise DataError(f"{len(returns)} returns: {error}") from None
