"""Approval is a type: a venue takes nothing but an `ApprovedOrder`, and only `bot3.risk` makes one.

A test reads the source of every other room and fails where one calls `grant`.
"""

from __future__ import annotations

from typing import Final, final

from bot3.domain.order import OrderIntent

_SEAL: Final = object()


@final
class ApprovedOrder:
    """An intent that passed the gate."""

    __slots__ = ("intent",)

    def __init__(self, intent: OrderIntent, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only the risk gate makes an ApprovedOrder")
        self.intent = intent

    def __repr__(self) -> str:
        return f"ApprovedOrder({self.intent.client_order_id})"


def grant(intent: OrderIntent) -> ApprovedOrder:
    """For `bot3.risk` alone."""
    return ApprovedOrder(intent, _SEAL)
