"""The plain report where there is no terminal: a line per notable change, a summary now and then.

Invariant: lines are written in a thread, so a reader that does not read never holds up trading.
"""

from __future__ import annotations

from typing import TextIO, final

import structlog
import trio

from bot3.telemetry import formats
from bot3.telemetry.changes import ChangeLog, summary_line
from bot3.telemetry.status import StatusSource
from supervisors.actor import EdgeActor, EdgeContext

LOOK_INTERVAL_S = 0.5

_log = structlog.get_logger(__name__)


@final
class LineReporterActor(EdgeActor):
    """Writes lines to a stream until it is cancelled.

    `changes` belongs to the caller and outlives restarts, so that nothing is told twice.
    """

    def __init__(
        self,
        source: StatusSource,
        stream: TextIO,
        summary_interval_s: float,
        changes: ChangeLog | None = None,
    ) -> None:
        self._source = source
        self._stream = stream
        self._summary_interval_s = summary_interval_s
        self._changes = changes or ChangeLog()

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        summary_due = trio.current_time() + self._summary_interval_s
        try:
            while True:
                status = self._source.status()
                lines = self._changes.lines(status)
                if trio.current_time() >= summary_due:
                    summary_due = trio.current_time() + self._summary_interval_s
                    lines.append(summary_line(status))
                time_of_day = formats.time_of_day(status.ts_ns)
                await self._write([f"{time_of_day}  {line}\n" for line in lines])
                context.progress()
                await trio.sleep(LOOK_INTERVAL_S)
        except OSError as error:
            # Nobody reads any more, and a restart would not change that: trading goes on without.
            _log.warning("report_reader_lost", error=str(error))
            await trio.sleep_forever()

    async def _write(self, lines: list[str]) -> None:
        encoding = self._stream.encoding or "utf-8"

        def write() -> None:
            for line in lines:
                # A venue's words may hold what this stream's encoding does not.
                self._stream.write(line.encode(encoding, "replace").decode(encoding))
            self._stream.flush()

        if lines:
            await trio.to_thread.run_sync(write, abandon_on_cancel=True)
