"""Seconds of import, spent before the first message rather than inside a handler.

Invariant: every start is a recovery and pays for what is imported here, so nothing is that the
minds do not use. River brings demonstration data, and through these its readers of other libraries'
data (pandas, scikit-learn, SQLAlchemy); and for a detector, a tree and losses that nobody asks for,
half of scipy; what is left of it takes all of numpy along, its compiler of Fortran included. The
first are left out, the others are loaded when one of their names is used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Final, final

_USED: Final = ("drift", "linear_model", "optim", "tree", "forest")
_LEFT_OUT: Final = "river.drift.datasets"
_POSTPONED: Final = (
    "numpy.f2py",
    *(f"scipy.{name}" for name in ("integrate", "ndimage", "sparse", "special", "stats")),
)
_BLAS: Final = "scipy.linalg"  # which a Bayesian regression looks up when it learns its first bar


def import_heavy_libraries(*, is_betting: bool = False) -> None:
    """What the minds use; where bets are sized by Kelly's criterion, the solver of that too."""
    with _stand_ins():
        for name in (*(f"river.{name}" for name in _USED), _BLAS):
            import_module(name)
    if is_betting:
        import_module("scipy.optimize")


@contextmanager
def _stand_ins() -> Iterator[None]:
    """In the place of modules that are not loaded yet, while the block imports others."""
    made: dict[str, ModuleType] = {_LEFT_OUT: ModuleType(_LEFT_OUT)}
    made |= {name: _Postponed(name) for name in _POSTPONED}
    made = {name: module for name, module in made.items() if name not in sys.modules}
    sys.modules.update(made)
    attributes = [name.rpartition(".") for name in made.keys() & set(_POSTPONED)]
    for parent, _, name in attributes:
        setattr(import_module(parent), name, made[f"{parent}.{name}"])
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]
        for parent, _, name in attributes:
            delattr(import_module(parent), name)


@final
class _Postponed(ModuleType):
    """Has every name; each loads the module when it is used."""

    def __getattr__(self, name: str) -> _Name:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(self.__name__, name)


@final
class _Name:
    """A function or a distribution of a module that is not loaded yet."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self._real()(*values, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)

    def _real(self) -> Any:
        return getattr(import_module(self._module), self._name)
