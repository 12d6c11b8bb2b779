"""Who is reachable under a name, right now.

Invariant: an entry's generation is higher than that of every earlier entry of its name, and only
the holder of an entry's generation can remove it: a late clean-up never hides a successor.
A watcher that raises is counted and its error kept in `failures`; nobody else notices.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, final

from attrs import frozen

from supervisors.actor import Address
from supervisors.dead_letters import describe
from supervisors.errors import NotRegisteredError


@final
@frozen
class Registration:
    """A name that appeared (`address` set) or vanished (`address` None)."""

    name: str
    generation: int
    address: Address[Any] | None


Watcher = Callable[[Registration], None]


@final
class Registry:
    """Names to addresses. A tree registers each actor by its path while it is ready."""

    def __init__(self) -> None:
        self._entries: dict[str, Registration] = {}
        self._last_generation = 0
        self._watchers: list[Watcher] = []
        self.failures: deque[str] = deque(maxlen=10)
        self.failed_watchers = 0

    def register(self, name: str, address: Address[Any]) -> int:
        """The new entry's generation; replaces an older entry of that name."""
        self._last_generation += 1
        entry = Registration(name, self._last_generation, address)
        self._entries[name] = entry
        self._tell(entry, tuple(self._watchers))
        return entry.generation

    def unregister(self, name: str, generation: int) -> bool:
        """Removes the entry if it is still of that generation; says whether it did."""
        entry = self._entries.get(name)
        if entry is None or entry.generation != generation:
            return False
        del self._entries[name]
        self._tell(Registration(name, generation, None), tuple(self._watchers))
        return True

    def find(self, name: str) -> Address[Any] | None:
        entry = self._entries.get(name)
        return None if entry is None else entry.address

    def get(self, name: str) -> Address[Any]:
        """The address; raises `NotRegisteredError` when nobody has that name now."""
        address = self.find(name)
        if address is None:
            raise NotRegisteredError(f"{name}: nobody is registered under this name")
        return address

    def generation(self, name: str) -> int | None:
        entry = self._entries.get(name)
        return None if entry is None else entry.generation

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries))

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Tells `watcher` what is registered now and every change after; returns what ends it."""
        self._watchers.append(watcher)
        for entry in tuple(self._entries.values()):
            self._tell(entry, (watcher,))

        def unsubscribe() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return unsubscribe

    def _tell(self, change: Registration, watchers: tuple[Watcher, ...]) -> None:
        for watcher in watchers:
            try:
                watcher(change)
            except Exception as error:
                self.failed_watchers += 1
                self.failures.append(describe(error))
