"""The books of a Bybit recording: snapshots replace, a delta follows the update before it.

Invariant: what `follow` answers after a snapshot is the venue's best bid and ask at each update,
until it answers a `gap`; only a later snapshot ends that, by replacement.
"""

from __future__ import annotations

from typing import Any, final

from adapters.net.described import Described
from adapters.net.exact_book import ExactBook, note_of, top_of


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
            told = [note_of("resync", record)] if instrument.is_lost else []
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
        top = top_of(instrument.book, record)
        return self._lost(record, instrument, "crossed") if top is None else [top]

    def _lost(self, record: Described, instrument: _Instrument, reason: str) -> list[Described]:
        instrument.is_synced, instrument.is_lost = False, True
        return [{**note_of("gap", record), "reason": reason}]
