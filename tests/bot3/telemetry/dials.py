"""What a process of two actors would say of itself."""

from __future__ import annotations

from bot3.portfolio.strategy_books import StrategyBook
from bot3.telemetry.status import JournalStatus, VenueHealth
from supervisors.observe import ActorKind, ActorState, ActorStatistics, Workload

WORK = Workload(handled=5, waiting=1, dropped=2, conflated=3, rejected=4, dead_letters=6)


class Dials:
    """`Gauges` that stand still."""

    def __init__(self) -> None:
        self.books: dict[str, StrategyBook] = {}

    def events(self) -> int:
        return 77

    def actors(self) -> tuple[ActorStatistics, ...]:
        return tuple(
            ActorStatistics(
                path=f"bot3/{name}",
                name=name,
                kind=ActorKind.DECISION,
                state=ActorState.RUNNING,
                restarts=restarts,
                workload=WORK,
                last_error="",
            )
            for name, restarts in (("execution", 2), ("risk", 0))
        )

    def journal(self) -> JournalStatus:
        return JournalStatus(records=9)

    def health(self, venue: str) -> VenueHealth:
        return VenueHealth(1.5, 0.25, 0.75)

    def counts(self, venue: str) -> dict[str, int]:
        return {"feed_messages": 12}

    def strategies(self) -> dict[str, StrategyBook]:
        return self.books

    def notes(self) -> tuple[str, ...]:
        return ()
