"""The operators' corner of a simulated bot: it reports and is scraped, and nobody reads it.

Invariant: what can crash while it tells people of the system is in the tree here too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import trio

from bot3.telemetry.changes import ChangeLog, summary_line
from bot3.telemetry.metrics import Registry
from bot3.telemetry.snapshot import Snapshots
from bot3.telemetry.status import encode_status
from bot3.telemetry.status_metrics import StatusMetrics
from supervisors.actor import EdgeActor, EdgeContext
from supervisors.spec import ChildSpec, EdgeSpec

LOOK_INTERVAL_S = 15.0


@final
class OnlookerActor(EdgeActor):
    """Asks for the metrics, the dashboard's data and the report, now and then."""

    def __init__(self, snapshots: Snapshots, registry: Registry, changes: ChangeLog) -> None:
        self._snapshots, self._registry, self._changes = snapshots, registry, changes
        self._published = StatusMetrics(registry)

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            await trio.sleep(LOOK_INTERVAL_S)
            status = self._snapshots.status()
            self._published.publish(status)
            self._registry.render()
            encode_status(status)
            self._changes.lines(status)
            summary_line(status)
            context.progress()


def quiet_faces(snapshots: Snapshots) -> Callable[[], tuple[ChildSpec, ...]]:
    """For the tree of one process."""
    registry, changes = Registry(), ChangeLog()

    def specs() -> tuple[ChildSpec, ...]:
        return (EdgeSpec("onlooker", lambda: OnlookerActor(snapshots, registry, changes)),)

    return specs
