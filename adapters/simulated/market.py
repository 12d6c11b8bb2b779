"""One instrument of the exchange: its engine, its tape and candles, and who listens.

Invariant: what listeners are told, in order, rebuilds the engine's book exactly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Protocol, final

import msgspec

from adapters.simulated.book import Event, LevelSet, OrderEvent, Trade
from adapters.simulated.candles import Candles
from adapters.simulated.matching import MatchingEngine
from bot3.domain.errors import ConfigError
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side, Symbol

_UNITS = 10**8
_NS_PER_MS = 1_000_000
_TEXTS_KEPT = 512
_BUY, _SELL = Side.BUY, Side.SELL  # looked up with every change of a book


@final
class Place(msgspec.Struct, frozen=True, gc=False):
    """An order of the market's own: `order_id` below zero, `owner` zero or below."""

    order_id: int
    owner: int
    side: Side
    lots: int
    price: int | None
    kind: OrderType = OrderType.LIMIT
    tif: TimeInForce = TimeInForce.GTC


@final
class Cancel(msgspec.Struct, frozen=True, gc=False):
    """Takes an order of the market's own off the book; one that is gone is no error."""

    order_id: int


Operation = Place | Cancel


class Print(msgspec.Struct, frozen=True, gc=False):
    """A trade on the public tape."""

    trade_id: int
    price: int
    lots: int
    is_buyer_maker: bool
    ts_ns: int


