"""`SelfHealing`: everything that is healed by more than a restart, decided in one place.

    a book that is stale or doubted        asked for again
    a venue that does not answer           circuit breaker: no entries, then one that tries
    an actor that crashes on its state     the snapshot before it, then none
    a rate budget that runs low            no data requests, before anything else has to wait

Invariant: it decides and does nothing else; within any span of time each of the four decides a
bounded number of times. Times are of a clock that only moves forward. Rerouting the orders of a
failing venue needs a router and a second venue; until then they are denied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from attrs import Factory, define

from bot3.domain.values import InstrumentId, VenueName
from bot3.healing.books import BookWatch
from bot3.healing.circuit import Circuit
from bot3.healing.data import DataShedding
from bot3.healing.decision import Decision
from bot3.healing.settings import HealingSettings
from bot3.healing.states import StateOrigin, StateWatch
from bot3.messages.healing import BudgetRead, CircuitChanged, CircuitState, VenueCallEnded
from bot3.messages.market import ResyncBook


@final
@define
class Standing:
    """What was decided and still holds: it outlives whoever decided it.

    `circuits` has those that are not closed; `shed` the venues without data, in that order.
    """

    circuits: dict[VenueName, CircuitChanged] = Factory(dict)
    shed: dict[VenueName, None] = Factory(dict)

    def circuit(self, venue: VenueName) -> CircuitState:
        """CLOSED where nothing else was decided."""
        known = self.circuits.get(venue)
        return CircuitState.CLOSED if known is None else known.state


@final
class SelfHealing:
    """Every method takes what happened and when; it returns what is to be done, in order."""

    def __init__(
        self,
        settings: HealingSettings,
        instruments: Iterable[InstrumentId],
        standing: Standing,
        now_ns: int,
    ) -> None:
        keys = tuple(instruments)
        venues = dict.fromkeys(key.venue for key in keys)
        self._books = BookWatch(keys, settings, now_ns)
        self._states = StateWatch(settings)
        self._circuits = {
            name: Circuit(name, settings, standing.circuit(name), now_ns) for name in venues
        }
        self._data = {
            name: DataShedding(name, settings, is_shed=name in standing.shed, now_ns=now_ns)
            for name in venues
        }

    def on_book(self, instrument: InstrumentId, now_ns: int) -> None:
        """A book is alive."""
        self._books.on_book(instrument, now_ns)

    def on_feed_lost(self, venue: VenueName) -> None:
        """No book of it can be asked for."""
        self._books.on_feed_lost(venue)

    def on_feed_restored(self, venue: VenueName, now_ns: int) -> None:
        """Its books come by themselves."""
        self._books.on_feed_restored(venue, now_ns)

    def on_doubt(self, doubted: ResyncBook, now_ns: int) -> list[Decision]:
        """A market actor does not trust its book. Refused now, it is asked for once it is stale."""
        if self._data[doubted.instrument.venue].is_shed:
            return []
        return _listed(self._books.on_doubt(doubted, now_ns))

    def on_call(self, ended: VenueCallEnded, now_ns: int) -> list[Decision]:
        """Order entry asked the venue something."""
        return _listed(self._circuits[ended.venue].on_call(ended, now_ns))

    def on_budget(self, read: BudgetRead, now_ns: int) -> list[Decision]:
        """A venue's rate budget."""
        return _listed(self._data[read.venue].on_reading(read, now_ns))

    def on_crash(
        self, instrument: InstrumentId, actor: str, origin: StateOrigin, error: str, now_ns: int
    ) -> list[Decision]:
        """An actor of an instrument's mind ended badly."""
        return _listed(self._states.on_crash(instrument, actor, origin, error, now_ns))

    def on_time(self, now_ns: int) -> list[Decision]:
        """Books grow stale and back-offs end."""
        shed = [name for name, data in self._data.items() if data.is_shed]
        decisions = [*self._books.on_time(now_ns, shed)]
        for circuit in self._circuits.values():
            decisions += _listed(circuit.on_time(now_ns))
        return decisions


def _listed(decision: Decision | None) -> list[Decision]:
    return [] if decision is None else [decision]
