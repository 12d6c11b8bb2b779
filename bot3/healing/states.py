"""Actors that crash again and again on the state they are rebuilt from: the state is at fault.

Invariant: a state is condemned after `crashes_max` crashes, within the window, of incarnations that
were built from that very one: for the snapshot before it, and where there is none, for no state.
An actor without a state is the supervisors' business alone.
"""

from __future__ import annotations

from typing import final

from attrs import frozen

from bot3.domain.values import InstrumentId
from bot3.healing.decision import Decision, Window
from bot3.healing.settings import HealingSettings
from bot3.messages.healing import HealingAction, RestoreSnapshot, StartEmpty


@final
@frozen
class StateOrigin:
    """What an actor was built from, by number (0: nothing), and what it would be built from next.

    `generations` counts the states that are kept.
    """

    built_from: int = 0
    newest: int = 0
    generations: int = 0


@final
class StateWatch:
    """Counts crashes by actor and state."""

    def __init__(self, settings: HealingSettings) -> None:
        self._settings = settings
        self._crashes: dict[tuple[InstrumentId, str], tuple[int, Window]] = {}

    def on_crash(
        self, instrument: InstrumentId, actor: str, origin: StateOrigin, error: str, now_ns: int
    ) -> Decision | None:
        """`actor` of `instrument` ended badly."""
        key = (instrument, actor)
        state, window = self._crashes.get(key, (0, None))
        if window is None or state != origin.built_from:
            settings = self._settings
            window = Window(settings.crash_window_s, settings.crashes_max)
            self._crashes[key] = (origin.built_from, window)
        window.add(now_ns)
        is_again = origin.built_from == origin.newest  # else it gets another state anyway
        if not origin.built_from or not is_again or not window.is_full(now_ns):
            return None
        del self._crashes[key]
        reason = f"{self._settings.crashes_max} crashes on the same state, the last: {error}"
        subject = f"{instrument} {actor}"
        if origin.generations > 1:
            command = RestoreSnapshot(instrument, actor)
            return Decision(HealingAction.RESTORE_SNAPSHOT, subject, reason, command)
        empty = StartEmpty(instrument, actor)
        return Decision(HealingAction.START_EMPTY, subject, reason, empty)
