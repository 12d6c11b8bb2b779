"""OKX's trading and account calls for one signed account. Raises `OkxApiError`.

Invariant: an item that fails changes nothing, and never fails the items beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, final

from adapters.simulated.engine_queue import OrderQueuedError, PlaceOrder
from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Market
from adapters.simulated.numbers import ms_text, plain
from adapters.simulated.okx.cancel_after import TAG
from adapters.simulated.okx.errors import (
    ID_NEEDED,
    NO_ORDER,
    NOT_AMENDED,
    NOT_CANCELED,
    OkxApiError,
    bad,
    refusal_of,
)
from adapters.simulated.okx.market_api import MarketApi
from adapters.simulated.okx.wire import (
    POST_ONLY,
    UNNAMED,
    Json,
    account_fill,
    client_id,
    order_state,
)
from adapters.simulated.orders import OrderRecord, OrderRequest, RecordStatus, Refusal, RefusedError
from adapters.simulated.text_params import Params
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side, Symbol

_CLIENT_ID = re.compile(r"[A-Za-z0-9]{1,32}")
BATCH_MAX: Final = 20
PAGE_MAX: Final = 100
_KINDS: Final = {
    "limit": (OrderType.LIMIT, TimeInForce.GTC),
    "ioc": (OrderType.LIMIT, TimeInForce.IOC),
    "fok": (OrderType.LIMIT, TimeInForce.FOK),
    "post_only": (OrderType.POST_ONLY, TimeInForce.GTC),
    "market": (OrderType.MARKET, TimeInForce.GTC),
}
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


@final
class TradeApi:
    """Every method takes (account, parameters) and returns the items of `data`."""

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

    def place(self, account: int, params: Params) -> Json:
        """One item, whose verdict is its `sCode`."""
        given = params.get("clOrdId")
        try:
            order = self._placed(account, params)
        except OkxApiError as error:
            return self._item("", given, error)
        item = self._item(str(order.order_id), given, None, "Order placed")
        return {**item, "tag": order.request.tag}

    def cancel(self, account: int, params: Params) -> Json:
        """One item; filled, canceled and unknown orders are one code."""
        named, given = params.get("ordId"), params.get("clOrdId")
        try:
            order = self._canceled(account, params)
        except OkxApiError as error:
            return self._item(named, given, error)
        return self._item(str(order.order_id), client_id(order), None)

    def amend(self, account: int, params: Params) -> Json:
        """One item, with the client's `reqId`; a size counts what is filled."""
        named, given = params.get("ordId"), params.get("clOrdId")
        try:
            order = self._amended(account, params)
        except OkxApiError as error:
            item = self._item(named, given, error)
        else:
            item = self._item(str(order.order_id), client_id(order), None)
        return {**item, "reqId": params.get("reqId")}

    def order(self, account: int, params: Params) -> list[Json]:
        market = self._market_api.market(params)
        order = self._named(account, market, params)
        if order is None:
            raise OkxApiError(*NO_ORDER)
        return [self._state(order)]

    def pending(self, account: int, params: Params) -> list[Json]:
        symbol = self._market_api.market(params).symbol if params.get("instId") else None
        return self._page(params, self._exchange.files.open_of(account, symbol))

    def history(self, account: int, params: Params) -> list[Json]:
        """What has ended, newest first."""
        params.needed("instType")
        state = params.get("state")
        ended = [
            order
            for symbol in self._symbols(params)
            for order in self._exchange.files.all_of(account, symbol)
            if not order.status.is_open
            and state in {"", "filled" if order.status is RecordStatus.FILLED else "canceled"}
        ]
        return self._page(params, ended)

    def fills(self, account: int, params: Params) -> list[Json]:
        """Newest first, by `billId`."""
        begin, end = params.whole("begin", 0), params.whole("end", 1 << 62)
        after, before = params.whole("after", 1 << 62), params.whole("before", -1)
        wanted = params.whole("ordId", 0)
        found = [
            (trade, order)
            for symbol in self._symbols(params)
            for trade in self._exchange.files.trades_of(account, symbol)
            if wanted in {0, trade.order_id}
            and begin <= trade.ts_ns // 1_000_000 <= end
            and before < trade.trade_id < after
            and (order := self._exchange.files.by_order_id(account, symbol, trade.order_id))
        ]
        found.sort(key=lambda pair: -pair[0].trade_id)
        count = min(params.whole("limit", PAGE_MAX), PAGE_MAX)
        return [
            account_fill(trade, client_id(order), self._rate(order.symbol, is_maker=trade.is_maker))
            for trade, order in found[:count]
        ]

    def config(self, account: int, _params: Params) -> list[Json]:
        return [
            {
                "acctLv": "1",
                "posMode": "net_mode",
                "autoLoan": False,
                "feeType": "0",
                "kycLv": "3",
                "level": "Lv1",
                "perm": "read_only,trade",
                "acctStpMode": "cancel_maker",
                "uid": str(account),
                "mainUid": str(account),
            }
        ]

    def fees(self, _account: int, params: Params) -> list[Json]:
        """What is paid is negative."""
        given = self._instrument(next(iter(self._symbols(params))))
        maker, taker = plain(-given.maker_fee_rate), plain(-given.taker_fee_rate)
        return [
            {
                "category": "1",
                "instType": "SPOT",
                "level": "Lv1",
                "maker": maker,
                "taker": taker,
                "feeGroup": [{"groupId": "1", "maker": maker, "taker": taker}],
                "ruleType": "normal",
                "ts": ms_text(self._market_api.now_ns()),
            }
        ]

    def nothing(self, _account: int, _params: Params) -> list[Json]:
        """No currencies to deposit."""
        return []

    def _placed(self, account: int, params: Params) -> OrderRecord:
        market = self._market_api.market(params)
        request = self._read(market, params)
        try:
            return self._place(account, request)
        except OrderQueuedError:
            raise OkxApiError("50004", "API endpoint request timeout", status=400) from None
        except RefusedError as error:
            if error.refusal is Refusal.WOULD_TAKE:
                return self._exchange.end_at_once(account, request, POST_ONLY)
            raise refusal_of(error.refusal, market.instrument, request.side) from None

    def _canceled(self, account: int, params: Params) -> OrderRecord:
        market = self._market_api.market(params)
        order = self._named(account, market, params)
        if order is None or not order.status.is_open:
            raise OkxApiError(*NOT_CANCELED)
        return self._exchange.cancel(account, market.symbol, order.order_id, "")

    def _amended(self, account: int, params: Params) -> OrderRecord:
        market = self._market_api.market(params)
        order = self._named(account, market, params)
        if order is None or not order.status.is_open:
            raise OkxApiError(*NOT_AMENDED)
        size = params.number("newSz") if params.get("newSz") else None
        price = params.number("newPx") if params.get("newPx") else None
        if size is None and price is None:
            raise OkxApiError("50015", "Either parameter newSz or newPx is required")
        number, symbol = order.order_id, market.symbol
        try:
            return self._exchange.amend(account, symbol, number, amount=size, price=price)
        except RefusedError as error:
            raise refusal_of(error.refusal, market.instrument, order.request.side) from None

    def _read(self, market: Market, params: Params) -> OrderRequest:
        if params.needed("tdMode") != "cash":
            raise OkxApiError("51010", "You can't complete this request under your account mode.")
        side, named = _SIDES.get(params.needed("side")), _KINDS.get(params.needed("ordType"))
        if side is None:
            raise bad("side")
        if named is None:
            raise bad("ordType")
        kind, tif = named
        size, is_market = params.number("sz"), kind is OrderType.MARKET
        unit = params.get("tgtCcy") or ("quote_ccy" if side is Side.BUY else "base_ccy")
        is_by_value = is_market and unit == "quote_ccy"
        zero = Decimal(0)
        return OrderRequest(
            symbol=market.symbol,
            side=side,
            kind=kind,
            tif=tif,
            client_order_id=params.matching("clOrdId", _CLIENT_ID) or UNNAMED + self._new_id(),
            amount=zero if is_by_value else size,
            price=zero if is_market else params.number("px"),
            quote_amount=size if is_by_value else zero,
            tag=params.matching("tag", TAG),
        )

    def _named(self, account: int, market: Market, params: Params) -> OrderRecord | None:
        """By `ordId`, which wins, or `clOrdId`."""
        if params.get("ordId"):
            number = params.whole("ordId", 0)
            return self._exchange.files.by_order_id(account, market.symbol, number)
        if not params.get("clOrdId"):
            raise OkxApiError(*ID_NEEDED)
        return self._exchange.files.by_client_id(account, market.symbol, params.get("clOrdId"))

    def _page(self, params: Params, orders: list[OrderRecord]) -> list[Json]:
        after, before = params.whole("after", 1 << 62), params.whole("before", -1)
        found = [order for order in orders if before < order.order_id < after]
        found.sort(key=lambda order: -order.order_id)
        count = min(params.whole("limit", PAGE_MAX), PAGE_MAX)
        return [self._state(order) for order in found[:count]]

    def _state(self, order: OrderRecord) -> Json:
        return order_state(order, self._rate(order.symbol, is_maker=False))

    def _item(self, number: str, given: str, error: OkxApiError | None, text: str = "") -> Json:
        return {
            "ordId": number,
            "clOrdId": given,
            "tag": "",
            "sCode": error.code if error else "0",
            "sMsg": error.text if error else text,
            "subCode": "",
            "ts": ms_text(self._market_api.now_ns()),
        }

    def _symbols(self, params: Params) -> list[Symbol]:
        if params.get("instId"):
            return [self._market_api.market(params).symbol]
        return list(self._exchange.markets)

    def _instrument(self, symbol: Symbol) -> Instrument:
        return self._exchange.markets[symbol].instrument

    def _rate(self, symbol: Symbol, *, is_maker: bool) -> Decimal:
        given = self._instrument(symbol)
        return given.maker_fee_rate if is_maker else given.taker_fee_rate
