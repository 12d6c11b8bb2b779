"""Orders in a recorded order book: late by a latency, at the end of their queue, filled in parts.

A strategy sees the best prices after every event and wishes for one order at a time. The order
reaches the book `latency_ns` later; one that crosses takes what is there, level by level, one that
does not waits its turn behind what rests before it (`bot3.execution.fill_model`).

Invariant: nothing is filled at a mid; every order goes through its whole state machine; what rests
is filled by trades and books that reach it, and by nothing else; cash and holding are never
negative, but for funding that is owed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from statistics import fmean
from typing import Final, NamedTuple, final

from attrs import define, frozen

from bot3.backtest.book_events import BookStrategy, MarketEvent, TradeEvent, Wish
from bot3.backtest.funding import Funding, FundingFlow
from bot3.backtest.marks import Marks
from bot3.backtest.settings import LIFETIME_NS, VENUE, BacktestSettings
from bot3.domain.book import Book, Quote
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import RunId, client_order_id
from bot3.domain.order import Order, OrderInput, OrderIntent, OrderType, TimeInForce
from bot3.domain.values import (
    ZERO,
    Asset,
    InstrumentId,
    Price,
    Quantity,
    Side,
    Symbol,
    decimal_of,
    floor_to_step,
)
from bot3.execution.fill_model import Execution, FillModel, FillSettings

_RUN: Final = RunId("backtest")
_NS_PER_S: Final = 1_000_000_000
SAMPLE_NS: Final = _NS_PER_S
_WATCHED_NS: Final = 2 * _NS_PER_S


@define
class _Working:
    order: Order
    arrives_ns: int
    patience_ns: int
    ends_ns: int = 0  # when the cancel is there; 0 while it has not arrived itself


class Mark(NamedTuple):
    """An account at a time: `bid` is what its holding is marked at."""

    ts_ns: int
    cash: float
    held: float
    bid: float
    ask: float


@frozen(eq=False)
class BookRun:
    """`rested`: orders that came to rest, `rested_filled` those of them that were filled at all;
    `adverse_bps`: how far the mid was from a resting buy's price two seconds after its fill, on
    average, negative against us. `funding`: what was paid on balance. `marks`: once a second, and
    at the first and last; with the bid.
    """

    fills: tuple[Fill, ...]
    marks: Marks
    first: Mark
    last: Mark
    events: int
    orders: int
    rested: int
    rested_filled: int
    adverse_bps: float | None
    funding: float


@final
class BookBacktest:
    """One instrument. `lot_size`: amounts are multiples of it."""

    def __init__(
        self,
        symbol: str,
        lot_size: Decimal,
        settings: BacktestSettings,
        fills: FillSettings,
        funding: Funding | None = None,
    ) -> None:
        base, _, quote = symbol.partition("/")
        self._instrument = InstrumentId(VENUE, Symbol(f"{base or 'BASE'}/{quote or 'QUOTE'}"))
        self._quote_asset = Asset(quote or "QUOTE")
        self._lot, self._settings = lot_size, settings
        self._latency_ns = round(settings.latency_s * _NS_PER_S)
        self._model, self._book = FillModel(fills, lot_size), Book()
        self._cash, self._held = decimal_of(settings.cash), ZERO
        self._fee = decimal_of(settings.fee)
        self._funding, self._paid = FundingFlow(funding or Funding()), 0.0
        self._working: _Working | None = None
        self._fills: list[Fill] = []
        self._marks = Marks(settings.cash, 1)
        self._first: Mark | None = None
        self._last: Mark | None = None  # is marked once a second is over
        self._rested: set[str] = set()
        self._watched: deque[tuple[int, float]] = deque()
        self._moves: list[float] = []
        self._number = self._events = 0

    def run(self, strategy: BookStrategy, events: Iterable[MarketEvent]) -> BookRun:
        """From the first whole book to the last event."""
        for event in events:
            self._events += 1
            self._settle(event.ts_ns)
            self._arrive(event.ts_ns)
            self._follow(event)
            quote = self._book.quote()
            if quote is None or quote.is_crossed:
                continue
            self._mark(event.ts_ns, quote)
            self._watch(event.ts_ns, quote)
            if self._working is None:
                wish = strategy.decide(event.ts_ns, quote, self._held, self._cash)
                if wish is not None:
                    self._send(wish, event.ts_ns, quote)
        if self._first is None or self._last is None:
            raise ValueError("no whole book is in it (a depth snapshot): record with one")
        self._keep(self._last)
        filled = {fill.client_order_id for fill in self._fills}
        return BookRun(
            tuple(self._fills),
            self._marks,
            self._first,
            self._last,
            self._events,
            self._number,
            len(self._rested),
            len(self._rested & filled),
            fmean(self._moves) if self._moves else None,
            self._paid,
        )

    def _settle(self, now_ns: int) -> None:
        """Funding whose time has come, of what was held, at the mid before."""
        rate, quote = self._funding.until(now_ns), self._book.quote()
        if rate and quote is not None:
            paid = decimal_of(float(self._held) * quote.mid * rate)
            self._cash -= paid
            self._paid += float(paid)

    def _follow(self, event: MarketEvent) -> None:
        if isinstance(event, TradeEvent):
            found = self._model.trade(event.price, event.amount, event.aggressor)
        elif event.is_snapshot:
            self._book.replace(event.bids, event.asks)
            found = self._model.replace(event.bids, event.asks)
        else:
            self._book.change(event.bids, event.asks)
            found = self._model.change(event.bids, event.asks)
        self._fill(found, event.ts_ns)

    def _send(self, wish: Wish, now_ns: int, quote: Quote) -> None:
        amount = floor_to_step(min(wish.amount, self._affordable(wish, quote)), self._lot)
        if amount <= 0:
            return
        self._number += 1
        is_market = wish.price is None
        reference = quote.ask if wish.side is Side.BUY else quote.bid
        intent = OrderIntent(
            number=self._number,
            client_order_id=client_order_id(_RUN, self._number),
            instrument=self._instrument,
            side=wish.side,
            order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
            time_in_force=TimeInForce.IOC if is_market else TimeInForce.GTC,
            amount=Quantity(amount),
            price=None if wish.price is None else Price(wish.price),
            reference_price=Price(decimal_of(reference)),
            strategy="backtest",
            created_ns=now_ns,
            deadline_ns=now_ns + LIFETIME_NS,
            is_reducing=wish.side is Side.SELL,
        )
        order = Order(intent).move(OrderInput.SEND)
        self._working = _Working(order, now_ns + self._latency_ns, wish.patience_ns)

    def _affordable(self, wish: Wish, quote: Quote) -> Decimal:
        """What is held, or what the cash buys with its fee."""
        if wish.side is Side.SELL:
            return self._held
        price = decimal_of(quote.ask) if wish.price is None else wish.price
        return self._cash / (price * (1 + self._fee))

    def _arrive(self, now_ns: int) -> None:
        """What was on its way is there: the order, later its cancel."""
        working = self._working
        if working is None:
            return
        if not working.ends_ns and working.arrives_ns <= now_ns:
            self._meet(working, working.arrives_ns)
        if self._working is not None and working.ends_ns and working.ends_ns <= now_ns:
            self._model.remove(working.order.intent.client_order_id)
            self._end(working, OrderInput.CANCEL)

    def _meet(self, working: _Working, at_ns: int) -> None:
        intent = working.order.intent
        working.order = working.order.move(OrderInput.ACKNOWLEDGE)
        price = None if intent.price is None else intent.price.amount
        if price is None or self._model.crosses(intent.side, price):
            found = self._model.take(
                intent.client_order_id, intent.side, self._worst(intent), intent.amount.amount
            )
            self._fill(found, at_ns)
        if self._working is None:
            return
        if price is None:
            self._end(working, OrderInput.EXPIRE)
            return
        # A cancel is sent so long after the order, and is as late as the order was.
        working.ends_ns = at_ns + working.patience_ns
        self._rested.add(intent.client_order_id)
        left = working.order.remaining.amount
        self._model.rest(intent.client_order_id, intent.side, price, left)

    def _worst(self, intent: OrderIntent) -> Decimal | None:
        """Its limit; of a buy without one the price up to which the cash lasts."""
        if intent.price is not None:
            return intent.price.amount
        if intent.side is Side.SELL:
            return None
        return self._cash / (intent.amount.amount * (1 + self._fee))

    def _end(self, working: _Working, given: OrderInput) -> None:
        working.order = working.order.move(given)
        assert working.order.status.is_final
        self._working = None

    def _fill(self, found: Iterable[Execution], now_ns: int) -> None:
        for each in found:
            working = self._working
            assert working is not None
            cost = each.price * each.amount
            fill = Fill(
                str(len(self._fills) + 1),
                each.client_order_id,
                each.client_order_id,
                self._instrument,
                working.order.intent.side,
                Price(each.price),
                Quantity(each.amount),
                cost * self._fee,
                self._quote_asset,
                each.liquidity,
                now_ns,
                now_ns,
            )
            working.order = working.order.fill(fill)
            self._fills.append(fill)
            sign = working.order.intent.side.sign
            if each.liquidity is Liquidity.MAKER and sign > 0:
                self._watched.append((now_ns + _WATCHED_NS, float(each.price)))
            self._held += sign * each.amount
            self._cash -= sign * cost + fill.fee
            if working.order.status.is_final:
                self._working = None

    def _mark(self, now_ns: int, quote: Quote) -> None:
        mark = Mark(now_ns, float(self._cash), float(self._held), quote.bid, quote.ask)
        if self._last is None:
            self._first = mark
        elif now_ns - self._marks.last_ns >= SAMPLE_NS:
            self._keep(self._last)
        self._last = mark

    def _keep(self, mark: Mark) -> None:
        worth = mark.held * mark.bid
        self._marks.mark(mark.ts_ns, mark.cash + worth, worth, mark.bid)

    def _watch(self, now_ns: int, quote: Quote) -> None:
        """Where the middle of bid and ask is two seconds after a resting buy was filled."""
        while self._watched and self._watched[0][0] <= now_ns:
            _, price = self._watched.popleft()
            self._moves.append((quote.mid / price - 1.0) * 1e4)
