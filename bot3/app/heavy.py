"""Seconds of import, spent before the first message rather than inside a handler."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, cast

# River imports what it finds of these, for readers of data that nobody here uses.
_OPTIONAL: Final = ("sklearn", "sqlalchemy")
_PYTHONS_THRESHOLDS: Final = (700, 10, 10)


def import_heavy_libraries() -> None:
    """What the minds use; from then on the garbage collector keeps to what comes later, as usual.

    It would look at a quarter of a million objects that never become garbage, in each full run.
    """
    with _as_if_not_installed(_OPTIONAL):
        for name in ("drift", "linear_model", "metrics", "optim", "preprocessing"):
            import_module(f"river.{name}")
    gc.freeze()
    gc.set_threshold(*_PYTHONS_THRESHOLDS)


@contextmanager
def _as_if_not_installed(names: tuple[str, ...]) -> Iterator[None]:
    """To import one of them is an `ImportError`; what is imported already stays."""
    modules = cast("dict[str, Any]", sys.modules)
    barred = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(barred))
    try:
        yield
    finally:
        for name in barred:
            del modules[name]
