"""The books of a Bybit recording: snapshots replace, a delta follows the update before it.

Invariant: what `follow` answers after a snapshot is the venue's best bid and ask at each update,
until it answers a `gap`; only a later snapshot ends that, by replacement.
"""

from __future__ import annotations

from typing import Any, final

from adapters.net.described import Described
from adapters.net.exact_book import ExactBook


class _Instrument:
    __slots__ = ("book", "is_lost", "is_synced", "last_id")

    def __init__(self) -> None:
        self.book = ExactBook()
        self.is_synced, self.is_lost = False, False
        self.last_id = 0


@final
class BybitBooks:
    """By symbol and topic: topics of other depths are other books, with ids of their own."""

    def __init__(self) -> None:
        self._instruments: dict[tuple[object, object], _Instrument] = {}

    def follow(self, record: Described) -> list[Described]:
        """`top`, `gap` and `resync` records that follow from one of `BybitRecording`."""
        if record["type"] not in {"book", "book_change"}:
            return []
        body: dict[str, Any] = record
        key = body["symbol"], body["channel"]
        instrument = self._instruments.setdefault(key, _Instrument())
        told: list[Described] = []
        if body["type"] == "book":
            instrument.book.replace(body["bids"], body["asks"])
            told = [_note("resync", record)] if instrument.is_lost else []
            instrument.is_synced, instrument.is_lost = True, False
        elif not instrument.is_synced or body["last_id"] <= instrument.last_id:
            return []  # nothing to apply it to, or a duplicate
        elif body["last_id"] > instrument.last_id + 1:
            reason = f"gap: {body['last_id']} after {instrument.last_id}"
            return self._lost(record, instrument, reason)
        else:
            instrument.book.change(body["bids"], body["asks"])
        instrument.last_id = body["last_id"]
        return told + self._top(record, instrument)

    def _top(self, record: Described, instrument: _Instrument) -> list[Described]:
        bids, asks = instrument.book.bids(1), instrument.book.asks(1)
        if bids and asks and bids[0][0] >= asks[0][0]:
            return self._lost(record, instrument, "crossed")
        bid, ask = (side[0] if side else (None, None) for side in (bids, asks))
        top = _note("top", record)
        top |= {"update_id": record["last_id"], "bid": bid[0], "bid_amount": bid[1]}
        return [top | {"ask": ask[0], "ask_amount": ask[1]}]

    def _lost(self, record: Described, instrument: _Instrument, reason: str) -> list[Described]:
        instrument.is_synced, instrument.is_lost = False, True
        return [{**_note("gap", record), "reason": reason}]


def _note(kind: str, record: Described) -> Described:
    names = ("symbol", "channel", "ts_venue_ns")
    return {"type": kind, **{name: record[name] for name in names}}
