"""What an operator is told where no face of bot3 is looked at, and what became of telling it.

Invariant: an alert says nothing that is not on the board; no decision depends on one.
"""

from __future__ import annotations

from enum import StrEnum, unique

import msgspec


@unique
class AlertKind(StrEnum):
    """Everything that is ever told."""

    HALT = "halt"
    RESUME = "resume"
    FLATTENED = "flattened"
    STOP = "stop"
    CIRCUIT_OPEN = "circuit_open"
    CIRCUIT_CLOSED = "circuit_closed"
    VENUE_LOST = "venue_lost"
    VENUE_BACK = "venue_back"
    DEAD_MAN_UNARMED = "dead_man_unarmed"
    DEAD_MAN_ARMED = "dead_man_armed"
    CHAIN_LOST = "chain_lost"
    CHAIN_BACK = "chain_back"
    DEX_GAP = "dex_gap"
    BALANCE = "balance"
    BOOKS_DIFFER = "books_differ"
    BOOKS_AGREE = "books_agree"
    FOREIGN_ORDER = "foreign_order"
    ORDER_UNKNOWN = "order_unknown"


class Alert(msgspec.Struct, frozen=True):
    """`subject` is what it is about: trading, a venue's stream, a symbol; `ts_ns` when it was."""

    kind: AlertKind
    subject: str
    text: str
    ts_ns: int


class AlertSent(msgspec.Struct, frozen=True):
    """Whoever was to be told has taken it."""

    kind: AlertKind


class AlertFailed(msgspec.Struct, frozen=True):
    """It was tried as often as it is, and given up."""

    kind: AlertKind
