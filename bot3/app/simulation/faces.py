"""The operators' corner of a simulated bot: it reports and is scraped, and nobody reads it.

Invariant: what can crash while it tells people of the system is in the tree here too.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import final

import trio

from bot3.telemetry.metrics import Registry
from bot3.telemetry.reporter import LineReporterActor
from bot3.telemetry.snapshot import Snapshots
from bot3.telemetry.status import encode_status
from bot3.telemetry.status_metrics import StatusMetrics
from supervisors.actor import EdgeActor, EdgeContext
from supervisors.spec import ChildSpec, EdgeSpec

SCRAPE_INTERVAL_S = 15.0
SUMMARY_INTERVAL_S = 60.0


@final
class ScrapeActor(EdgeActor):
    """Asks for the metrics and the dashboard's data, as a monitoring system would."""

    def __init__(self, snapshots: Snapshots, registry: Registry) -> None:
        self._snapshots = snapshots
        self._registry = registry
        self._published = StatusMetrics(registry)

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            await trio.sleep(SCRAPE_INTERVAL_S)
            status = self._snapshots.status()
            self._published.publish(status)
            self._registry.render()
            encode_status(status)
            context.progress()


class _NoReader(io.StringIO):
    """Takes lines and forgets them."""

    def write(self, text: str, /) -> int:
        return len(text)


def quiet_faces(snapshots: Snapshots) -> Callable[[], tuple[ChildSpec, ...]]:
    """For the tree of one process."""
    registry = Registry()

    def specs() -> tuple[ChildSpec, ...]:
        return (
            EdgeSpec("http", lambda: ScrapeActor(snapshots, registry)),
            EdgeSpec(
                "terminal",
                lambda: LineReporterActor(snapshots, _NoReader(), SUMMARY_INTERVAL_S),
            ),
        )

    return specs
