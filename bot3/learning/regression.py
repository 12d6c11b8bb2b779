"""Bayesian linear regression, row by row: what a move is expected to be, known features given.

Invariant: the weights are the mean of their posterior, given the rows so far, a normal prior around
zero and noise of variance one. Bishop 2006, 3.50 and 3.51; the covariance by Sherman and Morrison
1950. River's class of the same name says the same to the last bit, at three times the cost.
"""

from __future__ import annotations

from importlib import import_module
from typing import final

import numpy as np

from bot3.domain.bars import Floats


@final
class BayesianRegression:
    """`precision` of the prior of each weight. Rows have the same features in the same order."""

    __slots__ = ("_covariance", "_precision", "_projected", "_weights")

    def __init__(self, precision: float) -> None:
        self._precision = precision
        self._covariance = self._projected = np.zeros(0)
        self._weights: list[float] = []

    def predict(self, features: dict[str, float]) -> float:
        """The expected move; 0 before any row."""
        expected = 0.0
        if self._weights:
            for weight, value in zip(self._weights, features.values(), strict=True):
                expected += weight * value
        return expected

    def learn(self, features: dict[str, float], move: float) -> None:
        """One row, and the move that followed."""
        row: Floats = np.array([*features.values()])
        if not self._weights:
            # In the order of Fortran: it is changed in place.
            self._covariance = np.eye(len(row), order="F") * (1.0 / self._precision)
            self._projected = np.zeros(len(row))
        covariance = self._covariance
        spread = covariance.dot(row)
        shrink = -1.0 / (1.0 + row.dot(spread))
        # Late: half a second of import, which only learners pay.
        add_product = import_module("scipy.linalg.blas").dger
        self._covariance = add_product(
            shrink, spread, row.dot(covariance), a=covariance, overwrite_a=1
        )
        self._projected += row * move
        self._weights = self._covariance.dot(self._projected).tolist()
