"""The exchange's records in Binance's JSON shapes. Pure: records in, plain values out."""

from __future__ import annotations

from decimal import Decimal

from adapters.simulated.candles import Candle
from adapters.simulated.market import Market, Print, Scale, Top
from adapters.simulated.orders import (
    AccountTrade,
    OrderRecord,
    RecordStatus,
)
from bot3.domain.order import OrderType
from bot3.domain.values import Side

Json = dict[str, object]
ORDER_TYPES = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.POST_ONLY,
    "MARKET": OrderType.MARKET,
}
TYPE_NAMES = {kind: name for name, kind in ORDER_TYPES.items()}
STP_MODE = "EXPIRE_MAKER"
ZERO_TEXT = "0.00000000"
_NS_PER_MS = 1_000_000


def decimal_text(value: Decimal) -> str:
    """Eight decimals."""
    return f"{value:.8f}"


def ms(ts_ns: int) -> int:
    """Milliseconds."""
    return ts_ns // _NS_PER_MS


def wire_symbol(order: OrderRecord) -> str:
    """`BTC/USDT` as `BTCUSDT`."""
    return order.symbol.replace("/", "")


def depth(market: Market, limit: int) -> Json:
    """`GET /api/v3/depth`, and a partial depth stream."""
    return {
        "lastUpdateId": market.engine.update_id,
        "bids": market.scale.level_texts(market.engine.top(Side.BUY, limit)),
        "asks": market.scale.level_texts(market.engine.top(Side.SELL, limit)),
    }


def public_trade(scale: Scale, trade: Print) -> Json:
    """An element of `GET /api/v3/trades`."""
    return {
        "id": trade.trade_id,
        "price": scale.price_text(trade.price),
        "qty": scale.amount_text(trade.lots),
        "quoteQty": scale.value_text(trade.price * trade.lots),
        "time": ms(trade.ts_ns),
        "isBuyerMaker": trade.is_buyer_maker,
        "isBestMatch": True,
    }


def kline_row(scale: Scale, candle: Candle) -> list[object]:
    """An element of `GET /api/v3/klines`."""
    return [
        candle.open_ms,
        scale.price_text(candle.open),
        scale.price_text(candle.high),
        scale.price_text(candle.low),
        scale.price_text(candle.close),
        scale.amount_text(candle.lots),
        candle.close_ms,
        scale.value_text(candle.value),
        candle.trades,
        scale.amount_text(candle.buy_lots),
        scale.value_text(candle.buy_value),
        "0",
    ]


def kline_event(
    market: Market, candle: Candle, interval: str, now_ms: int, *, is_closed: bool
) -> Json:
    """`<symbol>@kline_<interval>`."""
    scale = market.scale
    return {
        "e": "kline",
        "E": now_ms,
        "s": market.wire_symbol,
        "k": {
            "t": candle.open_ms,
            "T": candle.close_ms,
            "s": market.wire_symbol,
            "i": interval,
            "f": candle.first_id,
            "L": candle.last_id,
            "o": scale.price_text(candle.open),
            "c": scale.price_text(candle.close),
            "h": scale.price_text(candle.high),
            "l": scale.price_text(candle.low),
            "v": scale.amount_text(candle.lots),
            "n": candle.trades,
            "x": is_closed,
            "q": scale.value_text(candle.value),
            "V": scale.amount_text(candle.buy_lots),
            "Q": scale.value_text(candle.buy_value),
            "B": "0",
        },
    }


def trade_event(market: Market, trade: Print) -> Json:
    """`<symbol>@trade`."""
    ts_ms, scale = ms(trade.ts_ns), market.scale
    return {
        "e": "trade",
        "E": ts_ms,
        "s": market.wire_symbol,
        "t": trade.trade_id,
        "p": scale.price_text(trade.price),
        "q": scale.amount_text(trade.lots),
        "T": ts_ms,
        "m": trade.is_buyer_maker,
        "M": True,
    }


def book_ticker(market: Market, top: Top) -> Json:
    """`GET /api/v3/ticker/bookTicker`."""
    scale = market.scale
    return {
        "symbol": market.wire_symbol,
        "bidPrice": scale.price_text(top.bid),
        "bidQty": scale.amount_text(top.bid_lots),
        "askPrice": scale.price_text(top.ask),
        "askQty": scale.amount_text(top.ask_lots),
    }


def order_ack(order: OrderRecord) -> Json:
    """`newOrderRespType=ACK`."""
    return {
        "symbol": wire_symbol(order),
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.request.client_order_id,
        "transactTime": ms(order.updated_ns),
    }


def order_result(order: OrderRecord) -> Json:
    """`newOrderRespType=RESULT`."""
    return {**order_ack(order), **_terms(order), "workingTime": ms(order.created_ns), **_end(order)}


def order_full(order: OrderRecord) -> Json:
    """`newOrderRespType=FULL`."""
    fills = [
        {
            "price": decimal_text(fill.price),
            "qty": decimal_text(fill.amount),
            "commission": decimal_text(fill.commission),
            "commissionAsset": fill.commission_asset,
            "tradeId": fill.trade_id,
        }
        for fill in order.fills
    ]
    return {**order_result(order), "fills": fills}


def order_canceled(order: OrderRecord, cancel_id: str) -> Json:
    """The reply to a cancel."""
    return {
        **order_ack(order),
        "origClientOrderId": order.request.client_order_id,
        "clientOrderId": cancel_id,
        **_terms(order),
    }


def order_state(order: OrderRecord) -> Json:
    """`GET /api/v3/order` and its lists."""
    return {
        "symbol": wire_symbol(order),
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.request.client_order_id,
        **_terms(order),
        "stopPrice": ZERO_TEXT,
        "icebergQty": ZERO_TEXT,
        "time": ms(order.created_ns),
        "updateTime": ms(order.updated_ns),
        "isWorking": True,
        "workingTime": ms(order.created_ns),
        **_end(order),
    }


def account_trade(trade: AccountTrade) -> Json:
    """An element of `GET /api/v3/myTrades`."""
    return {
        "symbol": trade.symbol.replace("/", ""),
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": decimal_text(trade.price),
        "qty": decimal_text(trade.amount),
        "quoteQty": decimal_text(trade.quote),
        "commission": decimal_text(trade.commission),
        "commissionAsset": trade.commission_asset,
        "time": ms(trade.ts_ns),
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.is_maker,
        "isBestMatch": True,
    }


def _terms(order: OrderRecord) -> Json:
    request = order.request
    return {
        "price": decimal_text(request.price),
        "origQty": decimal_text(order.amount),
        "executedQty": decimal_text(order.executed),
        "origQuoteOrderQty": decimal_text(request.quote_amount),
        "cummulativeQuoteQty": decimal_text(order.quote_executed),
        "status": order.status.value,
        "timeInForce": request.tif.name,
        "type": TYPE_NAMES[request.kind],
        "side": request.side.name,
        "selfTradePreventionMode": STP_MODE,
    }


def _end(order: OrderRecord) -> Json:
    if order.status is RecordStatus.EXPIRED and order.expiry_reason:
        return {"expiryReason": order.expiry_reason}
    if order.prevented:
        return {"preventedQuantity": decimal_text(order.prevented)}
    return {}
