"""Strategies of bars: a target after each close, from what was known then.

A strategy is a class with a `name`, declared `parameters` and a method `targets(bars)`; one of your
own is a file with such a class, given as `--strategy path/to/file.py`.

Invariant: the target after bar t depends on bars up to t alone: a test shortens the bars and
compares. NaN means "as before"; before the first number nothing is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from attrs import frozen

from bot3.backtest.bars import Bars, Floats
from bot3.domain.errors import ConfigError


@frozen
class Parameter:
    """A number that may be set: its default and its bounds, both included."""

    default: float
    low: float
    high: float
    is_whole: bool = False

    def take(self, name: str, value: float) -> float:
        """Raises `ConfigError` with what is allowed."""
        kind = "a whole number" if self.is_whole else "a number"
        is_whole = float(value).is_integer() or not self.is_whole
        if not (self.low <= value <= self.high and is_whole):
            raise ConfigError(f"{name} = {value:g}: want {kind} from {self.low:g} to {self.high:g}")
        return value


@runtime_checkable
class BarStrategy(Protocol):
    """What the engine asks of a strategy."""

    name: str
    parameters: Mapping[str, Parameter]

    def targets(self, bars: Bars) -> Floats:
        """A share of the equity in [0, 1] after each close, shape (bars,)."""
        ...


class BuyAndHold:
    """All in at the first open after a close, and never out."""

    name = "buy_and_hold"
    parameters: Mapping[str, Parameter] = {}

    def targets(self, bars: Bars) -> Floats:
        return np.ones(len(bars))


class EmaCross:
    """Long while the fast average of closes is above the slow one, from bar `slow` - 1 on."""

    name = "ema_cross"
    parameters: Mapping[str, Parameter] = {
        "fast": Parameter(10, 1, 10_000, is_whole=True),
        "slow": Parameter(20, 2, 10_000, is_whole=True),
    }

    def __init__(self, fast: float = 10, slow: float = 20) -> None:
        if fast >= slow:
            raise ConfigError(f"fast = {fast:g}: want less than slow = {slow:g}")
        self.fast, self.slow = int(fast), int(slow)

    def targets(self, bars: Bars) -> Floats:
        from bot3.backtest.kernels import ema as compiled

        is_long = compiled(bars.close, self.fast) > compiled(bars.close, self.slow)
        wanted = is_long.astype(np.float64)
        wanted[: self.slow - 1] = np.nan
        return wanted


BUILT_IN: Final[Mapping[str, type[Any]]] = {each.name: each for each in (BuyAndHold, EmaCross)}


def make(kind: type[Any], given: Mapping[str, float]) -> BarStrategy:
    """One of bars; raises `ConfigError` by the parameter's name."""
    made = make_of(kind, given)
    assert isinstance(made, BarStrategy)
    return made


def make_of(kind: type[Any], given: Mapping[str, float]) -> Any:
    """With its parameters checked; raises `ConfigError` by name."""
    declared: Mapping[str, Parameter] = getattr(kind, "parameters", {})
    for name in given:
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise ConfigError(f"{kind.name} has no parameter {name!r}; it has {known}")
    values = {name: parameter.default for name, parameter in declared.items()}
    values |= {name: declared[name].take(name, value) for name, value in given.items()}
    return kind(**values)
