"""The exchange's records in Bybit's JSON shapes: numbers are strings. Pure."""

from __future__ import annotations

from decimal import Decimal

from adapters.simulated.candles import Candle
from adapters.simulated.market import Market, Print
from adapters.simulated.numbers import ms_text, plain
from adapters.simulated.orders import BY_TIMER, AccountTrade, OrderRecord, RecordStatus
from bot3.domain.order import OrderType
from bot3.domain.values import Side

Json = dict[str, object]
UNNAMED = "~"  # begins our own id of an order whose client gave it none
POST_ONLY = "POST_ONLY"
_NS_PER_MS = 1_000_000
_OPEN = {
    RecordStatus.NEW: "New",
    RecordStatus.PARTIALLY_FILLED: "PartiallyFilled",
    RecordStatus.FILLED: "Filled",
}
_REASONS = {
    POST_ONLY: "EC_PostOnlyWillTakeLiquidity",
    "UNFILLED_FOK_ORDER_EXPIRED": "EC_NoEnoughQtyToFill",
}


def instrument(market: Market, number: int) -> Json:
    """`GET /v5/market/instruments-info`."""
    given = market.instrument
    most = plain(given.amount_max)
    return {
        "symbolId": number,
        "symbol": market.wire_symbol,
        "baseCoin": given.base,
        "quoteCoin": given.quote,
        "innovation": "0",
        "status": "Trading" if given.is_trading else "Closed",
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": plain(given.lot_size),
            "quotePrecision": "0.00000001",
            "minOrderQty": plain(given.amount_min),
            "maxOrderQty": most,
            "minOrderAmt": plain(given.notional_min),
            "maxOrderAmt": plain(given.notional_max),
            "maxLimitOrderQty": most,
            "maxMarketOrderQty": most,
            "postOnlyMaxLimitOrderSize": most,
        },
        "priceFilter": {"tickSize": plain(given.tick_size)},
        "riskParameters": {"priceLimitRatioX": "0.005", "priceLimitRatioY": "0.01"},
        "symbolType": "",
    }


def book(market: Market, depth: int, ts_ns: int) -> Json:
    """`GET /v5/market/orderbook`."""
    scale = market.scale

    def rows(side: Side) -> list[list[str]]:
        levels = market.engine.top(side, depth)
        return [[plain(scale.price(p)), plain(scale.amount(a))] for p, a in levels]

    update_id, ts_ms = market.engine.update_id, ts_ns // _NS_PER_MS
    bids, asks = rows(Side.BUY), rows(Side.SELL)
    head = {"s": market.wire_symbol, "b": bids, "a": asks}
    return {**head, "ts": ts_ms, "u": update_id, "seq": update_id, "cts": ts_ms}


def ticker(market: Market, day: Candle) -> Json:
    """`GET /v5/market/tickers`, over the candle of the last 24 hours."""
    scale, top = market.scale, market.top()
    last = scale.price(market.reference_price())
    start = scale.price(day.open)
    change = ((last - start) / start).quantize(Decimal("0.0001")) if start else Decimal(0)
    return {
        "symbol": market.wire_symbol,
        "bid1Price": plain(scale.price(top.bid)),
        "bid1Size": plain(scale.amount(top.bid_lots)),
        "ask1Price": plain(scale.price(top.ask)),
        "ask1Size": plain(scale.amount(top.ask_lots)),
        "lastPrice": plain(last),
        "prevPrice24h": plain(start),
        "price24hPcnt": plain(change),
        "highPrice24h": plain(scale.price(day.high)),
        "lowPrice24h": plain(scale.price(day.low)),
        "turnover24h": plain(Decimal(scale.value_text(day.value))),
        "volume24h": plain(scale.amount(day.lots)),
        "usdIndexPrice": plain(last),
    }


def public_trade(market: Market, trade: Print) -> Json:
    """A row of `GET /v5/market/recent-trade`; the side is the taker's."""
    return {
        "execId": str(trade.trade_id),
        "symbol": market.wire_symbol,
        "price": plain(market.scale.price(trade.price)),
        "size": plain(market.scale.amount(trade.lots)),
        "side": "Sell" if trade.is_buyer_maker else "Buy",
        "time": ms_text(trade.ts_ns),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(trade.trade_id),
    }


def candle_row(market: Market, candle: Candle) -> list[str]:
    """`[start, open, high, low, close, volume, turnover]`."""
    scale = market.scale
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [
        str(candle.open_ms),
        *(plain(scale.price(price)) for price in prices),
        plain(scale.amount(candle.lots)),
        plain(Decimal(scale.value_text(candle.value))),
    ]


