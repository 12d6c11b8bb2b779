"""Which of many features foretell a target: knockoffs on purged folds.

Invariant: a feature is selected only where most folds select it, each on rows that keep a distance
from those left out; the share of false ones among the selected is held to `false_share` in each.

At a share of 1/5 the filter selects five or more features, or none. The few that are alone in a
market are found in another way: by the rule that expects one false selection (Janson and Su 2016),
asked of each fold's own rows; folds that share no row seldom err alike.

Barber and Candès 2015, Candès et al. 2018 (model-X knockoffs, by knockpy); agreement of folds as in
Ren, Wei and Candès 2021; purging as in López de Prado 2018 (7.4).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from attrs import field, frozen, validators
from numpy.typing import NDArray

from bot3.domain.errors import DataError

_Floats = NDArray[np.float64]
_SHARE = [validators.gt(0.0), validators.lt(1.0)]
_CLIP = 4.0  # deviations
_ROWS_MIN = 60


@frozen
class DiscoverySettings:
    """`false_share`: of false discoveries among the selected (q). `agreement`: share of the `folds`
    that must select a feature; `purge_rows` beside the rows left out are left out too.
    """

    false_share: float = field(default=0.2, validator=_SHARE)
    folds: int = field(default=5, validator=validators.ge(2))
    agreement: float = field(default=0.6, validator=_SHARE)
    purge_rows: int = field(default=5, validator=validators.ge(0))


class Discovery(NamedTuple):
    """A column, and in which share of the folds it was selected."""

    column: int
    agreement: float


def is_available() -> bool:
    """Whether knockpy is installed: `pip install bot3[discovery]`."""
    return find_spec("knockpy") is not None


def discover(
    features: _Floats, target: _Floats, seed: int, settings: DiscoverySettings | None = None
) -> list[Discovery]:
    """Columns of `features` (rows, columns) that foretell `target` beyond all the others.

    Raises:
        DataError: too few rows, numbers that are not finite, or knockpy is not installed.
    """
    settings = settings or DiscoverySettings()
    rows = len(target)
    if len(features) != rows or rows < _ROWS_MIN:
        raise DataError(f"{len(features)} rows of features, {rows} of the target; want {_ROWS_MIN}")
    if not (np.isfinite(features).all() and np.isfinite(target).all()):
        raise DataError("a feature or the target is not finite")
    if not is_available():
        raise DataError("knockpy is not installed: pip install 'bot3[discovery]'")
    moving = np.flatnonzero(features.std(axis=0) > 0.0)
    scaled, aim = _scaled(features[:, moving]), _scaled(target[:, None])[:, 0]
    votes = np.zeros((2, len(moving)))
    for fold, (own, others) in enumerate(_purged(rows, settings)):
        many = _filtered(scaled[others], aim[others], seed + fold, settings.false_share)
        votes[0] += many.is_selected
        few = _filtered(scaled[own], aim[own], seed + fold, settings.false_share)
        votes[1] += few.scores > max(-float(few.scores.min()), 0.0)
    shares = (votes.max(axis=0) / settings.folds).tolist()
    return [
        Discovery(int(at), share)
        for at, share in zip(moving, shares, strict=True)
        if share >= settings.agreement
    ]


def _scaled(columns: _Floats) -> _Floats:
    spread = columns.std(axis=0)
    moved = (columns - columns.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    clipped: _Floats = np.clip(moved, -_CLIP, _CLIP)
    return clipped


def _purged(
    rows: int, settings: DiscoverySettings
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Each fold's own rows, and all others but those that are near."""
    edges = np.linspace(0, rows, settings.folds + 1).astype(int).tolist()
    for start, end in pairwise(edges):
        kept = np.ones(rows, dtype=bool)
        kept[max(start - settings.purge_rows, 0) : end + settings.purge_rows] = False
        yield np.arange(start, end), np.flatnonzero(kept)


class _Filtered(NamedTuple):
    """`scores` above zero where a column tells more than its knockoff does."""

    is_selected: NDArray[np.bool_]
    scores: _Floats


def _filtered(features: _Floats, target: _Floats, seed: int, false_share: float) -> _Filtered:
    """The knockoff filter, a column each."""
    # knockpy takes its chances from numpy's global generator, and warns of optional libraries.
    import_module("numpy").random.seed(seed % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        knockpy = import_module("knockpy")
        method = {"method": "mvr"}
        chosen = knockpy.KnockoffFilter(fstat="lasso", ksampler="gaussian", knockoff_kwargs=method)
        selected = chosen.forward(X=features, y=target, fdr=false_share)
    is_selected = np.asarray(selected, dtype=np.bool_)
    return _Filtered(is_selected, np.asarray(chosen.W, dtype=np.float64))
