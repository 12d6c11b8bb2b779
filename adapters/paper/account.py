"""The paper account: balances, orders and fills, kept in a file beside the journal.

Invariant: free and held are never below zero; what is in the file is what was told to anybody. A
file is replaced whole, so a process that is killed leaves the old one or the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import final

import msgspec

from bot3.domain.account import Balance
from bot3.domain.errors import DataError, OrderRejectedError, UnavailableError
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, OrderStatus
from bot3.domain.values import ZERO, Asset, Price, Quantity, Side, VenueName
from bot3.execution.fill_model import Execution
from bot3.messages.orders import VenueOrder

KEPT = 1_000  # final orders and fills


class PaperOrder(msgspec.Struct):
    """One order; `held` of the quote (BUY) or base (SELL) is bound for its rest."""

    intent: OrderIntent
    venue_order_id: str
    status: OrderStatus
    filled: Decimal
    held: Decimal
    ts_ns: int

    @property
    def remaining(self) -> Decimal:
        """Of its amount."""
        return self.intent.amount.amount - self.filled

    def shown(self) -> VenueOrder:
        """As a venue would report it."""
        intent = self.intent
        return VenueOrder(
            intent.client_order_id,
            self.venue_order_id,
            intent.instrument,
            intent.side,
            self.status,
            intent.amount,
            Quantity(self.filled),
            intent.price,
            self.ts_ns,
        )


class _State(msgspec.Struct):
    """The file."""

    version: int
    orders_made: int
    fills_made: int
    free: dict[str, Decimal]
    held: dict[str, Decimal]
    orders: dict[str, PaperOrder]
    fills: list[Fill]


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(_State)


@final
class PaperAccount:
    """Opens the file or begins with `funding`; raises `DataError` for one that is damaged. Without
    a path it lives in memory alone.

    Orders that rested when the process ended are cancelled: nobody watched the market for them.
    """

    def __init__(
        self, venue: VenueName, path: Path | None, funding: Mapping[Asset, Decimal], now_ns: int
    ) -> None:
        self.venue = venue
        self._path = path
        self._state = self._read() or _State(
            1, 0, 0, {str(asset): amount for asset, amount in funding.items()}, {}, {}, []
        )
        for order in self.open_orders():
            self.end(order, OrderStatus.CANCELED, now_ns)

    def _read(self) -> _State | None:
        if self._path is None:
            return None
        try:
            return _decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise DataError(
                f"paper account {self._path}: {error}: restore it from a copy, or move it and the"
                " journal away to begin anew"
            ) from None

    def save(self) -> None:
        """Raises `UnavailableError`."""
        while len(self._state.orders) > KEPT:
            oldest = next((k for k, o in self._state.orders.items() if o.status.is_final), None)
            if oldest is None:
                break
            del self._state.orders[oldest]
        del self._state.fills[:-KEPT]
        if self._path is None:
            return
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(_encode(self._state))
            fresh.replace(self._path)
        except OSError as error:
            raise UnavailableError(
                f"paper account {self._path}: cannot be written ({error.strerror}):"
                " free the disk, check its rights"
            ) from None

    def balances(self, assets: Iterable[Asset] = ()) -> list[Balance]:
        """All, or those of these assets."""
        held, free = self._state.held, self._state.free
        wanted = tuple(assets) or tuple(Asset(each) for each in {**free, **held})
        return [
            Balance(self.venue, asset, free.get(asset, ZERO), held.get(asset, ZERO))
            for asset in wanted
        ]

    def order(self, client_order_id: str) -> PaperOrder | None:
        """None for one that never was, or is forgotten."""
        return self._state.orders.get(client_order_id)

    def open_orders(self) -> list[PaperOrder]:
        """Those that rest."""
        return [each for each in self._state.orders.values() if not each.status.is_final]

    def fills(self) -> list[Fill]:
        """The last ones, oldest first."""
        return self._state.fills

    def open(self, intent: OrderIntent, instrument: Instrument, now_ns: int) -> PaperOrder:
        """Holds what it needs; raises `OrderRejectedError`."""
        if intent.client_order_id in self._state.orders:
            raise OrderRejectedError("paper", "duplicate client order id")
        is_buy = intent.side is Side.BUY
        asset = instrument.quote if is_buy else instrument.base
        needed = intent.notional.amount if is_buy else intent.amount.amount
        free = self._state.free.get(asset, ZERO)
        if needed > free:
            raise OrderRejectedError("paper", f"insufficient balance: {free} {asset} free")
        self._state.free[asset] = free - needed
        self._state.held[asset] = self._state.held.get(asset, ZERO) + needed
        self._state.orders_made += 1
        number = f"p{self._state.orders_made}"
        order = PaperOrder(intent, number, OrderStatus.OPEN, ZERO, needed, now_ns)
        self._state.orders[intent.client_order_id] = order
        return order

    def fill(
        self, order: PaperOrder, execution: Execution, instrument: Instrument, now_ns: int
    ) -> Fill:
        """Pays and receives; the fee is of what is received."""
        amount, notional = execution.amount, execution.amount * execution.price
        is_buy = order.intent.side is Side.BUY
        base, quote = instrument.base, instrument.quote
        paid, got = (quote, base) if is_buy else (base, quote)
        cost, gain = (notional, amount) if is_buy else (amount, notional)
        is_maker = execution.liquidity is Liquidity.MAKER
        fee = gain * (instrument.maker_fee_rate if is_maker else instrument.taker_fee_rate)
        bound = amount * order.intent.worst_price.amount if is_buy else amount
        order.held -= bound
        self._move(paid, free=bound - cost, held=-bound)
        self._move(got, free=gain - fee)
        order.filled += amount
        order.status = OrderStatus.PARTIALLY_FILLED if order.remaining else OrderStatus.FILLED
        order.ts_ns = now_ns
        self._state.fills_made += 1
        made = Fill(
            trade_id=f"p{self._state.fills_made}",
            client_order_id=order.intent.client_order_id,
            venue_order_id=order.venue_order_id,
            instrument=order.intent.instrument,
            side=order.intent.side,
            price=Price(execution.price),
            amount=Quantity(amount),
            fee=fee,
            fee_asset=got,
            liquidity=execution.liquidity,
            ts_venue_ns=now_ns,
            ts_local_ns=now_ns,
        )
        self._state.fills.append(made)
        return made

    def end(self, order: PaperOrder, status: OrderStatus, now_ns: int) -> None:
        """Its rest is free again."""
        is_buy = order.intent.side is Side.BUY
        base, _, quote = order.intent.instrument.symbol.partition("/")
        self._move(Asset(quote if is_buy else base), free=order.held, held=-order.held)
        order.held, order.status, order.ts_ns = ZERO, status, now_ns

    def _move(self, asset: Asset, *, free: Decimal, held: Decimal = ZERO) -> None:
        state = self._state
        state.free[asset] = state.free.get(asset, ZERO) + free
        state.held[asset] = state.held.get(asset, ZERO) + held
        assert state.free[asset] >= 0 <= state.held[asset], f"{asset} below zero"
