"""What the gate knows. Filled by events alone; nothing here is asked of anybody.

Invariant: an approved amount is counted exactly once, as an open order until its fill is a
position: both change in one step (`take_fill`), whatever the order in which news arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal

from attrs import Factory, define, field

from bot3.domain.account import Balance
from bot3.domain.book import Quote
from bot3.domain.ids import ClientOrderId
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent
from bot3.domain.values import (
    ZERO,
    Asset,
    InstrumentId,
    Price,
    Side,
    Symbol,
    VenueName,
    decimal_of,
)
from bot3.messages.account import ReconcileMismatch
from bot3.messages.control import StopHit, TradingHalted
from bot3.messages.risk import PairExamined
from bot3.portfolio.drawdown import DrawdownWatch
from bot3.portfolio.positions import base_and_quote
from bot3.portfolio.recovery import STOPS_KEPT
from bot3.portfolio.round_trips import RoundTrips

ONE = Decimal(1)


def _all(_key: InstrumentId) -> bool:
    return True


@define
class OpenOrder:
    """An approved order; `remaining` may still become a position.

    A fill binds `unit_cost` of `asset` for each unit of base: price and fee, or the unit itself.
    `raised` is the position that it adds to, None where it brings in the accounting currency.
    """

    intent: OrderIntent
    remaining: Decimal
    asset: Asset
    unit_cost: Decimal
    raised: InstrumentId | None
    filled: Decimal = ZERO
    is_closed: bool = False


@define
class QuoteSeen:
    """The last quote and when it reached us."""

    quote: Quote
    ts_local_ns: int
    is_sound: bool

    @property
    def mid(self) -> Decimal:
        """Zero of a crossed or senseless quote. Made when asked for: most quotes never are."""
        return _mid_of(self.quote) if self.is_sound else ZERO


@define
class OpenCircuit:
    """A venue that fails: entries are denied for `reason`, but for `probes` that may try."""

    reason: str
    probes: int = 0


@define
class RiskState:
    """The gate's picture of the world."""

    instruments: dict[InstrumentId, Instrument] = Factory(dict)
    quotes: dict[InstrumentId, QuoteSeen] = Factory(dict)
    sound_quotes: dict[InstrumentId, Quote] = Factory(dict)
    positions: dict[InstrumentId, Decimal] = Factory(dict)
    balances: dict[tuple[VenueName, Asset], Balance] = Factory(dict)
    orders: dict[ClientOrderId, OpenOrder] = Factory(dict)
    order_times_ns: dict[VenueName, deque[int]] = Factory(dict)
    venues_down: dict[VenueName, str] = Factory(dict)
    circuits: dict[VenueName, OpenCircuit] = Factory(dict)
    mismatches: dict[tuple[VenueName, Asset], ReconcileMismatch] = Factory(dict)
    watch: DrawdownWatch = field(factory=DrawdownWatch)
    entries: dict[InstrumentId, Decimal] = Factory(dict)
    stops: dict[Symbol, StopHit] = Factory(dict)
    stops_hit_ns: deque[int] = Factory(lambda: deque(maxlen=STOPS_KEPT))
    peaks: dict[Symbol, Decimal] = Factory(dict)
    trips: RoundTrips = Factory(RoundTrips)
    pairs: dict[InstrumentId, PairExamined] = Factory(dict)
    halted: TradingHalted | None = None
    last_intent_number: int = 0

    @property
    def halted_reason(self) -> str | None:
        """Of the halt that holds."""
        return None if self.halted is None else self.halted.reason

    @property
    def is_flattening(self) -> bool:
        """Whether what is held is being sold."""
        return self.halted is not None and self.halted.is_flattening

    def take_quote(self, instrument: InstrumentId, quote: Quote, ts_local_ns: int) -> None:
        """A crossed or senseless quote is kept as such, but never becomes a mark."""
        is_sound = 0 < quote.bid < quote.ask < 1e15
        if is_sound:
            self.sound_quotes[instrument] = quote
        self.quotes[instrument] = QuoteSeen(quote, ts_local_ns, is_sound)

    def mark(self, instrument: InstrumentId) -> Decimal | None:
        """The mid of the last sound quote."""
        quote = self.sound_quotes.get(instrument)
        return None if quote is None else _mid_of(quote)

    def take_order(self, intent: OrderIntent, now_ns: int) -> None:
        """An approved intent: it counts from now on, and an entry uses up a probe."""
        circuit = self.circuits.get(intent.instrument.venue)
        if circuit is not None and circuit.probes and not reduces(self, intent):
            circuit.probes -= 1
        self.count(intent, intent.amount.amount)
        self.order_times_ns.setdefault(intent.instrument.venue, deque()).append(now_ns)

    def count(self, intent: OrderIntent, remaining: Decimal, filled: Decimal = ZERO) -> None:
        """As an open order, `filled` of which is in the position already."""
        asset, unit_cost = self.cost_of(intent)
        order = OpenOrder(intent, remaining, asset, unit_cost, raised_by(intent), filled)
        self.orders[intent.client_order_id] = order
        self.last_intent_number = max(self.last_intent_number, intent.number)

    def cost_of(self, intent: OrderIntent) -> tuple[Asset, Decimal]:
        """The asset that a fill takes, and how much at most for a unit of base.

        A buy takes the higher fee too, which some venues charge in quote.
        """
        base, quote = base_and_quote(intent.instrument)
        if intent.side is Side.SELL:
            return base, ONE
        known = self.instruments.get(intent.instrument)
        rate = ZERO if known is None else max(known.maker_fee_rate, known.taker_fee_rate)
        return quote, intent.worst_price.amount * (1 + rate)

    def take_fill(self, order_id: ClientOrderId, amount: Decimal) -> None:
        """What became a position is no longer open."""
        if (order := self.orders.get(order_id)) is not None:
            order.filled += amount
            order.remaining = max(order.remaining - amount, ZERO)
            self._forget_if_done(order)

    def take_close(self, order_id: ClientOrderId, filled: Decimal) -> None:
        """The order is final with `filled` in all: fills not seen yet stay counted as open."""
        if (order := self.orders.get(order_id)) is not None:
            order.is_closed = True
            order.remaining = max(filled - order.filled, ZERO)
            self._forget_if_done(order)

    def _forget_if_done(self, order: OpenOrder) -> None:
        if order.is_closed and not order.remaining:
            del self.orders[order.intent.client_order_id]

    def open_orders(self, instrument: InstrumentId, side: Side) -> Iterator[OpenOrder]:
        """Our own open orders on one side."""
        for order in self.orders.values():
            if order.intent.instrument == instrument and order.intent.side is side:
                yield order

    def value_price(self, instrument: InstrumentId, price: Price | None = None) -> Decimal:
        """The price to value exposure at: the mark, or the order's own price where higher."""
        mark = self.mark(instrument) or ZERO
        return mark if price is None else max(mark, price.amount)

    def unit_value(self, intent: OrderIntent) -> Decimal:
        """A unit of its base in the accounting currency, at marks or its own price where higher."""
        value = self.value_price(intent.instrument, intent.worst_price)
        rate = intent.conversion
        if rate is None:
            return value
        home = rate.home(base_and_quote(intent.instrument)[0])
        return max(value * self.value_price(rate.instrument, rate.price), self.value_price(home))

    def exposure(self, instrument: InstrumentId) -> Decimal:
        """Position and what open orders add to it, in the accounting currency."""
        value = self.positions.get(instrument, ZERO) * self.value_price(instrument)
        for order in self.orders.values():
            if order.raised == instrument:
                value += order.remaining * self.unit_value(order.intent)
        return value

    def exposure_total(self, is_counted: Callable[[InstrumentId], bool] = _all) -> Decimal:
        """Over all instruments, or those that are counted."""
        raised = (order.raised for order in self.orders.values() if order.raised is not None)
        keys = {key for key in (*self.positions, *raised) if is_counted(key)}
        return sum((self.exposure(key) for key in keys), ZERO)

    def unpriced(self, is_counted: Callable[[InstrumentId], bool]) -> InstrumentId | None:
        """Something that is held and has no mark: one that has just begun knows no prices."""
        held = (key for key, amount in self.positions.items() if amount and is_counted(key))
        return next((key for key in held if key not in self.sound_quotes), None)

    def bound(self, venue: VenueName, asset: Asset) -> Decimal:
        """What our open orders may still take of an asset there."""
        return sum(
            (
                order.remaining * order.unit_cost
                for order in self.orders.values()
                if order.asset == asset and order.intent.instrument.venue == venue
            ),
            ZERO,
        )

    def available(self, venue: VenueName, asset: Asset) -> Decimal:
        """What an order may still bind: free, less our open orders that the venue may not hold yet.

        Their funds are in `held` once it does; taking them from the total is right either way.
        """
        balance = self.balances.get((venue, asset))
        if balance is None:
            return ZERO
        return min(balance.free, balance.total - self.bound(venue, asset))


