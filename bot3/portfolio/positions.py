"""Positions from fills alone: amount, average entry price, realized profit, fees.

Invariant: a position is the sum of its fills, and of the parts of cross symbols' fills that are
its, less the fees charged in the base asset; each trade id counts once;
`realized + (position * mark - cost)` equals the cash flow of the fills plus the position at that
mark, exactly, while its figures fit the 28 digits of a decimal.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import final

from attrs import frozen

from bot3.domain.fill import Fill
from bot3.domain.ids import ADOPTED_BALANCE, ClientOrderId, parse_client_order_id
from bot3.domain.values import ZERO, Asset, InstrumentId, Price

# Cost is split at this step, so that sums of costs stay exact in 28 digits.
_COST_STEP = Decimal("1E-12")
# Venues pay in whole units of the eighth digit, each by a rule of its own.
_PAID_STEP = Decimal("1E-8")


def base_and_quote(instrument: InstrumentId) -> tuple[Asset, Asset]:
    """The two assets of a symbol that reads `BTC/USDT`; raises `ValueError` for another form."""
    base, slash, quote = instrument.symbol.partition("/")
    if not (base and slash and quote):
        raise ValueError(f"symbol {instrument.symbol!r}: want BASE/QUOTE")
    return Asset(base), Asset(quote)


@frozen
class Position:
    """One instrument. `cost` is what the open amount cost, of the position's sign."""

    amount: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO

    @property
    def average_price(self) -> Price | None:
        """Average entry price of what is open, None while flat."""
        entry = self.cost / self.amount if self.amount else ZERO
        return Price(entry) if entry > 0 else None

    def unrealized(self, mark: Decimal) -> Decimal:
        """Profit of the open amount at a price, in the quote asset."""
        return self.amount * mark - self.cost

    def trade(self, signed: Decimal, price: Decimal, paid: Decimal = ZERO) -> Position:
        """After `signed` base at `price`: adds at cost, or realizes by average cost, or flips; what
        was `paid` for it in the quote asset is realized.
        """
        if signed == 0:
            return self
        if self.amount * signed >= 0:
            cost = self.cost + signed * price
            return Position(self.amount + signed, cost, self.realized - paid)
        if abs(signed) > abs(self.amount):
            return self.trade(-self.amount, price).trade(signed + self.amount, price, paid)
        share = self.cost * -signed / self.amount
        taken = self.cost if signed == -self.amount else share.quantize(_COST_STEP, ROUND_HALF_EVEN)
        return Position(
            amount=self.amount + signed,
            cost=self.cost - taken,
            realized=self.realized - signed * price - taken - paid,
        )


FLAT = Position()


def after_fill(position: Position, fill: Fill) -> Position:
    """A fee in base leaves the position and is realized at the fill's price; one in quote is
    realized; one in a third asset is none of the position's business.
    """
    base, quote = base_and_quote(fill.instrument)
    price = fill.price.amount
    signed = fill.side.sign * fill.amount.amount
    if fill.fee_asset == base:
        return position.trade(signed, price).trade(-fill.fee, price, fill.fee * price)
    return position.trade(signed, price, fill.fee if fill.fee_asset == quote else ZERO)


@final
class PositionTracker:
    """Every instrument's position. Trade ids are kept for ever: forgetting one counts it twice."""

    __slots__ = ("_adopted", "_fees", "_positions", "_rounded", "_trade_ids")

    def __init__(self, like: PositionTracker | None = None) -> None:
        """Empty, or with the past of another one: two actors never share a tracker."""
        self._positions = {} if like is None else like.positions()
        self._trade_ids = {} if like is None else like.trade_ids()
        self._fees = {} if like is None else like.fees()
        self._adopted: set[str] = set() if like is None else like.adopted()
        self._rounded = {} if like is None else like.roundings()

    def apply(self, fill: Fill) -> bool:
        """Counts a fill; False where its trade id was counted before."""
        seen = self._trade_ids.setdefault(fill.instrument, set())
        if fill.trade_id in seen:
            return False
        seen.add(fill.trade_id)
        for part in fill.parts:
            key = part.instrument
            self._positions[key] = after_fill(self.position(key), part)
            if fill.conversion is not None and part.amount.amount % _PAID_STEP:
                self._rounded[key] = self.rounded(key) + _PAID_STEP
        self._fees[fill.fee_asset] = self._fees.get(fill.fee_asset, ZERO) + fill.fee
        return True

    def adopt(self, client_order_id: ClientOrderId) -> None:
        """A foreign order is ours from now on."""
        self._adopted.add(client_order_id)

    def owns(self, client_order_id: ClientOrderId) -> bool:
        """Whether a fill of this order changes our position."""
        is_own = parse_client_order_id(client_order_id) is not None
        return is_own or client_order_id in self._adopted or client_order_id == ADOPTED_BALANCE

    def adopted(self) -> set[str]:
        """Foreign orders that are ours."""
        return set(self._adopted)

    def adoptions(self, instrument: InstrumentId) -> int:
        """How often coins of the account became our position."""
        ids = self._trade_ids.get(instrument, ())
        return sum(trade_id.startswith(ADOPTED_BALANCE) for trade_id in ids)

    def has(self, fill: Fill) -> bool:
        """Whether its trade id was counted."""
        return fill.trade_id in self._trade_ids.get(fill.instrument, ())

    def rounded(self, instrument: InstrumentId) -> Decimal:
        """By how much a venue may hold more or less than the fills of cross symbols sum to."""
        return self._rounded.get(instrument, ZERO)

    def roundings(self) -> dict[InstrumentId, Decimal]:
        """Of every instrument that has any, see `rounded`."""
        return dict(self._rounded)

    def position(self, instrument: InstrumentId) -> Position:
        """Flat where nothing was traded."""
        return self._positions.get(instrument, FLAT)

    def positions(self) -> dict[InstrumentId, Position]:
        """All that were ever traded."""
        return dict(self._positions)

    def fees(self) -> dict[Asset, Decimal]:
        """Fees paid, by the asset charged; a rebate is negative."""
        return dict(self._fees)

    def trade_ids(self) -> dict[InstrumentId, set[str]]:
        """Every trade id counted."""
        return {instrument: set(ids) for instrument, ids in self._trade_ids.items()}
