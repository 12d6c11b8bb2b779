"""Another price or size for an order that rests: what may be asked, and what it binds then."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from adapters.simulated.accounts import Accounts, InsufficientBalanceError, round_up
from adapters.simulated.checks import check_filters
from adapters.simulated.market import Market
from adapters.simulated.orders import OrderRecord, OrderRequest, Refusal, RefusedError
from adapters.simulated.settlement import held_asset
from bot3.domain.order import OrderType
from bot3.domain.values import Side


def amended(
    market: Market, order: OrderRecord, amount: Decimal | None, price: Decimal | None
) -> OrderRequest:
    """The request as it shall be, `amount` with what is filled; raises `RefusedError`."""
    given = order.request
    request = evolve(given, amount=amount or order.amount, price=price or given.price)
    check_filters(market, request)
    if request.amount <= order.executed:
        raise RefusedError(Refusal.NOT_POSITIVE)
    ticks = market.scale.ticks(request.price)
    if request.kind is OrderType.POST_ONLY and market.engine.would_take(request.side, ticks):
        raise RefusedError(Refusal.WOULD_TAKE)
    return request


def rebind(accounts: Accounts, market: Market, order: OrderRecord, request: OrderRequest) -> None:
    """Binds what the rest costs now instead of before; raises `RefusedError`, nothing changed."""
    asset, rest = held_asset(market.instrument, request.side), request.amount - order.executed
    binding = round_up(request.price * rest) if request.side is Side.BUY else rest
    accounts.release(order.account, asset, order.held)
    try:
        accounts.hold(order.account, asset, binding)
    except InsufficientBalanceError:
        accounts.hold(order.account, asset, order.held)
        raise RefusedError(Refusal.INSUFFICIENT_BALANCE) from None
    order.held = binding
