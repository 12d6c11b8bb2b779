"""Who listens, and what an edge actor is given, in tests."""

from __future__ import annotations

from typing import Any

import trio


class Ear:
    """Keeps what it is sent; `is_told` once that is one of `awaited`."""

    name = "ear"

    def __init__(self, *awaited: type) -> None:
        self.heard: list[Any] = []
        self.is_told = trio.Event()
        self._awaited = awaited

    def send(self, message: Any) -> None:
        self.heard.append(message)
        if isinstance(message, self._awaited):
            self.is_told.set()


class Looks:
    """An edge actor's context that nobody supervises; `is_enough` after so many steps."""

    name = "edge"

    def __init__(self, enough: int = 0) -> None:
        self.is_ready = trio.Event()
        self.looks, self.is_enough = 0, trio.Event()
        self._enough = enough

    def ready(self) -> None:
        self.is_ready.set()

    def progress(self) -> None:
        self.looks += 1
        if self.looks == self._enough:
            self.is_enough.set()
