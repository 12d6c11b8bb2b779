"""Seconds of import, spent before the first message rather than inside a handler."""

from __future__ import annotations

from importlib import import_module


def import_heavy_libraries() -> None:
    """What the minds use."""
    for name in ("drift", "linear_model", "metrics", "optim", "preprocessing"):
        import_module(f"river.{name}")
