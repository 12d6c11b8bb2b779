"""A strategy by its name, or of a file of the user's own.

Invariant: what is returned has passed its parameters' checks; a file that is none says so in one
line.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot3.backtest.strategies import BUILT_IN, BarStrategy, make
from bot3.domain.errors import ConfigError, DataError


def find_strategy(name: str, given: Mapping[str, float]) -> BarStrategy:
    """`name` is one of `BUILT_IN` or a path to a .py or .json file; raises `ConfigError`."""
    if name.endswith(".json"):
        return _evolved(Path(name), given)
    return make(strategy_class(name), given)


def strategy_class(name: str) -> type[Any]:
    """With its declared `parameters`; raises `ConfigError`."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name.endswith(".py"):
        return of_file(Path(name))
    raise ConfigError(
        f"--strategy {name!r}: want hybrid, {', '.join(BUILT_IN)}, a file like mine.py, or one that"
        " evolve has exported (.json)"
    )


def _evolved(path: Path, given: Mapping[str, float]) -> BarStrategy:
    from bot3.evolution.strategy import EvolvedBars

    if given:
        raise ConfigError(f"--strategy {path}: an evolved strategy has no parameters")
    try:
        found = json.loads(path.read_bytes())
        return EvolvedBars(str(found["genome"]))
    except OSError as error:
        raise ConfigError(f"--strategy {path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, DataError) as error:
        raise ConfigError(f'--strategy {path}: want {{"genome": "rule …"}}: {error}') from None


@lru_cache
def of_file(path: Path, method: str = "targets") -> type[Any]:
    """The one class in it with `name`, `parameters` and the method; raises `ConfigError`."""
    if not path.is_file():
        raise ConfigError(f"--strategy {path}: no such file")
    spec = importlib.util.spec_from_file_location(f"strategy_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"--strategy {path}: {type(error).__name__}: {error}") from error
    found = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and each.__module__ == module.__name__
        and _is_strategy(each, method)
    ]
    if len(found) != 1:
        raise ConfigError(
            f"--strategy {path}: {len(found)} strategies in it; want one class with name,"
            f" parameters and {method}"
        )
    return found[0]


def _is_strategy(kind: type[Any], method: str) -> bool:
    return all(hasattr(kind, each) for each in ("name", "parameters", method))


def settings_of(pairs: Sequence[str]) -> dict[str, float]:
    """Of `fast=10`; raises `ConfigError`."""
    found: dict[str, float] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not equals or math.isnan(number):
            raise ConfigError(f"--set {pair!r}: want NAME=NUMBER")
        found[name.strip()] = number
    return found
