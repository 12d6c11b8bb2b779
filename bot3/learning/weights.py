"""Weights of experts by copies of a meta-learner: how fast to learn, and whether by regime, is
learned too.

Invariant: weights are non-negative and sum to one, in every regime.

Each copy is Hedge with fixed share at another learning rate, and learns either from all rounds or
from those of a regime alone; Hedge over what the copies lost weighs them (Herbster and Warmuth
1998). Losses come in units of what luck moves, so rates need not be learned from noise, as AdaHedge
would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from attrs import field, frozen, validators

from bot3.learning.meta import MetaLearner, MetaSettings

_ANY = ""


@frozen
class WeightsSettings:
    """`rates` of the copies, of losses in [0, 1]; `copy_rate` over them. `share`: about the inverse
    of how many rounds an expert stays best.
    """

    rates: tuple[float, ...] = field(default=(2.0, 8.0, 32.0), validator=validators.min_len(1))
    copy_rate: float = field(default=8.0, validator=validators.gt(0.0))
    share: float = field(default=0.0005, validator=[validators.ge(0.0), validators.lt(1.0)])


@final
class _Copy:
    """One meta-learner, or one a regime."""

    __slots__ = ("_by_regime", "_is_conditional", "_names", "_prior", "_settings")

    def __init__(
        self,
        names: Sequence[str],
        prior: Sequence[float],
        settings: MetaSettings,
        *,
        is_conditional: bool,
    ) -> None:
        self._names, self._prior = tuple(names), tuple(prior)
        self._settings = settings
        self._is_conditional = is_conditional
        self._by_regime: dict[str, MetaLearner] = {}

    def of(self, regime: str) -> MetaLearner:
        key = regime if self._is_conditional else _ANY
        found = self._by_regime.get(key)
        if found is None:
            found = MetaLearner(self._names, self._prior, self._settings)
            self._by_regime[key] = found
        return found


class AdaptiveWeights:
    """Weights over named experts from a prior, by regime."""

    __slots__ = ("_copies", "_names", "_top")

    def __init__(
        self,
        names: Sequence[str],
        prior: Sequence[float],
        settings: WeightsSettings | None = None,
    ) -> None:
        settings = settings or WeightsSettings()
        self._names = tuple(names)
        self._copies = {
            f"{rate}{' by regime' if kind else ''}": _Copy(
                names, prior, MetaSettings(settings.share, rate), is_conditional=kind
            )
            for rate in settings.rates
            for kind in (False, True)
        }
        top = MetaSettings(settings.share, settings.copy_rate)
        self._top = MetaLearner(tuple(self._copies), settings=top)

    def weights(self, regime: str) -> dict[str, float]:
        """In a regime, by name; they sum to one."""
        found = dict.fromkeys(self._names, 0.0)
        for name, share in self._top.weights.items():
            for expert, weight in self._copies[name].of(regime).weights.items():
                found[expert] += share * weight
        total = sum(found.values())
        return {name: weight / total for name, weight in found.items()}

    def update(self, regime: str, losses: Mapping[str, float]) -> None:
        """One round's losses, of what was decided in `regime`.

        Raises:
            ValueError: an expert missing or unknown, or a loss outside [0, 1].
        """
        lost = {
            name: sum(w * losses[expert] for expert, w in copy.of(regime).weights.items())
            for name, copy in self._copies.items()
        }
        for copy in self._copies.values():
            copy.of(regime).update(losses)
        self._top.update({name: min(max(loss, 0.0), 1.0) for name, loss in lost.items()})
