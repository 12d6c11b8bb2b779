"""The exchange's records in OKX's JSON shapes: every number a string. Pure."""

from __future__ import annotations

from decimal import Decimal

from adapters.simulated.candles import Candle
from adapters.simulated.market import Market, Print
from adapters.simulated.numbers import ms_text, plain
from adapters.simulated.orders import BY_TIMER, AccountTrade, OrderRecord, RecordStatus
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side

Json = dict[str, object]
UNNAMED = "~"  # begins our own id of an order whose client gave it none
POST_ONLY = "POST_ONLY"
_NS_PER_MS = 1_000_000
_STATES = {
    RecordStatus.NEW: "live",
    RecordStatus.PARTIALLY_FILLED: "partially_filled",
    RecordStatus.FILLED: "filled",
}
_SOURCES = {
    "UNFILLED_IOC_QUANTITY_EXPIRED": ("14", "IOC order was partially filled or canceled"),
    "UNFILLED_FOK_ORDER_EXPIRED": ("13", "FOK order could not be filled in full"),
    "INSUFFICIENT_LIQUIDITY": ("0", "Order was canceled by system"),
    POST_ONLY: ("31", "Post-only order would take liquidity"),
}


def inst_id(market: Market) -> str:
    """`BTC-USDT`."""
    return market.symbol.replace("/", "-")


def instrument(market: Market, code: int) -> Json:
    """`GET /public/instruments`."""
    given = market.instrument
    empty = (
        *("alias", "auctionEndTime", "ctMult", "ctType", "ctVal", "ctValCcy", "expTime"),
        *("instFamily", "maxMktSz", "maxStopSz", "optType", "preMktSwTime", "settleCcy"),
        *("stk", "uly"),
    )
    return {
        **dict.fromkeys(empty, ""),
        "baseCcy": given.base,
        "quoteCcy": given.quote,
        "category": "1",
        "contTdSwTime": "1704876947000",
        "futureSettlement": False,
        "groupId": "1",
        "instCategory": "1",
        "instId": inst_id(market),
        "instIdCode": code,
        "instType": "SPOT",
        "lever": "",
        "listTime": "1606468572000",
        "lotSz": plain(given.lot_size),
        "maxLmtAmt": plain(given.notional_max),
        "maxLmtSz": plain(given.amount_max),
        "maxMktAmt": plain(given.notional_max),
        "minSz": plain(given.amount_min),
        "openType": "call_auction",
        "ruleType": "normal",
        "state": "live" if given.is_trading else "suspend",
        "tickSz": plain(given.tick_size),
        "tradeQuoteCcyList": [given.quote],
        "upcChg": [],
    }


def book(market: Market, depth: int, ts_ns: int) -> Json:
    """`GET /market/books`."""
    scale = market.scale

    def rows(side: Side) -> list[list[str]]:
        levels = market.engine.top(side, depth)
        return [[plain(scale.price(p)), plain(scale.amount(a)), "0", "1"] for p, a in levels]

    return {
        "asks": rows(Side.SELL),
        "bids": rows(Side.BUY),
        "ts": ms_text(ts_ns),
        "seqId": market.engine.update_id,
    }


def ticker(market: Market, day: Candle, ts_ns: int) -> Json:
    """`GET /market/ticker`, over the candle of the last 24 hours."""
    scale, top = market.scale, market.top()
    last = market.tape[-1].lots if market.tape else 0
    return {
        "instType": "SPOT",
        "instId": inst_id(market),
        "last": plain(scale.price(market.reference_price())),
        "lastSz": plain(scale.amount(last)),
        "askPx": plain(scale.price(top.ask)),
        "askSz": plain(scale.amount(top.ask_lots)),
        "bidPx": plain(scale.price(top.bid)),
        "bidSz": plain(scale.amount(top.bid_lots)),
        "open24h": plain(scale.price(day.open)),
        "high24h": plain(scale.price(day.high)),
        "low24h": plain(scale.price(day.low)),
        "volCcy24h": plain(Decimal(scale.value_text(day.value))),
        "vol24h": plain(scale.amount(day.lots)),
        "sodUtc0": plain(scale.price(day.open)),
        "sodUtc8": plain(scale.price(day.open)),
        "ts": ms_text(ts_ns),
    }


def public_trade(market: Market, trade: Print) -> Json:
    """An element of `GET /market/trades`; the side is the taker's."""
    return {
        "instId": inst_id(market),
        "side": "sell" if trade.is_buyer_maker else "buy",
        "sz": plain(market.scale.amount(trade.lots)),
        "source": "0",
        "px": plain(market.scale.price(trade.price)),
        "tradeId": str(trade.trade_id),
        "ts": ms_text(trade.ts_ns),
    }


