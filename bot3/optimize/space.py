"""Which numbers are tried: a strategy's declared parameters, or narrower bounds of the user's.

Invariant: every range lies within what the strategy declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from bot3.backtest.strategies import Parameter
from bot3.domain.errors import ConfigError

# Numbers that span as much are tried on a logarithmic scale, as periods are.
_LOG_RATIO: Final = 20.0
_KEYS: Final = {"low", "high", "log"}


@frozen
class Range:
    """From `low` to `high`, both included."""

    low: float
    high: float
    is_whole: bool
    is_log: bool


Space = Mapping[str, Range]


def default_space(declared: Mapping[str, Parameter]) -> Space:
    """All of what is declared. Raises `ConfigError` where nothing is."""
    if not declared:
        raise ConfigError("the strategy declares no parameters: there is nothing to optimize")
    return {name: _range(each, each.low, each.high, is_log=None) for name, each in declared.items()}


def space_of(given: Mapping[str, Any], declared: Mapping[str, Parameter]) -> Space:
    """Of a file: `fast = [5, 50]` or `fast = {low = 5, high = 50, log = true}`; what it does not
    name keeps its default and is not tried. Raises `ConfigError` by name.
    """
    found = {}
    for name, told in given.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise ConfigError(f"the space names {name!r}; the strategy has {known}")
        found[name] = _told(name, told, declared[name])
    if not found:
        raise ConfigError("the space names no parameter")
    return found


def _told(name: str, told: Any, declared: Parameter) -> Range:
    want = f"{name}: want [low, high], or low, high and perhaps log"
    match told:
        case [low, high]:
            is_log: Any = None
        case {"low": low, "high": high, **rest} if rest.keys() <= _KEYS:
            is_log = rest.get("log")
        case _:
            raise ConfigError(want)
    numbers = (low, high)
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in numbers):
        raise ConfigError(want)
    if not (isinstance(is_log, bool) or is_log is None) or not low < high or (is_log and low <= 0):
        raise ConfigError(f"{want}; low less than high, and above 0 for log")
    for each in numbers:
        declared.take(name, float(each))
    return _range(declared, float(low), float(high), is_log=is_log)


def _range(declared: Parameter, low: float, high: float, *, is_log: bool | None) -> Range:
    wide = low > 0.0 and high / low >= _LOG_RATIO
    return Range(low, high, declared.is_whole, wide if is_log is None else is_log)
