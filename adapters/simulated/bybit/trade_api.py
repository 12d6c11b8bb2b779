"""Bybit's trading and account calls for one signed account. Raises `BybitApiError`."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, final
from urllib.parse import quote

from adapters.net.decimals import whole
from adapters.simulated.bybit.errors import (
    DUPLICATE,
    NO_ORDER,
    UNCHANGED,
    BybitApiError,
    bad,
    refusal_of,
)
from adapters.simulated.bybit.market_api import MarketApi
from adapters.simulated.bybit.wire import (
    POST_ONLY,
    UNNAMED,
    Json,
    execution_row,
    link_id,
    order_row,
)
from adapters.simulated.engine_queue import OrderQueuedError, PlaceOrder
from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Market
from adapters.simulated.numbers import plain
from adapters.simulated.orders import OrderRecord, OrderRequest, Refusal, RefusedError
from adapters.simulated.text_params import Params
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side

_LINK_ID = re.compile(r"[0-9A-Za-z_-]{1,36}")
_SIDES: Final = {"Buy": Side.BUY, "Sell": Side.SELL}
_TIFS: Final = {tif.name: tif for tif in TimeInForce} | {"": TimeInForce.GTC}
_PAGE_MAX: Final = 50
_FILLS_MAX: Final = 100
_ZERO: Final = Decimal(0)
_CONDITIONS: Final = ("triggerPrice", "takeProfit", "stopLoss")


@final
class TradeApi:
    """Every method takes (account, parameters) and returns the `result`."""

    def __init__(
        self,
        exchange: Exchange,
        market_api: MarketApi,
        new_id: Callable[[], str],
        *,
        place: PlaceOrder,
    ) -> None:
        self._exchange, self._market_api = exchange, market_api
        self._new_id, self._place = new_id, place

    def create(self, account: int, params: Params) -> Json:
        """An acknowledgement; what becomes of the order is asked for."""
        market = self._traded(params)
        request = self._read(market, params)
        if self._exchange.files.by_client_id(account, market.symbol, request.client_order_id):
            raise BybitApiError(*DUPLICATE)  # ids are unique for good here, not among open ones
        try:
            return _named(self._place(account, request))
        except OrderQueuedError:
            raise BybitApiError(170007, "Timeout waiting for response from backend.") from None
        except RefusedError as error:
            if error.refusal is Refusal.WOULD_TAKE:
                return _named(self._exchange.end_at_once(account, request, POST_ONLY))
            raise refusal_of(error.refusal, request.side) from None

    def cancel(self, account: int, params: Params) -> Json:
        market = self._traded(params)
        order = self._find(account, market, params)
        if order is None or not order.status.is_open:
            raise BybitApiError(*NO_ORDER)
        return _named(self._exchange.cancel(account, market.symbol, order.order_id, ""))

    def amend(self, account: int, params: Params) -> Json:
        """An acknowledgement; a quantity counts what is filled."""
        market = self._traded(params)
        order = self._find(account, market, params)
        if order is None or not order.status.is_open:
            raise BybitApiError(*NO_ORDER)
        size = params.number("qty") if params.get("qty") else None
        price = params.number("price") if params.get("price") else None
        if size in {None, order.amount} and price in {None, order.request.price}:
            raise BybitApiError(*UNCHANGED)
        number, symbol = order.order_id, market.symbol
        try:
            return _named(self._exchange.amend(account, symbol, number, amount=size, price=price))
        except RefusedError as error:
            raise refusal_of(error.refusal, order.request.side) from None

    def cancel_all(self, account: int, params: Params) -> Json:
        """Of one instrument, or of all."""
        chosen = (
            [self._traded(params)] if params.get("symbol") else self._market_api.markets.values()
        )
        canceled = [
            order
            for market in chosen
            for order in self._exchange.cancel_all(account, market.symbol, "")
        ]
        return {"list": [_named(order) for order in canceled], "success": "1"}

    def realtime(self, account: int, params: Params) -> Json:
        """Open orders; one that has ended is found by its id."""
        orders = self._exchange.files.open_of(account)
        if params.get("orderId") or params.get("orderLinkId"):
            orders = self._wanted(account, params)
        elif params.get("symbol"):
            symbol = self._market_api.market(params).symbol
            orders = [order for order in orders if order.symbol == symbol]
        return self._page(params, orders)

    def history(self, account: int, params: Params) -> Json:
        """What has ended, newest first."""
        status = params.get("orderStatus")
        start, end = params.whole("startTime", 0), params.whole("endTime", 1 << 62)
        found = [
            order
            for order in self._wanted(account, params)
            if not order.status.is_open and start <= order.created_ns // 1_000_000 <= end
        ]
        if status:
            found = [order for order in found if order_row(order)["orderStatus"] == status]
        return self._page(params, found)

    def executions(self, account: int, params: Params) -> Json:
        start, end = params.whole("startTime", 0), params.whole("endTime", 1 << 62)
        found = [
            (trade, order)
            for order in self._wanted(account, params)
            for trade in order.fills
            if start <= trade.ts_ns // 1_000_000 <= end
        ]
        found.sort(key=lambda pair: (-pair[0].ts_ns, -pair[0].trade_id))
        after, count = params.get("cursor"), min(params.whole("limit", 50), _FILLS_MAX)
        places = [f"{trade.ts_ns}:{trade.trade_id}" for trade, _ in found]
        start = places.index(after) + 1 if after in places else 0
        rows = [
            execution_row(trade, order, self._rate(order, is_maker=trade.is_maker))
            for trade, order in found[start : start + count]
        ]
        is_more = start + count < len(found)
        cursor = quote(places[start + count - 1], safe="") if is_more else ""
        return {"category": "spot", "list": rows, "nextPageCursor": cursor}

    def info(self, _account: int, _params: Params) -> Json:
        return {"unifiedMarginStatus": 6, "marginMode": "REGULAR_MARGIN", "dcpStatus": "OFF"}

    def key(self, account: int, _params: Params) -> Json:
        return {
            "readOnly": 0,
            "permissions": {"Spot": ["SpotTrade"]},
            "ips": ["*"],
            "unified": 0,
            "uta": 1,
            "userID": account,
            "isMaster": True,
        }

    def fees(self, _account: int, params: Params) -> Json:
        chosen = (
            [self._market_api.market(params)]
            if params.get("symbol")
            else self._market_api.markets.values()
        )
        rows = [
            {
                "symbol": market.wire_symbol,
                "takerFeeRate": plain(market.instrument.taker_fee_rate),
                "makerFeeRate": plain(market.instrument.maker_fee_rate),
            }
            for market in chosen
        ]
        return {"category": "spot", "list": rows}

    def coins(self, _account: int, _params: Params) -> Json:
        """Nothing to deposit."""
        return {"rows": []}

    def positions(self, _account: int, params: Params) -> Json:
        """Spot has none."""
        return {"category": params.needed("category"), "list": [], "nextPageCursor": ""}

    def _traded(self, params: Params) -> Market:
        if params.needed("category") != "spot":
            raise BybitApiError(10001, "Illegal category")
        found = self._market_api.markets.get(params.needed("symbol"))
        if found is None:
            raise BybitApiError(170121, "Invalid symbol.")
        return found

    def _read(self, market: Market, params: Params) -> OrderRequest:
        side = _SIDES.get(params.needed("side"))
        if side is None:
            raise BybitApiError(170117, "Invalid side.")
        named, tif = params.needed("orderType"), params.get("timeInForce")
        if named not in {"Limit", "Market"}:
            raise BybitApiError(170116, "Invalid orderType.")
        is_market, is_post_only = named == "Market", tif == "PostOnly"
        if not is_post_only and tif not in _TIFS:
            raise BybitApiError(170115, "Invalid timeInForce.")
        kind = OrderType.POST_ONLY if is_post_only else OrderType.LIMIT
        _refuse_conditional(params)
        size = params.number("qty")
        unit = params.get("marketUnit") or ("quoteCoin" if side is Side.BUY else "baseCoin")
        is_by_value = is_market and unit == "quoteCoin"
        if is_by_value and side is Side.SELL:
            raise bad("marketUnit")
        return OrderRequest(
            symbol=market.symbol,
            side=side,
            kind=OrderType.MARKET if is_market else kind,
            tif=TimeInForce.GTC if is_market or is_post_only else _TIFS[tif],
            client_order_id=params.matching("orderLinkId", _LINK_ID) or UNNAMED + self._new_id(),
            amount=_ZERO if is_by_value else size,
            price=_ZERO if is_market else params.number("price"),
            quote_amount=size if is_by_value else _ZERO,
        )

    def _find(self, account: int, market: Market, params: Params) -> OrderRecord | None:
        """By `orderId`, which wins, or `orderLinkId`, also one that the venue made."""
        files, number = self._exchange.files, params.whole("orderId", 0)
        if number:
            return files.by_order_id(account, market.symbol, number)
        link = params.needed("orderLinkId")
        found = files.by_client_id(account, market.symbol, link)
        if found is None and (made_of := whole(link)) is not None:
            made = files.by_order_id(account, market.symbol, made_of - 1)
            found = made if made is not None and link_id(made) == link else None
        return found

    def _wanted(self, account: int, params: Params) -> list[OrderRecord]:
        """By id where one is given, else all of one instrument or of every one."""
        chosen = (
            [self._market_api.market(params)]
            if params.get("symbol")
            else [*self._market_api.markets.values()]
        )
        if params.get("orderId") or params.get("orderLinkId"):
            found = (self._find(account, market, params) for market in chosen)
            return [order for order in found if order is not None]
        return [o for m in chosen for o in self._exchange.files.all_of(account, m.symbol)]

    def _page(self, params: Params, orders: list[OrderRecord]) -> Json:
        newest = sorted(orders, key=lambda order: (-order.created_ns, -order.order_id))
        after, count = params.get("cursor"), min(params.whole("limit", 20), _PAGE_MAX)
        places = [str(order.order_id) for order in newest]
        start = places.index(after) + 1 if after in places else 0
        rows = [order_row(order) for order in newest[start : start + count]]
        cursor = places[start + count - 1] if start + count < len(newest) else ""
        return {"category": "spot", "list": rows, "nextPageCursor": cursor}

    def _rate(self, order: OrderRecord, *, is_maker: bool) -> Decimal:
        given = self._exchange.markets[order.symbol].instrument
        return given.maker_fee_rate if is_maker else given.taker_fee_rate


def _named(order: OrderRecord) -> Json:
    return {"orderId": str(order.order_id), "orderLinkId": link_id(order)}


def _refuse_conditional(params: Params) -> None:
    """An order that waits for a price must not be taken for one that does not."""
    if params.get("orderFilter") not in {"", "Order"}:
        raise bad("orderFilter")
    for name in _CONDITIONS:
        if params.get(name) not in {"", "0"}:
            raise bad(name)