def candle_row(market: Market, candle: Candle, *, is_closed: bool) -> list[str]:
    """`[ts, o, h, l, c, vol, volCcy, volCcyQuote, confirm]`."""
    scale = market.scale
    prices = (candle.open, candle.high, candle.low, candle.close)
    quote = plain(Decimal(scale.value_text(candle.value)))
    return [
        str(candle.open_ms),
        *(plain(scale.price(price)) for price in prices),
        plain(scale.amount(candle.lots)),
        quote,
        quote,
        "1" if is_closed else "0",
    ]


def client_id(order: OrderRecord) -> str:
    """Empty where the client gave none."""
    given = order.request.client_order_id
    return "" if given.startswith(UNNAMED) else given


def order_state(order: OrderRecord, rate: Decimal) -> Json:
    """`GET /trade/order` and the lists of orders."""
    request = order.request
    is_market = request.kind is OrderType.MARKET
    is_by_value = bool(request.quote_amount)
    return {
        **_executed(order),
        **_ended(order),
        "instType": "SPOT",
        "instId": request.symbol.replace("/", "-"),
        "ordId": str(order.order_id),
        "clOrdId": client_id(order),
        "tag": request.tag,
        "px": "" if is_market else plain(request.price),
        "sz": plain(request.quote_amount if is_by_value else order.amount),
        "ordType": order_type(request.kind, request.tif),
        "side": request.side.name.lower(),
        "posSide": "net",
        "tdMode": "cash",
        "tgtCcy": ("quote_ccy" if is_by_value else "base_ccy") if is_market else "",
        "feeRate": plain(-rate),
        "rebate": "0",
        "rebateCcy": "",
        "category": "normal",
        "source": "",
        "reduceOnly": "false",
        "pnl": "0",
        "lever": "",
        "ccy": "",
        "attachAlgoOrds": [],
        "cTime": ms_text(order.created_ns),
        "uTime": ms_text(order.updated_ns),
    }


def _executed(order: OrderRecord) -> Json:
    """What was filled, and the last fill."""
    fills = order.fills
    last = fills[-1] if fills else None
    average = order.quote_executed / order.executed if order.executed else None
    return {
        "accFillSz": plain(order.executed),
        "avgPx": "" if average is None else plain(average.quantize(Decimal("1e-12"))),
        "fillPx": plain(last.price) if last else "",
        "fillSz": plain(last.amount) if last else "0",
        "fillTime": ms_text(last.ts_ns) if last else "",
        "tradeId": str(last.trade_id) if last else "",
        "fee": plain(-sum((fill.commission for fill in fills), Decimal(0))),
        "feeCcy": fills[0].commission_asset if fills else "",
    }


def _ended(order: OrderRecord) -> Json:
    """Its state, and who ended it."""
    state = _STATES.get(order.status, "canceled")
    source, reason = _SOURCES.get(order.expiry_reason, ("1", "Order was canceled by you"))
    if order.status is RecordStatus.EXPIRED_IN_MATCH:
        source, reason = "32", "Self trade prevention"
    if order.cancel_id == BY_TIMER:
        source, reason = "20", "Canceled by cancel all after"
    if state != "canceled":
        source = reason = ""
    return {"state": state, "cancelSource": source, "cancelSourceReason": reason}


def order_type(kind: OrderType, tif: TimeInForce) -> str:
    """OKX has no time in force: it is a kind of order."""
    if kind is OrderType.MARKET:
        return "market"
    if kind is OrderType.POST_ONLY:
        return "post_only"
    return {TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}.get(tif, "limit")


def account_fill(trade: AccountTrade, client: str, rate: Decimal) -> Json:
    """An element of `GET /trade/fills`; what was paid is negative."""
    return {
        "instType": "SPOT",
        "instId": trade.symbol.replace("/", "-"),
        "tradeId": str(trade.trade_id),
        "billId": str(trade.trade_id),
        "ordId": str(trade.order_id),
        "clOrdId": client,
        "tag": "",
        "fillPx": plain(trade.price),
        "fillSz": plain(trade.amount),
        "side": trade.side.name.lower(),
        "posSide": "net",
        "execType": "M" if trade.is_maker else "T",
        "fee": plain(-trade.commission),
        "feeCcy": trade.commission_asset,
        "feeRate": plain(-rate),
        "fillTime": ms_text(trade.ts_ns),
        "ts": ms_text(trade.ts_ns),
        "subType": "1" if trade.side is Side.BUY else "2",
        "fillPnl": "0",
    }
