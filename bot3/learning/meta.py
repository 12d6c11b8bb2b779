"""Weighs experts by their losses: AdaHedge, and fixed-share to follow a best expert that changes.

Invariant: weights are non-negative and sum to one. De Rooij, van Erven, Grünwald and Koolen 2014
(AdaHedge); Herbster and Warmuth 1998 (fixed-share).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log

from attrs import field, frozen, validators


@frozen
class MetaSettings:
    """How fast the weights move.

    `share`: part of the weight given back to the prior each round; about the inverse of how many
    rounds an expert stays best. 0 for no switching, then AdaHedge's bound holds against the best
    expert in hindsight.
    `learning_rate`: of Hedge; 0 learns it from the losses (AdaHedge).
    """

    share: float = field(default=0.001, validator=[validators.ge(0.0), validators.lt(1.0)])
    learning_rate: float = field(default=0.0, validator=validators.ge(0.0))


class MetaLearner:
    """Weights over named experts, from a prior, updated by losses in [0, 1].

    AdaHedge's rate is ln(N) over the mixability gaps so far. With sharing a rate is needed for
    every segment, not for all time: gaps are forgotten at the rate at which weight is shared, and
    the complexity of one segment, ln(N) + ln(1/share) + 1, takes the place of ln(N).
    """

    __slots__ = ("_complexity", "_gap", "_names", "_past", "_prior", "_settings", "_weights")

    def __init__(
        self,
        names: Sequence[str],
        prior: Sequence[float] | None = None,
        settings: MetaSettings | None = None,
    ) -> None:
        self._settings = settings or MetaSettings()
        self._names = tuple(names)
        count = len(self._names)
        shares = tuple(prior) if prior is not None else (1.0 / count,) * count
        if len(set(self._names)) != count or len(shares) != count or count == 0:
            raise ValueError(f"names must differ and have one prior each: {names} {shares}")
        if not (all(w > 0.0 for w in shares) and abs(sum(shares) - 1.0) < 1e-9):
            raise ValueError(f"prior weights must be positive and sum to one: {shares}")
        self._prior = self._weights = [w / sum(shares) for w in shares]
        share = self._settings.share
        self._complexity = -log(min(self._prior)) + (1.0 - log(share) if share > 0.0 else 0.0)
        self._past = [0.0] * count  # cumulative losses, less the leader's
        self._gap = 0.0

    @property
    def weights(self) -> dict[str, float]:
        """The weights by name, in the order of the names."""
        return dict(zip(self._names, self._weights, strict=True))

    def update(self, losses: Mapping[str, float]) -> dict[str, float]:
        """Takes one round's loss of every expert; returns the weights for the next.

        Raises:
            ValueError: an expert missing or unknown, or a loss outside [0, 1]; nothing has changed.
        """
        if losses.keys() != set(self._names):
            raise ValueError(f"losses of {sorted(losses)}, experts are {sorted(self._names)}")
        ordered = [losses[name] for name in self._names]
        if not all(0.0 <= x <= 1.0 for x in ordered):
            raise ValueError(f"losses must be in [0, 1]: {losses}")
        self._learn(ordered)
        return self.weights

    def _rate(self) -> float | None:
        """The learning rate; None for the limit of infinity, which follows the leader."""
        if self._settings.learning_rate > 0.0:
            return self._settings.learning_rate
        return self._complexity / self._gap if self._gap > 1e-12 else None

    def _learn(self, losses: list[float]) -> None:
        rate, share = self._rate(), self._settings.share
        weights, prior = self._weights, self._prior
        expected = sum(w * x for w, x in zip(weights, losses, strict=True))
        least = min(x for w, x in zip(weights, losses, strict=True) if w > 0.0)
        past = [past + x for past, x in zip(self._past, losses, strict=True)]
        mix = least
        if rate is not None:
            kept = [w * exp(rate * (least - x)) for w, x in zip(weights, losses, strict=True)]
            total = sum(kept)
            mix -= log(total) / rate
            if share > 0.0:
                # Sharing, written back as the losses that would have led to the shared weights.
                past = [
                    -log((1.0 - share) * w / (total * p) + share) / rate
                    for w, p in zip(kept, prior, strict=True)
                ]
        # The gap is never negative but for rounding.
        self._gap = self._gap * (1.0 - share) + max(expected - mix, 0.0)
        leader = min(past)
        self._past = [x - leader for x in past]
        self._weights = self._weigh(self._rate())

    def _weigh(self, rate: float | None) -> list[float]:
        if rate is None:
            kept = [p if x == 0.0 else 0.0 for p, x in zip(self._prior, self._past, strict=True)]
        else:
            kept = [p * exp(-rate * x) for p, x in zip(self._prior, self._past, strict=True)]
        total = sum(kept)
        return [w / total for w in kept]
