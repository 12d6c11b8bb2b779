"""Weights of experts by copies of a meta-learner: how fast to learn, and whether by regime, is
learned too.

Invariant: weights are non-negative and sum to one, in every regime.

Each copy is Hedge with fixed share at another learning rate, and learns either from all rounds or
from those of a regime alone; Hedge over what the copies lost weighs them (Herbster and Warmuth
1998). Losses come in units of what luck moves, so rates need not be learned from noise, as AdaHedge
would.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import exp
from typing import final

from attrs import field, frozen, validators

_ANY = ""


@frozen
class WeightsSettings:
    """`rates` of the copies, of losses in [0, 1]; `copy_rate` over them. `share`: about the inverse
    of how many rounds an expert stays best.
    """

    rates: tuple[float, ...] = field(default=(2.0, 8.0, 32.0), validator=validators.min_len(1))
    copy_rate: float = field(default=8.0, validator=validators.gt(0.0))
    share: float = field(default=0.0005, validator=[validators.ge(0.0), validators.lt(1.0)])


Vector = tuple[float, ...]


def hedge(
    weights: Vector, losses: Sequence[float], prior: Vector, rate: float, share: float
) -> Vector:
    """One round of Hedge with fixed share: the weights for the next.

    The same as `MetaLearner` with that rate, at a tenth of its time.
    """
    least = min(losses)
    kept = [w * exp(rate * (least - loss)) for w, loss in zip(weights, losses, strict=True)]
    total = sum(kept)
    return tuple([(1.0 - share) * k / total + share * p for k, p in zip(kept, prior, strict=True)])


@final
class _Copy:
    """One Hedge, or one a regime."""

    __slots__ = ("_by_regime", "_is_conditional", "_prior", "_rate", "_share")

    def __init__(self, prior: Vector, rate: float, share: float, *, is_conditional: bool) -> None:
        self._prior, self._rate, self._share = prior, rate, share
        self._is_conditional = is_conditional
        self._by_regime: dict[str, Vector] = {}

    def weights(self, regime: str) -> Vector:
        return self._by_regime.get(regime if self._is_conditional else _ANY, self._prior)

    def renew(self, at: int, share: float) -> None:
        """One expert's weight is `share` in every regime, the others' are what they were among
        themselves.
        """
        for regime, weights in self._by_regime.items():
            rest = 1.0 - weights[at]
            self._by_regime[regime] = (
                tuple(
                    [
                        share if place == at else weight * (1.0 - share) / rest
                        for place, weight in enumerate(weights)
                    ]
                )
                if rest > 0.0
                else self._prior
            )

    def update(self, regime: str, given: Sequence[float], asleep: frozenset[int]) -> float:
        """Takes a round; returns what this copy lost in it. Who was asleep lost what the others
        together did: it neither gains nor loses by it.
        """
        weights = self.weights(regime)
        losses = _awake(weights, given, asleep) if asleep else given
        key = regime if self._is_conditional else _ANY
        self._by_regime[key] = hedge(weights, losses, self._prior, self._rate, self._share)
        return sum(w * loss for w, loss in zip(weights, losses, strict=True))


def _awake(weights: Vector, losses: Sequence[float], asleep: frozenset[int]) -> Sequence[float]:
    """Freund et al., "Using and combining predictors that specialize" (1997)."""
    awake = [at for at in range(len(losses)) if at not in asleep]
    total = sum(weights[at] for at in awake)
    if not total > 0.0:
        return losses
    mixed = sum(weights[at] * losses[at] for at in awake) / total
    return [mixed if at in asleep else loss for at, loss in enumerate(losses)]


class AdaptiveWeights:
    """Weights over named experts from a prior, by regime."""

    __slots__ = ("_copies", "_names", "_settings", "_start", "_top")

    def __init__(
        self,
        names: Sequence[str],
        prior: Sequence[float],
        settings: WeightsSettings | None = None,
    ) -> None:
        self._settings = settings = settings or WeightsSettings()
        self._names = tuple(names)
        shares = tuple(prior)
        if len(set(self._names)) != len(shares) or abs(sum(shares) - 1.0) > 1e-9:
            raise ValueError(f"names must differ, and have priors that sum to one: {names} {prior}")
        self._copies = tuple(
            _Copy(shares, rate, settings.share, is_conditional=kind)
            for rate in settings.rates
            for kind in (False, True)
        )
        self._start = self._top = (1.0 / len(self._copies),) * len(self._copies)

    def weights(self, regime: str) -> dict[str, float]:
        """In a regime, by name; they sum to one."""
        found = [0.0] * len(self._names)
        for share, copy in zip(self._top, self._copies, strict=True):
            for at, weight in enumerate(copy.weights(regime)):
                found[at] += share * weight
        total = sum(found)
        return {name: each / total for name, each in zip(self._names, found, strict=True)}

    def renew(self, name: str, share: float) -> None:
        """An expert that is another one from now on has its weight to earn, from `share` on."""
        at = self._names.index(name)
        for copy in self._copies:
            copy.renew(at, share)

    def update(
        self, regime: str, losses: Mapping[str, float], asleep: Collection[str] = ()
    ) -> None:
        """One round's losses, of what was decided in `regime`; `asleep`: experts that said nothing.

        Raises:
            ValueError: an expert missing or unknown, or a loss outside [0, 1]; nothing has changed.
        """
        ordered = [losses[name] for name in self._names if name in losses]
        if len(ordered) != len(losses) or len(ordered) != len(self._names):
            raise ValueError(f"losses of {sorted(losses)}, experts are {sorted(self._names)}")
        if not all(0.0 <= loss <= 1.0 for loss in ordered):
            raise ValueError(f"losses must be in [0, 1]: {losses}")
        places = frozenset(at for at, name in enumerate(self._names) if name in asleep)
        lost = [copy.update(regime, ordered, places) for copy in self._copies]
        settings = self._settings
        self._top = hedge(self._top, lost, self._start, settings.copy_rate, settings.share)
