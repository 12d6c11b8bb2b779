"""What sleeves have earned, kept between processes: evidence takes longer than a process lives.

Invariant: the file is replaced whole or not at all; one that is damaged, or of other sleeves, is
set aside and said so, and the evidence begins anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, final

import structlog

from bot3.portfolio.sleeves import SleeveBook

NAME: Final = "sleeves.json"
_log = structlog.get_logger("bot3.allocation")


@final
class SleeveFile:
    """In the state directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME

    def load(self, book: SleeveBook) -> None:
        """Into a book that has seen nothing yet."""
        if not self._path.exists():
            return
        try:
            self._resume(book, json.loads(self._path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, OSError) as error:
            aside = self._path.with_suffix(".old")
            self._path.replace(aside)
            _log.warning("evidence begins anew", reason=str(error), kept_as=str(aside.name))

    def _resume(self, book: SleeveBook, told: Any) -> None:
        if told["sleeves"] != _names(book):
            raise ValueError("it is of other sleeves")
        blocks = {int(number): tuple(growth) for number, growth in told["blocks"]}
        book.resume(int(told["block_ns"]), blocks)

    def save(self, book: SleeveBook) -> None:
        """Raises `OSError` where the disk does."""
        block_ns, blocks = book.kept()
        told = {"sleeves": _names(book), "block_ns": block_ns, "blocks": list(blocks.items())}
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(told), encoding="utf-8")
        beside.replace(self._path)


def _names(book: SleeveBook) -> list[str]:
    return [sleeve.name for sleeve in book.sleeves]
