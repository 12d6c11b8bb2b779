"""Strategies by name: the one table from configuration to code.

Invariant: every name of the table builds a strategy of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from attrs import field, frozen

from bot3.domain.errors import ConfigError
from bot3.strategies.base import Strategy
from bot3.strategies.hybrid import HybridSettings, HybridStrategy
from bot3.strategies.ml import MLSettings, MLStrategy, Predictor
from bot3.strategies.ta import TASettings, TAStrategy


@frozen
class StrategySettings:
    """The settings of every strategy; each builder takes what it needs."""

    ta: TASettings = field(factory=TASettings)
    ml: MLSettings = field(factory=MLSettings)
    hybrid: HybridSettings = field(factory=HybridSettings)


def _ta(settings: StrategySettings, _predictor: Predictor) -> TAStrategy:
    return TAStrategy(settings.ta)


def _ml(settings: StrategySettings, predictor: Predictor) -> MLStrategy:
    return MLStrategy(predictor, settings.ml)


def _hybrid(settings: StrategySettings, predictor: Predictor) -> HybridStrategy:
    return HybridStrategy(_ta(settings, predictor), _ml(settings, predictor), settings.hybrid)


BUILDERS: Mapping[str, Callable[[StrategySettings, Predictor], Strategy]] = MappingProxyType(
    {"ta": _ta, "ml": _ml, "hybrid": _hybrid}
)


def build(name: str, settings: StrategySettings, predictor: Predictor) -> Strategy:
    """A new strategy, one for each instrument: strategies have memory.

    Raises:
        ConfigError: no strategy of this name.
    """
    if name not in BUILDERS:
        raise ConfigError(f"no strategy {name!r}: choose one of {', '.join(BUILDERS)}")
    return BUILDERS[name](settings, predictor)
