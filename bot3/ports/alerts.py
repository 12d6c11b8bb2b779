"""What bot3 asks of whoever passes alerts on to an operator."""

from __future__ import annotations

from typing import Protocol

from bot3.messages.alerts import Alert


class AlertPort(Protocol):
    """One way to an operator."""

    async def send(self, alert: Alert) -> None:
        """Tells it once, within a deadline of its own; raises `AlertNotSentError`, and only that.

        What may have arrived all the same is told as not sent.
        """
        ...
