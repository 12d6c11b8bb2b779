"""The books of a recording, rebuilt by the same synchronizer as live ones.

Invariant: what `follow` answers after a snapshot is the venue's best bid and ask at each update,
until it answers a `gap`; only a later snapshot ends that, by replacement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, final

from adapters.binance.book_sync import Action, BookSync, Changed, Lost, Replaced
from adapters.binance.schemas import DepthEvent, DepthSnapshot
from adapters.net.described import Described
from bot3.domain.book import Book


class _Instrument:
    __slots__ = ("book", "is_lost", "sync", "ts_ns")

    def __init__(self) -> None:
        self.book, self.sync = Book(), BookSync()
        self.is_lost = False
        self.ts_ns: object = None
        self.sync.start()


@final
class BinanceBooks:
    """By symbol. A snapshot that names none is of the only instrument that was heard of."""

    def __init__(self) -> None:
        self._instruments: dict[str, _Instrument] = {}

    def follow(self, record: Described) -> list[Described]:
        """`top`, `gap` and `resync` records that follow from one of `BinanceRecording`."""
        match record["type"]:
            case "book_change":
                symbol = str(record["symbol"])
                instrument = self._instruments.setdefault(symbol, _Instrument())
                instrument.ts_ns = record["ts_venue_ns"]
                return self._told(symbol, instrument, instrument.sync.on_event(_event(record)))
            case "book":
                symbol = str(record["symbol"]) or self._only_symbol()
                if not symbol:
                    return []
                found = self._instruments.setdefault(symbol, _Instrument())
                actions = found.sync.on_snapshot(_snapshot(record))
                return self._told(symbol, found, actions)
            case _:
                return []

    def _only_symbol(self) -> str:
        """Of a recording with one instrument, whose snapshot names none."""
        return next(iter(self._instruments)) if len(self._instruments) == 1 else ""

    def _told(
        self, symbol: str, instrument: _Instrument, actions: Sequence[Action]
    ) -> list[Described]:
        told: list[Described] = []
        for action in actions:
            told += self._performed(symbol, instrument, action)
            quote = instrument.book.quote()
            if told and told[-1]["type"] == "top" and quote is not None and quote.is_crossed:
                told.pop()
                told += self._told(symbol, instrument, instrument.sync.lose("crossed"))
                break
        return told

    def _performed(self, symbol: str, instrument: _Instrument, action: Action) -> list[Described]:
        book = instrument.book
        match action:
            case Changed(event):
                book.change(event.bids, event.asks)
                return [self._top(symbol, instrument, event.last_id)]
            case Replaced(snapshot):
                book.replace(snapshot.bids, snapshot.asks)
                was_lost, instrument.is_lost = instrument.is_lost, False
                resync: list[Described] = [_note("resync", symbol, instrument)] if was_lost else []
                return [*resync, self._top(symbol, instrument, snapshot.last_id)]
            case Lost(reason):
                instrument.is_lost = True
                return [{**_note("gap", symbol, instrument), "reason": reason}]
            case _:
                return []

    def _top(self, symbol: str, instrument: _Instrument, update_id: int) -> Described:
        quote = instrument.book.quote()
        return {
            **_note("top", symbol, instrument),
            "update_id": update_id,
            "bid": quote and quote.bid,
            "bid_amount": quote and quote.bid_amount,
            "ask": quote and quote.ask,
            "ask_amount": quote and quote.ask_amount,
        }


def _note(kind: str, symbol: str, instrument: _Instrument) -> Described:
    return {"type": kind, "symbol": symbol, "ts_venue_ns": instrument.ts_ns}


def _event(record: Described) -> DepthEvent:
    """A perpetual's diff says which update it follows; a spot one follows the id before its own."""
    body: dict[str, Any] = record
    previous, last = body["previous_id"], body["last_id"]
    first = body["first_id"] if previous is None else min(previous + 1, last)
    bids, asks = _floats(body["bids"]), _floats(body["asks"])
    return DepthEvent((body["ts_venue_ns"] or 0) // 1_000_000, "", first, last, bids, asks)


def _snapshot(record: Described) -> DepthSnapshot:
    body: dict[str, Any] = record
    return DepthSnapshot(body["last_id"], _floats(body["bids"]), _floats(body["asks"]))


def _floats(levels: Iterable[tuple[Any, Any]]) -> list[tuple[float, float]]:
    return [(float(price), float(amount)) for price, amount in levels]
