"""Where to trade an amount: over venues by marginal price after fees and penalties.

Invariant: a plan never takes more of a level than rests there, more than a venue's balance pays, or
an order that its filters refuse; without lots and minimums it is the optimum of the linear program
(books are convex, so the cheapest next unit is always right).

Levels are floats as in the books; amounts are exact, by each venue's lot.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from bot3.domain.book import Level
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, Price, Quantity, Side, decimal_of, floor_to_step

BPS = Decimal(10_000)


@frozen(kw_only=True)
class VenueBook:
    """One venue's far side, best first, as of `age_s` ago.

    `funds` is what may be spent there: quote for a buy, base for a sell. `penalty_bps` is what its
    latency and its failures are expected to cost, see `penalty_of`; it ranks, and is not paid.
    `room` bounds the amount of base whatever it costs. An order that is to rest (`is_resting`) has
    one level, its own price, which takes any amount, and pays the maker's fee.
    """

    instrument: Instrument
    levels: Sequence[Level]
    funds: Decimal
    age_s: float = 0.0
    penalty_bps: float = 0.0
    room: Decimal | None = None
    is_resting: bool = False

    @property
    def fee_rate(self) -> Decimal:
        """Of the order's notional."""
        known = self.instrument
        return known.maker_fee_rate if self.is_resting else known.taker_fee_rate


@frozen
class Child:
    """One order of the plan: `limit` is the worst level that it reaches."""

    instrument: Instrument
    amount: Decimal
    limit: Price
    notional: Decimal
    fee: Decimal


@frozen
class Route:
    """A plan; `unrouted` found no book, no funds or no order large enough to send."""

    side: Side
    children: tuple[Child, ...]
    unrouted: Decimal

    @property
    def amount(self) -> Decimal:
        """What is routed."""
        return sum((child.amount for child in self.children), ZERO)

    @property
    def cost(self) -> Decimal:
        """Quote paid for a buy, or received for a sell, after fees."""
        return sum((child.notional + self.side.sign * child.fee for child in self.children), ZERO)


def penalty_of(
    latency_s: float, volatility_bps_per_root_s: float, failure_rate: float, retry_bps: float
) -> float:
    """In hundredths of a percent: the mean adverse move while the order is on its way (half of
    the mean of |N(0, v² t)|, which is v sqrt(t / 2 pi)), and the expected cost of sending it again.
    """
    drift: float = volatility_bps_per_root_s * (latency_s / (2 * math.pi)) ** 0.5
    return drift + failure_rate * retry_bps


# A venue's next level: its price for one unit all in, the venue and the level.
_Step = tuple[Decimal, int, int]


def route(
    side: Side, amount: Decimal, books: Sequence[VenueBook], *, stale_after_s: float = 2.0
) -> Route:
    """Splits `amount` of base. Books older than `stale_after_s` are left out.

    A child that is too small for its venue is given up, and its amount goes to the others.
    """
    usable = [book for book in books if book.age_s <= stale_after_s and book.instrument.is_trading]
    while True:
        shares = _merge(side, amount, usable)
        small = [at for at, share in enumerate(shares) if share.amount and _refused(share)]
        if not small:
            break
        worst = max(small, key=lambda at: _refusal_rank(shares[at]))
        usable = [book for at, book in enumerate(usable) if at != worst]
    children = tuple(_child(share) for share in shares if share.amount)
    return Route(side, children, amount - sum((child.amount for child in children), ZERO))


class _Share:
    """What one venue gets so far."""

    __slots__ = ("amount", "book", "limit", "notional", "spent")

    def __init__(self, book: VenueBook) -> None:
        self.book = book
        self.amount = self.notional = self.spent = self.limit = ZERO


def _merge(side: Side, amount: Decimal, books: Sequence[VenueBook]) -> list[_Share]:
    """The cheapest next lot, again and again: a heap of each venue's next level."""
    shares = [_Share(book) for book in books]
    heap = [_step(side, book, at, 0) for at, book in enumerate(books) if book.levels]
    heapq.heapify(heap)
    left = amount
    while heap and left > 0:
        _, venue, level = heapq.heappop(heap)
        share, book = shares[venue], books[venue]
        price, there = map(decimal_of, book.levels[level])
        part = _affordable(side, share, price, min(left, there))
        if part > 0:
            left -= part
            _give(side, share, price, part)
        level += 1
        if left > 0 and level < len(book.levels) and not _is_spent(side, share, price):
            heapq.heappush(heap, _step(side, book, venue, level))
    return shares


def _step(side: Side, book: VenueBook, venue: int, level: int) -> _Step:
    price = decimal_of(book.levels[level][0])
    rate = book.fee_rate + decimal_of(book.penalty_bps) / BPS
    return side.sign * price * (1 + side.sign * rate), venue, level


def _give(side: Side, share: _Share, price: Decimal, part: Decimal) -> None:
    share.amount += part
    share.notional += part * price
    share.spent += _unit_funds(side, share.book, price) * part
    share.limit = price


def _unit_funds(side: Side, book: VenueBook, price: Decimal) -> Decimal:
    """What one unit of base takes of the venue's funds."""
    return price * (1 + book.fee_rate) if side is Side.BUY else Decimal(1)


def _affordable(side: Side, share: _Share, price: Decimal, wanted: Decimal) -> Decimal:
    return floor_to_step(min(wanted, _left(side, share, price)), share.book.instrument.lot_size)


def _left(side: Side, share: _Share, price: Decimal) -> Decimal:
    """Base that funds and room still allow at this price."""
    funds, room = max(share.book.funds - share.spent, ZERO), share.book.room
    left = funds / _unit_funds(side, share.book, price)
    return left if room is None else min(left, max(room - share.amount, ZERO))


def _is_spent(side: Side, share: _Share, price: Decimal) -> bool:
    return _left(side, share, price) < share.book.instrument.lot_size


def _refused(share: _Share) -> bool:
    instrument = share.book.instrument
    limit = instrument.nearest_price(share.limit)
    return instrument.refusal_of(Quantity(share.amount), limit) is not None


def _refusal_rank(share: _Share) -> Decimal:
    """The smallest in notional goes first: the others may grow by what it had."""
    return -share.notional


def _child(share: _Share) -> Child:
    instrument = share.book.instrument
    return Child(
        instrument,
        share.amount,
        instrument.nearest_price(share.limit),
        share.notional,
        share.notional * share.book.fee_rate,
    )
