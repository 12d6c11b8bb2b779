"""The filters of the exchange, before anything reaches an engine."""

from __future__ import annotations

from decimal import Decimal

from adapters.simulated.market import Market
from adapters.simulated.orders import OrderRequest, Refusal, RefusedError
from bot3.domain.instrument import FilterRefusal
from bot3.domain.order import OrderType
from bot3.domain.values import Price, Quantity

PRICE_MULTIPLIER_UP = Decimal(5)
PRICE_MULTIPLIER_DOWN = Decimal("0.2")
OPEN_ORDERS_MAX = 200

_REFUSALS = {
    FilterRefusal.NOT_TRADING: Refusal.MARKET_CLOSED,
    FilterRefusal.PRICE_OFF_TICK: Refusal.PRICE_FILTER,
    FilterRefusal.PRICE_OUT_OF_RANGE: Refusal.PRICE_FILTER,
    FilterRefusal.AMOUNT_OFF_LOT: Refusal.LOT_SIZE,
    FilterRefusal.AMOUNT_TOO_SMALL: Refusal.AMOUNT_TOO_SMALL,
    FilterRefusal.AMOUNT_TOO_LARGE: Refusal.AMOUNT_TOO_LARGE,
    FilterRefusal.NOTIONAL_TOO_SMALL: Refusal.NOTIONAL,
    FilterRefusal.NOTIONAL_TOO_LARGE: Refusal.NOTIONAL,
}


def check_filters(market: Market, request: OrderRequest) -> None:
    """Raises `RefusedError` for the first filter that an order fails."""
    is_market = request.kind is OrderType.MARKET
    reference = market.scale.price(market.reference_price())
    if is_market and request.quote_amount:
        _check_quote_amount(market, request.quote_amount)
        return
    price = reference if is_market else request.price
    if request.amount <= 0 or (price <= 0 and not is_market):
        raise RefusedError(Refusal.NOT_POSITIVE)
    if price > 0:
        amount = Quantity(request.amount)
        refused = market.instrument.refusal_of(amount, Price(price), is_market=is_market)
        if refused is not None:
            raise RefusedError(_REFUSALS[refused])
    if not is_market and reference:
        low, high = reference * PRICE_MULTIPLIER_DOWN, reference * PRICE_MULTIPLIER_UP
        if not low <= request.price <= high:
            raise RefusedError(Refusal.PERCENT_PRICE)


def _check_quote_amount(market: Market, quote_amount: Decimal) -> None:
    instrument = market.instrument
    if not instrument.is_trading:
        raise RefusedError(Refusal.MARKET_CLOSED)
    if quote_amount < instrument.notional_min:
        raise RefusedError(Refusal.NOTIONAL)
    if instrument.notional_max and quote_amount > instrument.notional_max:
        raise RefusedError(Refusal.NOTIONAL)
