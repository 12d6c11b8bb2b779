"""The alerts' place in the tree: beside the board, hearing of its messages those that matter.

Invariant: the board hears everything as without it, and first; nobody waits for an alert.
"""

from __future__ import annotations

from typing import Any, final

from bot3.messages.alerts import Alert
from bot3.telemetry.alerts import NEWS, AlertNews, Alerts
from bot3.telemetry.board import BoardMessage
from supervisors.actor import Address, DecisionActor


@final
class AlertWatchActor(DecisionActor[AlertNews]):
    """Shell of `Alerts`."""

    def __init__(self, alerts: Alerts, operator: Address[Alert]) -> None:
        self._alerts, self._operator = alerts, operator

    def handle(self, message: AlertNews) -> None:
        alert = self._alerts.take(message)
        if alert is not None:
            self._operator.send(alert)


@final
class WatchedBoard:
    """An address: the board's, and for some messages the alerts' too."""

    def __init__(self, board: Address[BoardMessage], watch: Address[Any]) -> None:
        self._board, self._watch = board, watch

    @property
    def name(self) -> str:
        """The board's."""
        return self._board.name

    def send(self, message: BoardMessage) -> None:
        """See `Address`."""
        self._board.send(message)
        if type(message) in NEWS:
            self._watch.send(message)
