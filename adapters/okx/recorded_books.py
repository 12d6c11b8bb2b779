"""The books of an OKX recording: snapshots and updates by `seqId`, older ones by their checksum.

Invariant: what `follow` answers after a snapshot is the venue's best bid and ask at each update,
until it answers a `gap`; only a later snapshot ends that, by replacement.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any, final
from zlib import crc32

from adapters.net.described import Described
from adapters.net.exact_book import ExactBook, note_of, top_of

CHECKSUM_LEVELS = 25
_SIGNED = 2**31


class _Instrument:
    __slots__ = ("book", "is_lost", "is_synced", "last_id")

    def __init__(self) -> None:
        self.book = ExactBook()
        self.is_synced, self.is_lost = False, False
        self.last_id: int | None = None


def checksum_of(book: ExactBook) -> int:
    """Over the best 25 levels of each side, in turn, as the venue wrote them; signed 32 bits.

    Frames since June 2026 carry zero, which says nothing.
    """
    texts: list[str] = []
    sides = zip_longest(book.bids(CHECKSUM_LEVELS), book.asks(CHECKSUM_LEVELS))
    for level in (level for pair in sides for level in pair if level is not None):
        texts += [format(level[0], "f"), format(level[1], "f")]
    value = crc32(":".join(texts).encode())
    return value - 2 * _SIGNED if value >= _SIGNED else value


@final
class OkxBooks:
    """By symbol and channel: channels of other depths are other books."""

    def __init__(self) -> None:
        self._instruments: dict[tuple[object, object], _Instrument] = {}

    def follow(self, record: Described) -> list[Described]:
        """`top`, `gap` and `resync` records that follow from one of `OkxRecording`."""
        if record["type"] not in {"book", "book_change"}:
            return []
        key = record["symbol"], record["channel"]
        instrument = self._instruments.setdefault(key, _Instrument())
        if record["type"] == "book":
            return self._replaced(record, instrument)
        return self._changed(record, instrument)

    def _replaced(self, record: Described, instrument: _Instrument) -> list[Described]:
        body: dict[str, Any] = record
        instrument.book.replace(body["bids"], body["asks"])
        instrument.is_synced, instrument.last_id = True, body["last_id"]
        told = [note_of("resync", record)] if instrument.is_lost else []
        instrument.is_lost = False
        return told + self._checked(record, instrument)

    def _changed(self, record: Described, instrument: _Instrument) -> list[Described]:
        body: dict[str, Any] = record
        if not instrument.is_synced:
            return []
        if body["previous_id"] != instrument.last_id:
            return self._lost(record, instrument, f"gap: {body['previous_id']} after another")
        # A smaller seqId than the one before is a reset for maintenance, and valid.
        instrument.last_id = body["last_id"]
        instrument.book.change(body["bids"], body["asks"])
        return self._checked(record, instrument)

    def _checked(self, record: Described, instrument: _Instrument) -> list[Described]:
        book, expected = instrument.book, record["checksum"]
        if expected and checksum_of(book) != expected:
            return self._lost(record, instrument, "checksum")
        top = top_of(instrument.book, record)
        return self._lost(record, instrument, "crossed") if top is None else [top]

    def _lost(self, record: Described, instrument: _Instrument, reason: str) -> list[Described]:
        instrument.is_synced, instrument.is_lost = False, True
        return [{**note_of("gap", record), "reason": reason}]