def link_id(order: OrderRecord) -> str:
    """Where the client gave none, the venue's own: the order's number and one."""
    given = order.request.client_order_id
    return str(order.order_id + 1) if given.startswith(UNNAMED) else given


def order_row(order: OrderRecord) -> Json:
    """A row of `GET /v5/order/realtime` and `/history`."""
    request = order.request
    is_market, is_by_value = request.kind is OrderType.MARKET, bool(request.quote_amount)
    unit = ("quoteCoin" if is_by_value else "baseCoin") if is_market else ""
    tif = "PostOnly" if request.kind is OrderType.POST_ONLY else request.tif.name
    return {
        "orderId": str(order.order_id),
        "orderLinkId": link_id(order),
        "symbol": request.symbol.replace("/", ""),
        "price": "0" if is_market else plain(request.price),
        "qty": plain(request.quote_amount if is_by_value else order.amount),
        "side": request.side.name.capitalize(),
        "isLeverage": "0",
        "positionIdx": 0,
        "timeInForce": "IOC" if is_market else tif,
        "orderType": "Market" if is_market else "Limit",
        "marketUnit": unit,
        "stopOrderType": "",
        "triggerPrice": "0.0",
        "reduceOnly": False,
        "closeOnTrigger": False,
        "smpType": "None",
        "createdTime": ms_text(order.created_ns),
        "updatedTime": ms_text(order.updated_ns),
        **_ended(order),
        **_executed(order),
    }


def _ended(order: OrderRecord) -> Json:
    """Status, who ended it and why. A canceled order with fills has a status of its own."""
    status = _OPEN.get(order.status)
    if status is not None:
        return {"orderStatus": status, "cancelType": "UNKNOWN", "rejectReason": "EC_NoError"}
    if order.expiry_reason == POST_ONLY:
        status = "Rejected"
    else:
        status = "PartiallyFilledCanceled" if order.executed else "Cancelled"
    nothing = "EC_CancelForNoFullFill" if order.executed else "EC_NoImmediateQtyToFill"
    is_ours = order.status is RecordStatus.CANCELED and not order.expiry_reason
    reason = "EC_PerCancelRequest" if is_ours else _REASONS.get(order.expiry_reason, nothing)
    by = "CancelByUser" if is_ours else "UNKNOWN"
    if order.cancel_id == BY_TIMER:
        by = "CancelByDCP"
    if order.status is RecordStatus.EXPIRED_IN_MATCH:
        by, reason = "CancelBySmp", "EC_BySelfMatch"
    return {"orderStatus": status, "cancelType": by, "rejectReason": reason}


def _executed(order: OrderRecord) -> Json:
    fees: dict[str, Decimal] = {}
    for fill in order.fills:
        fees[fill.commission_asset] = fees.get(fill.commission_asset, Decimal(0)) + fill.commission
    left = order.remaining if order.status.is_open else Decimal(0)
    average = order.quote_executed / order.executed if order.executed else None
    return {
        "avgPrice": "" if average is None else plain(average.quantize(Decimal("1e-12"))),
        "leavesQty": plain(left),
        "leavesValue": plain(left * order.request.price),
        "cumExecQty": plain(order.executed),
        "cumExecValue": plain(order.quote_executed),
        "cumExecFee": plain(sum(fees.values(), Decimal(0))),
        "cumFeeDetail": {asset: plain(fee) for asset, fee in fees.items()},
    }


def execution_row(trade: AccountTrade, order: OrderRecord, rate: Decimal) -> Json:
    """A row of `GET /v5/execution/list`; what was paid is positive."""
    is_market = order.request.kind is OrderType.MARKET
    return {
        "category": "spot",
        "symbol": trade.symbol.replace("/", ""),
        "orderType": "Market" if is_market else "Limit",
        "orderId": str(trade.order_id),
        "orderLinkId": link_id(order),
        "side": trade.side.name.capitalize(),
        "execId": str(trade.trade_id),
        "execPrice": plain(trade.price),
        "execQty": plain(trade.amount),
        "execValue": plain(trade.quote),
        "execFee": plain(trade.commission),
        "feeCurrency": trade.commission_asset,
        "feeRate": plain(rate),
        "execType": "Trade",
        "isMaker": trade.is_maker,
        "execTime": ms_text(trade.ts_ns),
        "orderQty": plain(order.amount),
        "orderPrice": "0" if is_market else plain(order.request.price),
        "leavesQty": plain(order.remaining if order.status.is_open else Decimal(0)),
        "stopOrderType": "",
        "marketUnit": "",
        "seq": trade.trade_id,
    }