def _mid_of(quote: Quote) -> Decimal:
    return (decimal_of(quote.bid) + decimal_of(quote.ask)) / 2


def reduces(state: RiskState, intent: OrderIntent) -> bool:
    """True where it says so and does: a sell that position less other open sells covers."""
    if not intent.is_reducing or intent.side is not Side.SELL:
        return False
    held = state.positions.get(intent.instrument, ZERO)
    base = base_and_quote(intent.instrument)[0]
    return intent.amount.amount <= held - state.bound(intent.instrument.venue, base)


def raised_by(intent: OrderIntent) -> InstrumentId | None:
    """The position that its fills add to; None where they bring in the accounting currency."""
    is_buy, rate = intent.side is Side.BUY, intent.conversion
    if rate is None:
        return intent.instrument if is_buy else None
    return rate.home(base_and_quote(intent.instrument)[0]) if is_buy else rate.instrument


def lowered_by(intent: OrderIntent) -> InstrumentId | None:
    """The position that its fills take from; None where they cost the accounting currency."""
    is_sell, rate = intent.side is Side.SELL, intent.conversion
    if rate is None:
        return intent.instrument if is_sell else None
    return rate.home(base_and_quote(intent.instrument)[0]) if is_sell else rate.instrument


def entered_by(intent: OrderIntent) -> InstrumentId:
    """Whose rules bind it: the position that it adds to, or the one that it closes."""
    return raised_by(intent) or intent.instrument
