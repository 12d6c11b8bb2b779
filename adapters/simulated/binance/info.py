"""`GET /api/v3/exchangeInfo`: what is traded, by which filters and limits."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from adapters.simulated.binance.limits import Limits
from adapters.simulated.binance.wire import ORDER_TYPES, Json, decimal_text
from adapters.simulated.checks import OPEN_ORDERS_MAX, PRICE_MULTIPLIER_DOWN, PRICE_MULTIPLIER_UP
from adapters.simulated.market import Market
from bot3.domain.instrument import Instrument

_NO_LIMIT = Decimal(9_000_000_000)


def exchange_info(markets: Iterable[Market], limits: Limits, now_ms: int) -> Json:
    """The whole reply. Lists no filter, type or permission that is not enforced here."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": limits.rules(),
        "exchangeFilters": [],
        "symbols": [_symbol(market) for market in markets],
    }


def _symbol(market: Market) -> Json:
    instrument = market.instrument
    return {
        "symbol": market.wire_symbol,
        "status": "TRADING" if instrument.is_trading else "BREAK",
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(instrument),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
    }


def _filters(instrument: Instrument) -> list[Json]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": decimal_text(instrument.price_min),
            "maxPrice": decimal_text(instrument.price_max),
            "tickSize": decimal_text(instrument.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": decimal_text(instrument.amount_min),
            "maxQty": decimal_text(instrument.amount_max or _NO_LIMIT),
            "stepSize": decimal_text(instrument.lot_size),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(PRICE_MULTIPLIER_UP),
            "bidMultiplierDown": str(PRICE_MULTIPLIER_DOWN),
            "askMultiplierUp": str(PRICE_MULTIPLIER_UP),
            "askMultiplierDown": str(PRICE_MULTIPLIER_DOWN),
            "avgPriceMins": 0,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": decimal_text(instrument.notional_min),
            "applyMinToMarket": True,
            "maxNotional": decimal_text(instrument.notional_max or _NO_LIMIT),
            "applyMaxToMarket": True,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": OPEN_ORDERS_MAX},
    ]
