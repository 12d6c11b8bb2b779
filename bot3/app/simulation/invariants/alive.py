"""At rest the bot is well: ready, not halted without cause, every actor running, data flowing."""

from __future__ import annotations

from typing import final

from bot3.app.simulation.invariants.events import BotRest, Settled, WorldEvent
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings, ns
from supervisors.observe import ActorState

# Asked at its start to be left out: as good as running.
_WELL = frozenset({ActorState.RUNNING, ActorState.IGNORED})


@final
class Alive:
    """Judges `Settled` alone."""

    name = "alive"
    hears: tuple[type[WorldEvent], ...] = (Settled,)

    def __init__(self, settings: InvariantSettings) -> None:
        self._instruments = settings.instruments
        self._quiet_ns = ns(settings.quiet_max_s)

    def hear(self, event: WorldEvent) -> list[Violation]:
        if not isinstance(event, Settled):
            return []
        texts = [*_state(event.bot), *_actors(event.bot), *self._markets(event.bot, event.ts_ns)]
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _markets(self, bot: BotRest, now_ns: int) -> list[str]:
        texts = []
        books = {book.instrument: book for book in bot.books}
        for instrument in self._instruments:
            book = books.get(instrument)
            if book is None or book.touch is None:
                texts.append(f"{instrument}: the bot has no book")
            if book is not None and (quiet_ns := now_ns - book.event_ts_ns) > self._quiet_ns:
                texts.append(f"{instrument}: no market event for {quiet_ns / 1e9:.3f} s")
        return texts


def _state(bot: BotRest) -> list[str]:
    texts = [f"not ready: {', '.join(bot.unready)}"] if bot.unready else []
    if bot.halted_reason is not None and not bot.is_halt_expected:
        texts.append(f"halted: {bot.halted_reason}")
    return texts


def _actors(bot: BotRest) -> list[str]:
    if not bot.actors:
        return ["no actor runs"]
    return [
        f"{each.path}: {each.state.value}, last error {each.last_error!r}"
        for each in bot.actors
        if each.state not in _WELL
    ]
