"""Recorded order books: lines of `<local receive ns> <frame>` as Binance's streams send them.

Frames are depthUpdate, bookTicker, trade (or aggTrade) and a REST depth snapshot.
Invariant: every record that is handed out was checked: its time, its prices, its amounts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
from attrs import frozen

from adapters.simulated.recorded_bytes import lines_of
from adapters.simulated.symbols import split_symbol, symbol_in_name
from bot3.domain.errors import DataError
from bot3.domain.values import Symbol

UNITS = 100_000_000
_READ_WHOLE_BYTES = 50_000_000
_TEXTS_KEPT: Final = 100_000
_SAMPLE_LINES = 20_000

Levels = list[tuple[int, int]]
_RawLevels = list[tuple[str, str]]


class _Data(msgspec.Struct):
    e: str = ""
    s: str = ""
    u: int = -1
    b: str | int | _RawLevels = ""
    a: str | int | _RawLevels = ""
    B: str | int = ""
    A: str | int = ""
    p: str = ""
    q: str = ""
    m: bool = False


class _Frame(_Data):
    stream: str = ""
    data: _Data | None = None
    last_update_id: int = msgspec.field(default=-1, name="lastUpdateId")
    bids: _RawLevels = []
    asks: _RawLevels = []


class BookRecord(msgspec.Struct, frozen=True):
    """Absolute levels in units of 1e-8; a snapshot forgets what is not in it."""

    ts_ns: int
    update_id: int
    bids: Levels
    asks: Levels
    is_snapshot: bool


class TickerRecord(msgspec.Struct, frozen=True):
    """Best bid and ask as (price, amount) in units of 1e-8."""

    ts_ns: int
    update_id: int
    bid: tuple[int, int]
    ask: tuple[int, int]


class TradeRecord(msgspec.Struct, frozen=True):
    """A trade in units of 1e-8."""

    ts_ns: int
    price: int
    amount: int
    is_buyer_maker: bool
    is_aggregate: bool


Record = BookRecord | TickerRecord | TradeRecord


@frozen
class DepthFile:
    """What was found by looking through the file; `tick` and `lot` in units of 1e-8."""

    path: Path
    symbol: Symbol
    tick: int
    lot: int
    first_ns: int
    last_ns: int
    counts: dict[str, int]

    def records(self) -> Iterator[Record]:
        """Every record in order; aggregate trades only where there are no single ones."""
        has_trades = bool(self.counts.get("trade"))
        for record, _ in _records(self.path):
            is_aggregate = isinstance(record, TradeRecord) and record.is_aggregate
            if not (is_aggregate and has_trades):
                yield record


def read_depth(path: Path, symbol: Symbol | None = None) -> DepthFile:
    """Looks through the file (the whole of it under 50 MB); raises `DataError`."""
    counts: Counter[str] = Counter()
    found: Symbol | None = symbol
    first_ns = last_ns = tick = lot = 0
    limit = None if _size(path) < _READ_WHOLE_BYTES else _SAMPLE_LINES
    for record, name in _records(path):
        counts[_kind(record)] += 1
        first_ns = first_ns or record.ts_ns
        last_ns = record.ts_ns
        tick, lot = _measure(record, tick, lot)
        found = found or split_symbol(name)
        if limit is not None and counts.total() >= limit:
            break
    if not counts:
        raise DataError(f"{path}: the file is empty; record or download it again")
    if not (counts["snapshot"] or counts["bookTicker"]):
        raise DataError(
            f"{path}: neither a book snapshot (lastUpdateId) nor a bookTicker is in it, so the "
            "best prices are not known; record with one of them"
        )
    found = found or symbol_in_name(path.name)
    if found is None:
        raise DataError(f"{path}: cannot tell its instrument; give the symbol")
    return DepthFile(path, found, _step(tick), _step(lot), first_ns, last_ns, dict(counts))


def _records(path: Path) -> Iterator[tuple[Record, str]]:
    decoder = msgspec.json.Decoder(_Frame)
    before_ns = 0
    for number, line in lines_of(path):
        stamp, _, text = line.partition(b" ")
        try:
            ts_ns = int(stamp)
            frame = decoder.decode(text)
            record = _record(ts_ns, frame)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{path}: line {number}: {error}; want `<nanoseconds> <JSON frame>`: the file was "
                "cut or is of another kind"
            ) from error
        if ts_ns < before_ns:
            raise DataError(
                f"{path}: line {number}: its time {ts_ns} is before the line above; sort the file"
            )
        before_ns = ts_ns
        if record is not None:
            yield record, frame.data.s if frame.data else frame.s


def _record(ts_ns: int, frame: _Frame) -> Record | None:
    if frame.last_update_id >= 0:
        bids, asks = _levels(frame.bids), _levels(frame.asks)
        return BookRecord(ts_ns, frame.last_update_id, bids, asks, is_snapshot=True)
    data: _Data = frame.data if frame.data is not None else frame
    if data.e == "depthUpdate":
        return BookRecord(ts_ns, data.u, _levels(data.b), _levels(data.a), is_snapshot=False)
    if data.e in {"trade", "aggTrade"}:
        price, amount = _units(data.p), _units(data.q)
        is_right = price > 0 and amount > 0
        _check(f"trade of {data.q} at {data.p} is not positive", is_right=is_right)
        return TradeRecord(ts_ns, price, amount, data.m, is_aggregate=data.e == "aggTrade")
    if data.e in {"", "bookTicker"} and data.B and data.A:
        bid, ask = (_units(data.b), _units(data.B)), (_units(data.a), _units(data.A))
        is_right = 0 < bid[0] < ask[0]
        _check(f"bid {data.b} and ask {data.a} are not a market", is_right=is_right)
        return TickerRecord(ts_ns, data.u, bid, ask)
    _check("no frame that is known", is_right=bool(data.e or frame.stream))
    return None


def _levels(raw: object) -> Levels:
    if not isinstance(raw, list):
        raise TypeError("levels are not a list")
    levels = [(_units(price), _units(amount)) for price, amount in raw]
    for price, amount in levels:
        if price <= 0 or amount < 0:
            raise ValueError(f"level {price / UNITS}: price not positive")
    return levels


def _units(text: object) -> int:
    """A decimal text in units of 1e-8, exactly; raises `ValueError`."""
    return _exact(str(text))


@lru_cache(maxsize=_TEXTS_KEPT)
def _exact(text: str) -> int:
    """Most prices, and many amounts, come again and again."""
    whole, _, part = text.partition(".")
    if not whole.isdecimal() or len(part) > 8 or (part and not part.isdecimal()):
        raise ValueError(f"{text[:40]!r} is not a decimal number")
    return int(whole + part.ljust(8, "0"))


def _check(problem: str, *, is_right: bool) -> None:
    if not is_right:
        raise ValueError(problem)


def _kind(record: Record) -> str:
    if isinstance(record, BookRecord):
        return "snapshot" if record.is_snapshot else "depthUpdate"
    if isinstance(record, TickerRecord):
        return "bookTicker"
    return "aggTrade" if record.is_aggregate else "trade"


def _measure(record: Record, tick: int, lot: int) -> tuple[int, int]:
    if isinstance(record, BookRecord):
        for price, amount in (*record.bids, *record.asks):
            tick, lot = math.gcd(tick, price), math.gcd(lot, amount)
    elif isinstance(record, TradeRecord):
        tick, lot = math.gcd(tick, record.price), math.gcd(lot, record.amount)
    else:
        for price, amount in (record.bid, record.ask):
            tick, lot = math.gcd(tick, price), math.gcd(lot, amount)
    return tick, lot


def _step(divisor: int) -> int:
    """The largest power of ten that divides it: what prices or amounts are multiples of."""
    step = 1
    while divisor and divisor % (step * 10) == 0:
        step *= 10
    return step


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; check the path") from error
