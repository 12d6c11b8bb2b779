"""Client order ids: a function of (run, intent number), legal on every venue.

Binance takes `^[a-zA-Z0-9-_]{1,36}$`, Bybit 36 of the same, OKX 32 letters and digits; so ids are
letters and digits, at most 32.
"""

from __future__ import annotations

import re
from typing import NewType

ClientOrderId = NewType("ClientOrderId", str)
RunId = NewType("RunId", str)

CLIENT_ORDER_ID_LENGTH_MAX = 32
# Of coins that were on the account and are a position now: no venue ever saw such an order.
ADOPTED_BALANCE = ClientOrderId("adopted")
_RUN_PATTERN = re.compile(r"[a-z0-9]{8}")
_OWN_PATTERN = re.compile(r"b3([a-z0-9]{8})n(\d{1,12})")


def run_id(text: str) -> RunId:
    """Checks eight lower-case letters and digits; raises `ValueError` otherwise."""
    if not _RUN_PATTERN.fullmatch(text):
        raise ValueError(f"run id {text!r}: want eight lower-case letters and digits")
    return RunId(text)


def client_order_id(run: RunId, intent_number: int) -> ClientOrderId:
    """The id of intent `intent_number` (from 1) of run `run`: `b3abcdefghn17`."""
    if not 0 < intent_number < 10**12:
        raise ValueError(f"intent number {intent_number}: want 1 to 999999999999")
    return ClientOrderId(f"b3{run}n{intent_number}")


def parse_client_order_id(text: str) -> tuple[RunId, int] | None:
    """(run, intent number) of an id that bot3 made, None for a foreign one."""
    found = _OWN_PATTERN.fullmatch(text)
    return (RunId(found[1]), int(found[2])) if found else None
