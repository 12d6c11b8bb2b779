"""How many alerts were told, and how many could not be.

Invariant: counts only rise.
"""

from __future__ import annotations

from collections import Counter
from typing import final

import msgspec

from bot3.messages.alerts import AlertFailed, AlertSent

DeliveryNews = AlertSent | AlertFailed


class AlertStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`sent` by kind; `failed` after the last try. (What its full mailbox dropped, that counts.)"""

    sent: dict[str, int] = {}
    failed: int = 0


@final
class AlertCard:
    """Kept from the news."""

    def __init__(self) -> None:
        self._sent: Counter[str] = Counter()
        self._failed = 0

    def take(self, news: DeliveryNews) -> None:
        """One of them."""
        match news:
            case AlertSent(kind=kind):
                self._sent[kind.value] += 1
            case AlertFailed():
                self._failed += 1

    def status(self) -> AlertStatus:
        """As it stands."""
        return AlertStatus(sent=dict(self._sent), failed=self._failed)
