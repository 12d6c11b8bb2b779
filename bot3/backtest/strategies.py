"""Strategies of bars: a target after each close, from what was known then.

A strategy is a class with a `name`, declared `parameters` and a method `targets(bars)`; one of your
own is a file with such a class, given as `--strategy path/to/file.py`. One that also has `begin()`
is given bars in parts, and never needs all of them in memory.

Invariant: the target after bar t depends on bars up to t alone: a test shortens the bars and
compares. NaN means "as before"; before the first number nothing is held.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from attrs import frozen

from bot3.domain.bars import Bars, Floats
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


@runtime_checkable
class StreamedStrategy(BarStrategy, Protocol):
    """One that remembers what it needs of earlier bars."""

    def begin(self) -> Callable[[Bars], Floats]:
        """For a new run: the targets of each next part, together those of all bars at once."""
        ...


class BuyAndHold:
    """All in at the first open after a close, and never out."""

    name = "buy_and_hold"
    parameters: Mapping[str, Parameter] = {}

    def targets(self, bars: Bars) -> Floats:
        return np.ones(len(bars))

    def begin(self) -> Callable[[Bars], Floats]:
        return self.targets


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
        return self.begin()(bars)

    def begin(self) -> Callable[[Bars], Floats]:
        from bot3.backtest.kernels import ema

        fast = slow = math.nan  # the averages so far
        rows = 0

        def targets(bars: Bars) -> Floats:
            nonlocal fast, slow, rows
            quick, lazy = ema(bars.close, self.fast, fast), ema(bars.close, self.slow, slow)
            wanted = (quick > lazy).astype(np.float64)
            wanted[: max(self.slow - 1 - rows, 0)] = np.nan
            fast, slow, rows = quick[-1], lazy[-1], rows + len(bars)
            return wanted

        return targets


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