class Top(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask in ticks and lots; price zero where a side is empty."""

    bid: int
    bid_lots: int
    ask: int
    ask_lots: int


class PublicListener(Protocol):
    """Told what happens in a market, at once, in order. Must not trade from inside."""

    def traded(self, market: Market, trade: Print) -> None: ...

    def book_changed(self, market: Market, changes: Sequence[LevelSet], ts_ns: int) -> None: ...

    def top_changed(self, market: Market, top: Top, ts_ns: int) -> None: ...


@final
class Scale:
    """Ticks and lots to decimals and to the eight-decimal text of the wire."""

    def __init__(self, tick_size: Decimal, lot_size: Decimal) -> None:
        self.tick_size, self.lot_size = tick_size, lot_size
        self._tick_units = _whole_units("tick size", tick_size)
        self._lot_units = _whole_units("lot size", lot_size)
        # The best levels go out on several channels, again and again.
        self.plain_texts = lru_cache(_TEXTS_KEPT)(self._plain_texts)

    def price(self, ticks: int) -> Decimal:
        """Exact."""
        return self.tick_size * ticks

    def amount(self, lots: int) -> Decimal:
        """Exact."""
        return self.lot_size * lots

    def ticks(self, price: Decimal) -> int:
        """Of a price on the tick."""
        return int(price / self.tick_size)

    def lots(self, amount: Decimal) -> int:
        """Of an amount, rounded down."""
        return int(amount / self.lot_size)

    def level_texts(self, levels: Iterable[tuple[int, int]]) -> list[list[str]]:
        """[price, amount] of each (ticks, lots); the hot path of every depth frame."""
        tick, lot, one = self._tick_units, self._lot_units, _UNITS
        return [
            [
                f"{(price := ticks * tick) // one}.{price % one:08d}",
                f"{(amount := lots * lot) // one}.{amount % one:08d}",
            ]
            for ticks, lots in levels
        ]

    def price_text(self, ticks: int) -> str:
        """Eight decimals."""
        return _text(ticks * self._tick_units)

    def amount_text(self, lots: int) -> str:
        """Eight decimals."""
        return _text(lots * self._lot_units)

    def _plain_texts(self, ticks: int, lots: int) -> tuple[str, str]:
        """(price, amount) with no zeros at the end, as OKX and Bybit write them."""
        price, amount, one = ticks * self._tick_units, lots * self._lot_units, _UNITS
        return (
            f"{price // one}.{price % one:08d}".rstrip("0").rstrip("."),
            f"{amount // one}.{amount % one:08d}".rstrip("0").rstrip("."),
        )

    def value_text(self, value: int) -> str:
        """A sum of ticks x lots in quote asset, cut to eight decimals."""
        return _text(value * self._tick_units * self._lot_units // _UNITS)


def _text(units: int) -> str:
    return f"{units // _UNITS}.{units % _UNITS:08d}"


def _whole_units(name: str, size: Decimal) -> int:
    units = size * _UNITS
    if units <= 0 or units != int(units):
        raise ConfigError(f"{name} {size}: want a positive multiple of 0.00000001")
    return int(units)


@final
class Market:
    """One instrument."""

    def __init__(
        self, instrument: Instrument, *, first_id: int = 1, tape_length: int = 1_000
    ) -> None:
        self.instrument = instrument
        self.symbol: Symbol = instrument.id.symbol
        self.wire_symbol = f"{instrument.base}{instrument.quote}"
        self.scale = Scale(instrument.tick_size, instrument.lot_size)
        self.engine = MatchingEngine(first_update_id=first_id, first_trade_id=first_id)
        self.first_trade_id = first_id
        self.candles = Candles()
        self.tape: deque[Print] = deque(maxlen=tape_length)
        self.last_price = 0
        self.last_order_id = first_id - 1
        self._top = Top(0, 0, 0, 0)
        self._listeners: list[PublicListener] = []
        self._watchers: list[Callable[[Sequence[OrderEvent]], None]] = []

    def watch(self, watcher: Callable[[Sequence[OrderEvent]], None]) -> None:
        """Told what becomes of every order, with the owners: for those who make the market."""
        self._watchers.append(watcher)

    def show(self, events: Sequence[OrderEvent]) -> None:
        """To the watchers."""
        for watcher in self._watchers:
            watcher(events)

    def listen(self, listener: PublicListener) -> None:
        """From now on, until the market ends."""
        self._listeners.append(listener)

    def next_order_id(self) -> int:
        """Order ids count up per instrument."""
        self.last_order_id += 1
        return self.last_order_id

    def warm_up(
        self,
        ts_ns: int,
        price: int,
        lots: int,
        *,
        is_buyer_maker: bool,
        to_come: int | None = None,
    ) -> None:
        """A trade of the history: into the candles and the last price.

        With `to_come`, the number of those after it, onto the tape too: ids end where live ones
        begin.
        """
        trade_id = 0 if to_come is None else self.first_trade_id - to_come - 1
        if trade_id > 0:
            self.tape.append(Print(trade_id, price, lots, is_buyer_maker, ts_ns))
        self.last_price = price
        self.candles.record(ts_ns // _NS_PER_MS, price, lots, is_buyer_maker=is_buyer_maker)

    def apply(self, operations: Iterable[Operation]) -> list[Event]:
        """Into the engine, in this order; nothing is published yet."""
        engine, events = self.engine, list[Event]()
        for order in operations:
            if type(order) is Cancel:
                events += engine.cancel(order.order_id)
            else:
                events += engine.place(
                    order.order_id,
                    order.owner,
                    order.side,
                    order.lots,
                    order.price,
                    kind=order.kind,
                    tif=order.tif,
                )
        return events

    def print_trade(self, trade: Trade, ts_ns: int) -> None:
        """Onto the tape, into the candles, out to the listeners."""
        printed = Print(trade.trade_id, trade.price, trade.lots, trade.is_buyer_maker, ts_ns)
        self.tape.append(printed)
        self.last_price = trade.price
        self.candles.record(
            ts_ns // _NS_PER_MS,
            trade.price,
            trade.lots,
            trade.trade_id,
            is_buyer_maker=trade.is_buyer_maker,
        )
        for listener in self._listeners:
            listener.traded(self, printed)

    def publish_book(self, changes: Sequence[LevelSet], ts_ns: int) -> None:
        """The level changes of one instant, then the best prices if they are others now."""
        if not changes:
            return
        for listener in self._listeners:
            listener.book_changed(self, changes, ts_ns)
        top = self.top()
        if top != self._top:
            self._top = top
            for listener in self._listeners:
                listener.top_changed(self, top, ts_ns)

    def top(self) -> Top:
        """Best bid and ask now."""
        engine = self.engine
        return Top(*engine.best_level(_BUY), *engine.best_level(_SELL))

    def reference_price(self) -> int:
        """The last price, else the middle of the book, else zero: what is not yet known."""
        if self.last_price:
            return self.last_price
        top = self.top()
        return (top.bid + top.ask) // 2 if top.bid and top.ask else top.bid or top.ask
