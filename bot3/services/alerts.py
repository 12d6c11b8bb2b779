"""Tells an operator: one alert after another, each tried a few times.

Invariant: nobody waits for it. What it cannot tell is logged, counted and let go.
"""

from __future__ import annotations

from typing import Final, Protocol, final

import structlog
import trio

from bot3.domain.errors import AlertNotSentError
from bot3.messages.alerts import Alert, AlertFailed, AlertSent
from bot3.ports.alerts import AlertPort
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.entropy import Dice

TRIES: Final = 3
BACK_OFF: Final = Backoff(initial_s=1.0, factor=4.0, max_s=10.0)


class Alerts(Protocol):
    """The mailbox of what is to be told."""

    async def receive(self) -> Alert: ...


@final
class AlertActor(EdgeActor):
    """Ready at once: trading does not wait for whoever passes alerts on."""

    def __init__(
        self,
        alerts: Alerts,
        port: AlertPort,
        dice: Dice,
        board: Address[AlertSent | AlertFailed],
    ) -> None:
        self._alerts, self._port, self._dice, self._board = alerts, port, dice, board
        self._log = structlog.get_logger("bot3.alerts")

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            alert = await self._alerts.receive()
            reason = await self._deliver(alert, context)
            if not reason:
                self._board.send(AlertSent(alert.kind))
                continue
            self._log.warning(
                "nobody was told", alert=alert.kind.value, subject=alert.subject, reason=reason
            )
            self._board.send(AlertFailed(alert.kind))

    async def _deliver(self, alert: Alert, context: EdgeContext) -> str:
        """Empty, or why the last of the tries failed."""
        reason = ""
        for tried in range(TRIES):
            if tried:
                await trio.sleep(BACK_OFF.delay_s(tried, self._dice))
            try:
                await self._port.send(alert)
            except AlertNotSentError as error:
                reason = str(error)
            else:
                reason = ""
                break
            finally:
                context.progress()
        return reason
