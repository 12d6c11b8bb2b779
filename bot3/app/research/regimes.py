"""`python -m bot3 regimes`: the regime detector over a file.

Invariant: a row's probabilities and label depend on no later row; its change points are those of
the whole series, whose mean and deviation are their units.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen

from bot3.app.research.series import Series, read_series
from bot3.app.wiring import regime_of
from bot3.domain.errors import DataError
from bot3.regime.change_points import ChangePointDetector, ChangePointSettings
from bot3.regime.detector import RegimeDetector, RegimeSettings
from bot3.regime.hamilton import HamiltonParameters

_SHOWN_MAX = 20
_NEEDED = ("transitions", "volatilities")
_ALSO = {
    "transitions": ("transition", "transition_matrix", "P"),
    "volatilities": ("sigmas", "sigma", "scales"),
    "means": ("mus", "mu"),
    "degrees_of_freedom": ("df", "nu"),
}


@frozen
class RegimesOptions:
    """What the user asked for."""

    data: Path
    states: int | None
    emission: str
    params: Path | None
    is_json: bool


@frozen
class Regimes:
    """What came of it, a row each; `detected_at` says in which row a change was noticed."""

    probabilities: list[list[float]]
    labels: list[str]
    change_points: list[int]
    detected_at: list[int]
    parameters: HamiltonParameters | None


def show_regimes(options: RegimesOptions) -> int:
    """The exit code; raises `DataError`."""
    series = read_series(options.data)
    found = find_regimes(series, *_told(options))
    if options.is_json:
        rows = {"probabilities": found.probabilities, "labels": found.labels}
        changes = {"change_points": found.change_points, "detected_at": found.detected_at}
        print(json.dumps({**rows, **changes}))
    else:
        print("\n".join(_lines(found)))
    return 0


def find_regimes(
    series: Series, settings: RegimeSettings, parameters: HamiltonParameters | None
) -> Regimes:
    """The detector, row by row; without a first return its row has the first guess."""
    detector = RegimeDetector(settings, parameters)
    probabilities: list[list[float]] = []
    labels: list[str] = []
    for value, strength in zip(
        series.returns.tolist(), series.trend_strengths.tolist(), strict=True
    ):
        if isnan(value):  # the first bar has no return
            before = detector.probabilities
            probabilities.append([*before])
            labels.append(detector.label.value)
            continue
        estimate = detector.update(value, min(strength, 100.0))
        detector.learn()
        probabilities.append([*estimate.probabilities])
        labels.append(estimate.label.value)
    changes, detected = find_changes(series.returns)
    return Regimes(probabilities, labels, changes, detected, detector.parameters)


def find_changes(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[list[int], list[int]]:
    """The rows where a new segment begins, and in which row each was first the latest one."""
    known = values[~np.isnan(values)]
    first = len(values) - len(known)
    scale = float(np.std(known, ddof=1))
    if scale <= 0.0:
        return [], []
    detector = ChangePointDetector(ChangePointSettings())
    noticed: dict[int, int] = {}
    for row, value in enumerate(((known - known.mean()) / scale).tolist()):
        detector.update(value)
        noticed.setdefault(detector.last_change, row)
    changes = detector.change_points
    return [first + row for row in changes], [first + noticed.get(row, row) for row in changes]


def _told(options: RegimesOptions) -> tuple[RegimeSettings, HamiltonParameters | None]:
    if options.params is None:
        return regime_of(options.states or 2, options.emission), None
    parameters, freedom = read_parameters(options.params)
    states = len(parameters.volatilities)
    if options.states not in (None, states):
        raise DataError(f"{options.params}: {states} states, but --states {options.states}")
    settings = regime_of(states, options.emission)
    if freedom is not None:
        known = evolve(settings.filter, degrees_of_freedom=freedom)
        settings = evolve(settings, filter=known)
    return settings, parameters


def read_parameters(path: Path) -> tuple[HamiltonParameters, float | None]:
    """The parameters, states reordered by volatility, and the degrees of freedom where told."""
    try:
        text = path.read_text(encoding="utf-8")
        told = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        scales = [float(each) for each in _named(told, "volatilities")]
        means = [float(each) for each in _named(told, "means") or [0.0] * len(scales)]
        rows = [[float(each) for each in row] for row in _named(told, "transitions")]
        order = sorted(range(len(scales)), key=scales.__getitem__)
        parameters = HamiltonParameters(
            tuple(tuple(rows[i][j] for j in order) for i in order),
            tuple(means[i] for i in order),
            tuple(scales[i] for i in order),
        )
        freedom = _named(told, "degrees_of_freedom")
        return parameters, None if freedom is None else float(freedom)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(
            f"{path}: {type(error).__name__}: {error}; want JSON or TOML like "
            '{"transitions": [[0.99, 0.01], [0.02, 0.98]], "volatilities": [0.001, 0.004]}'
        ) from error


def _named(told: dict[str, Any], name: str) -> Any:
    """A value under its name or one that other programs give it; raises `KeyError` where needed."""
    for each in (name, *_ALSO[name]):
        if each in told:
            return told[each]
    if name in _NEEDED:
        raise KeyError(name)
    return None


def _lines(found: Regimes) -> list[str]:
    counts = Counter(found.labels)
    shares = ", ".join(f"{name} {count / len(found.labels):.1%}" for name, count in counts.items())
    lines = [f"{len(found.labels):,} rows: {shares}"]
    if (known := found.parameters) is not None:
        for state, (scale, mean) in enumerate(zip(known.volatilities, known.means, strict=True)):
            stay = known.transitions[state][state]
            words = f"volatility {scale:.6g}  mean {mean:+.3g}  stays {stay:.4f}"
            lines.append(f"state {state}  {words}")
    pairs = [*zip(found.change_points, found.detected_at, strict=True)]
    told = ", ".join(f"{row} (seen in {seen})" for row, seen in pairs[:_SHOWN_MAX]) or "none"
    rest = f", and {len(pairs) - _SHOWN_MAX} more" if len(pairs) > _SHOWN_MAX else ""
    lines.append(f"change points  {told}{rest}")
    return lines
