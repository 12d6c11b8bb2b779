"""Moves the money of one fill, and of an order's end.

Both sides clear through the market account, so it holds what the rest of the market is owed.
Rules: the maker's price counts; what a better price saves returns to free; the commission is taken
from the received asset, cut to eight decimals.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.simulated.accounts import MARKET_ACCOUNT, Accounts, round_up, truncate
from adapters.simulated.book import Ending
from adapters.simulated.orders import AccountTrade, Execution, OrderRecord, RecordStatus
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderType
from bot3.domain.values import ZERO, Asset, Side

# What an engine's ending makes of an order: status, kind of report, the wire's reason.
ENDINGS: Final = {
    Ending.CANCELED: (RecordStatus.CANCELED, Execution.CANCELED, ""),
    Ending.SELF_TRADE: (RecordStatus.EXPIRED_IN_MATCH, Execution.PREVENTED, ""),
    Ending.IOC_REST: (RecordStatus.EXPIRED, Execution.EXPIRED, "UNFILLED_IOC_QUANTITY_EXPIRED"),
    Ending.FOK_UNFILLED: (RecordStatus.EXPIRED, Execution.EXPIRED, "UNFILLED_FOK_ORDER_EXPIRED"),
    Ending.NO_LIQUIDITY: (RecordStatus.EXPIRED, Execution.EXPIRED, "INSUFFICIENT_LIQUIDITY"),
}


def held_asset(instrument: Instrument, side: Side) -> Asset:
    """What an order of this side binds."""
    return instrument.quote if side is Side.BUY else instrument.base


def settle(
    accounts: Accounts,
    instrument: Instrument,
    order: OrderRecord,
    *,
    trade_id: int,
    price: Decimal,
    amount: Decimal,
    is_maker: bool,
    ts_ns: int,
) -> AccountTrade:
    """Moves both assets and the commission of one fill, and counts it into the order."""
    side = order.request.side
    quote = truncate(price * amount)
    paid, received = (quote, amount) if side is Side.BUY else (amount, quote)
    asset = instrument.base if side is Side.BUY else instrument.quote
    rate = instrument.maker_fee_rate if is_maker else instrument.taker_fee_rate
    commission = truncate(received * rate)
    accounts.pay_held(order.account, MARKET_ACCOUNT, held_asset(instrument, side), paid)
    accounts.pay_market(order.account, asset, received)
    accounts.charge(order.account, asset, commission)
    order.held -= paid
    trade = AccountTrade(
        symbol=order.symbol,
        trade_id=trade_id,
        order_id=order.order_id,
        side=side,
        price=price,
        amount=amount,
        quote=quote,
        commission=commission,
        commission_asset=asset,
        is_maker=is_maker,
        ts_ns=ts_ns,
    )
    order.count(trade)
    _release_savings(accounts, instrument, order)
    return trade


def release_rest(accounts: Accounts, instrument: Instrument, order: OrderRecord) -> None:
    """Frees everything that a final order still binds."""
    asset = held_asset(instrument, order.request.side)
    accounts.release(order.account, asset, order.held)
    order.held = ZERO


def _release_savings(accounts: Accounts, instrument: Instrument, order: OrderRecord) -> None:
    if order.request.side is Side.SELL or order.request.kind is OrderType.MARKET:
        return
    needed = round_up(order.request.price * order.remaining)
    if order.held > needed:
        accounts.release(order.account, instrument.quote, order.held - needed)
        order.held = needed
