"""What a forest of Hoeffding trees says of a label: River's, read at a third of its own cost.

Invariant: it is what River says, to the last bit, and reading changes nothing.

Gomes et al. 2017: trees vote by how often each has been right. Their leaves are adaptive (Gama et
al. 2003): naive Bayes over the leaf's features, or where that was wrong more often, its labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, isfinite, log, tau
from typing import Any, Final

_Votes = Mapping[bool, float]
_HALF_LOG_TAU: Final = 0.5 * log(tau)


def probability(forest: Any, features: Mapping[str, float]) -> float:
    """P(True) by an `ARFClassifier` of two labels; one half before it knows any."""
    if not forest.data:
        return 0.5
    yes = no = 0.0
    for tree, metric in zip(forest.data, forest._metrics, strict=True):
        if tree._root is None:
            continue
        *_, leaf = tree._root.walk(features)
        votes, accuracy = _votes(leaf, features), metric.get()
        worth = accuracy if accuracy > 0.0 else 1.0
        yes += votes.get(True, 0.0) * worth
        no += votes.get(False, 0.0) * worth
    whole = yes + no
    if whole <= 0.0:
        return 0.5
    # Shares, and the one of them in their sum, which rounding leaves a bit from one.
    return yes / whole / (yes / whole + no / whole)


def _votes(leaf: Any, features: Mapping[str, float]) -> _Votes:
    """What a leaf says of each label that it has seen."""
    seen: dict[bool, float] = leaf.stats
    whole = sum(seen.values())
    if not whole:
        return {}
    if leaf.is_active() and leaf._nb_correct_weight >= leaf._mc_correct_weight:
        return _naive_bayes(seen, whole, leaf.splitters, features)
    factor = 1.0 / whole
    return {label: weight * factor for label, weight in seen.items()}


def _naive_bayes(
    seen: _Votes, whole: float, splitters: Mapping[str, Any], features: Mapping[str, float]
) -> _Votes:
    """By normal densities of the features that the leaf looks at, a label's share before them."""
    said: dict[bool, float] = {}
    for label, weight in seen.items():
        if weight <= 0.0:  # of a label that a split left on the other side alone
            said[label] = 0.0
            continue
        vote = log(weight / whole)
        for name, splitter in splitters.items():
            normal = splitter._att_dist_per_class.get(label)
            if normal is not None:
                vote += _log_density(normal._var, features[name])
        said[label] = vote
    best = max(said.values())
    together = best + log(sum([exp(vote - best) for vote in said.values()]))
    return {label: exp(vote - together) for label, vote in said.items()}


def _log_density(moments: Any, value: float) -> float:
    """Of a normal with a feature's moments so far; 0 where it never moved."""
    mean = moments.mean
    freedom = mean.n - moments.ddof
    variance = moments._S / freedom if freedom > 0.0 else 0.0
    if variance <= 0.0:
        return 0.0
    away = value - mean._mean
    density: float = away**2 / (-2.0 * variance) - _HALF_LOG_TAU - 0.5 * log(variance)
    return density if isfinite(density) else 0.0
