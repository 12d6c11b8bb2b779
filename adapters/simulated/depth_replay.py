"""Replays a recorded order book: the engine's book is the recorded one, plus our own orders.

Recorded time runs `speed` times as fast as the exchange's clock; what the venue stamps is the
exchange's clock. Invariant: after a recorded book frame of update id u, the anonymous best bid and
ask are what the recorded bookTicker of the same u says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import final

from adapters.simulated.book import Event
from adapters.simulated.depth_file import (
    BookRecord,
    DepthFile,
    Record,
    TickerRecord,
    TradeRecord,
)
from adapters.simulated.exchange import Exchange
from adapters.simulated.liquidity import RecordedLiquidity
from bot3.domain.values import Side

_NS_PER_S = 1_000_000_000
_WARM_UP_MAX_NS = 120 * _NS_PER_S
_SIDES = (Side.BUY, Side.SELL)


def _nothing() -> None:
    """The default of `on_end`."""


@final
class DepthReplay:
    """Steps through a `DepthFile`; the first quarter of it, two minutes at most, is history."""

    def __init__(
        self,
        file: DepthFile,
        exchange: Exchange,
        *,
        start_ns: int,
        speed: float = 1.0,
        on_end: Callable[[], None] = _nothing,
    ) -> None:
        self._exchange = exchange
        self._market = exchange.market(file.symbol)
        self._liquidity = RecordedLiquidity(self._market.engine)
        self._tick, self._lot = file.tick, file.lot
        self._speed, self._on_end = speed, on_end
        self._records: Iterator[Record] = file.records()
        self._overlay: dict[tuple[Side, int], int] = {}
        self.book_id = -1
        self.is_over = False
        history_ns = min((file.last_ns - file.first_ns) // 4, _WARM_UP_MAX_NS)
        self._origin_ns = file.first_ns + history_ns
        self._start_ns = start_ns
        self._pending = next(self._records, None)
        self._warm_up()

    @property
    def next_ns(self) -> int | None:
        """When, on the exchange's clock, the next record is due; None at the end."""
        return None if self._pending is None else self._due_ns(self._pending)

    def step(self, now_ns: int) -> None:
        """Applies every record that is due."""
        while self._pending is not None and self._due_ns(self._pending) <= now_ns:
            record = self._pending
            self._pending = next(self._records, None)
            self._exchange.process(self._market, self._apply(record))
        if self._pending is None and not self.is_over:
            self.is_over = True
            self._on_end()

    def _due_ns(self, record: Record) -> int:
        return self._start_ns + int((record.ts_ns - self._origin_ns) / self._speed)

    def _warm_up(self) -> None:
        while self._pending is not None and self._pending.ts_ns < self._origin_ns:
            record = self._pending
            self._pending = next(self._records, None)
            if isinstance(record, TradeRecord):
                price, lots = self._ticks(record.price), self._lots(record.amount)
                due_ns, is_sell = self._due_ns(record), record.is_buyer_maker
                self._market.warm_up(due_ns, price, max(lots, 1), is_buyer_maker=is_sell)
            else:
                self._exchange.process(self._market, self._apply(record))

    def _apply(self, record: Record) -> list[Event]:
        if isinstance(record, TradeRecord):
            price, lots = self._ticks(record.price), max(self._lots(record.amount), 1)
            return self._liquidity.print_trade(price, lots, is_buyer_maker=record.is_buyer_maker)
        if record.update_id <= self.book_id:
            return []
        if isinstance(record, TickerRecord):
            return self._quote(record)
        self.book_id = record.update_id
        return self._book(record)

    def _book(self, record: BookRecord) -> list[Event]:
        """Absolute levels, after what the tickers changed in between is taken back: a level that
        came and went within one frame is not in it.
        """
        changes = self._overlay
        self._overlay = {}
        if record.is_snapshot:
            changes = {(side, ticks): 0 for side in _SIDES for ticks in self._anonymous(side)}
        for side, levels in zip(_SIDES, (record.bids, record.asks), strict=True):
            for price, amount in levels:
                changes[side, self._ticks(price)] = self._lots(amount)
        return self._set_levels(changes)

    def _quote(self, record: TickerRecord) -> list[Event]:
        """The best prices between two book frames: whatever is better than them is gone."""
        changes: dict[tuple[Side, int], int] = {}
        for side, (price, amount) in zip(_SIDES, (record.bid, record.ask), strict=True):
            best = self._ticks(price)
            for there in self._market.engine.prices(side):
                if (there - best) * side.sign <= 0:
                    break
                changes[side, there] = 0
            changes[side, best] = self._lots(amount)
        for side, ticks in changes:
            if (side, ticks) not in self._overlay:
                self._overlay[side, ticks] = self._liquidity.lots_at(side, ticks)
        return self._set_levels(changes)

    def _set_levels(self, changes: dict[tuple[Side, int], int]) -> list[Event]:
        """What goes goes first, so that nothing new meets what is old."""
        events: list[Event] = []
        for (side, ticks), lots in sorted(changes.items(), key=lambda change: change[1] > 0):
            events += self._liquidity.set_level(side, ticks, lots)
        return events

    def _anonymous(self, side: Side) -> list[int]:
        prices = self._market.engine.prices(side)
        return [ticks for ticks in prices if self._liquidity.lots_at(side, ticks)]

    def _ticks(self, price: int) -> int:
        return round(price / self._tick)

    def _lots(self, amount: int) -> int:
        return amount // self._lot
