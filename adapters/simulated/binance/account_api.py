"""Binance's signed trading and account calls, as REST and the WS-API share them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar, final

from adapters.simulated.binance.errors import ENGINE_TIMEOUT, ApiError, error_of
from adapters.simulated.binance.limits import Limits
from adapters.simulated.binance.market_api import MarketApi
from adapters.simulated.binance.orders import read_order, read_response_type
from adapters.simulated.binance.params import Params
from adapters.simulated.binance.replacement import replace
from adapters.simulated.binance.wire import (
    Json,
    account_trade,
    decimal_text,
    ms,
    order_ack,
    order_canceled,
    order_full,
    order_result,
    order_state,
)
from adapters.simulated.engine_queue import OrderQueuedError, PlaceOrder
from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Market
from adapters.simulated.orders import OrderRecord, RecordStatus, Refusal, RefusedError
from bot3.domain.instrument import Instrument

_SHAPES = {"ACK": order_ack, "RESULT": order_result, "FULL": order_full}
_RESTRICTIONS = {
    "ONLY_NEW": RecordStatus.NEW,
    "ONLY_PARTIALLY_FILLED": RecordStatus.PARTIALLY_FILLED,
}
T = TypeVar("T")
_DAY_MS = 86_400_000
_BASIS_POINTS = 10_000
_NO_RATES = {name: decimal_text(Decimal(0)) for name in ("maker", "taker", "buyer", "seller")}
_NO_DISCOUNT: Json = {
    "enabledForAccount": False,
    "enabledForSymbol": False,
    "discountAsset": "BNB",
    "discount": decimal_text(Decimal("0.75")),
}


@final
class AccountApi:
    """Every method takes (account, parameters) and returns what goes into JSON."""

    def __init__(
        self,
        exchange: Exchange,
        market_api: MarketApi,
        limits: Limits,
        new_id: Callable[[], str],
        *,
        place: PlaceOrder,
    ) -> None:
        self._exchange, self._market_api, self._place = exchange, market_api, place
        self._limits, self._new_id = limits, new_id

    def place(self, account: int, params: Params) -> Json:
        request = read_order(params, self._market_api.market(params).symbol, self._new_id)
        shape = _SHAPES[read_response_type(params, request.kind)]
        try:
            return shape(self._place(account, request))
        except RefusedError as error:
            raise error_of(error.refusal) from None
        except OrderQueuedError:
            raise ApiError(*ENGINE_TIMEOUT, status=504) from None

    def test(self, account: int, params: Params) -> Json:
        request = read_order(params, self._market_api.market(params).symbol, self._new_id)
        read_response_type(params, request.kind)
        try:
            self._exchange.check(account, request)
        except RefusedError as error:
            raise error_of(error.refusal) from None
        if params.optional("computeCommissionRates") != "true":
            return {}
        standard = _rates(self._market_api.market(params).instrument)
        rates = {"standard": standard, "special": _NO_RATES, "tax": _NO_RATES}
        return {
            f"{kind}CommissionForOrder": {name: given[name] for name in ("maker", "taker")}
            for kind, given in rates.items()
        } | {"discount": _NO_DISCOUNT}

    def cancel(self, account: int, params: Params) -> Json:
        market = self._market_api.market(params)
        cancel_id = params.client_id("newClientOrderId") or self._new_id()
        restriction = params.optional("cancelRestrictions")
        if restriction is not None and restriction not in _RESTRICTIONS:
            raise ApiError(-1145, "Invalid cancelRestrictions")
        order = self._find(account, market, params)
        if order is None or not order.status.is_open or not _is_meant(order, params):
            raise error_of(Refusal.UNKNOWN_ORDER)
        if restriction is not None and order.status is not _RESTRICTIONS[restriction]:
            raise error_of(Refusal.RESTRICTED_CANCEL)
        self._exchange.cancel(account, market.symbol, order.order_id, cancel_id)
        return order_canceled(order, cancel_id)

    def replace(self, account: int, params: Params) -> Json:
        return replace(
            params,
            lambda: self.test(account, params),
            lambda old: self.cancel(account, old),
            lambda: self.place(account, params),
        )

    def cancel_all(self, account: int, params: Params) -> list[Json]:
        market = self._market_api.market(params)
        cancel_id = self._new_id()
        orders = self._exchange.cancel_all(account, market.symbol, cancel_id)
        if not orders:
            raise error_of(Refusal.UNKNOWN_ORDER)
        return [order_canceled(order, cancel_id) for order in orders]

    def status(self, account: int, params: Params) -> Json:
        order = self._find(account, self._market_api.market(params), params)
        if order is None:
            raise ApiError(-2013, "Order does not exist.")
        if not _is_meant(order, params):
            raise ApiError(-2039, "Client order ID is not correct for this order ID.")
        return order_state(order)

    def open_orders(self, account: int, params: Params) -> list[Json]:
        symbol = self._market_api.market(params).symbol if params.has("symbol") else None
        return [order_state(order) for order in self._exchange.files.open_of(account, symbol)]

    def all_orders(self, account: int, params: Params) -> list[Json]:
        market = self._market_api.market(params)
        first_id, (start, end) = params.integer("orderId"), _span(params)
        limit = params.limit(500, 1_000)
        orders = [
            order
            for order in self._exchange.files.all_of(account, market.symbol)
            if order.order_id >= (first_id or 0) and start <= ms(order.created_ns) <= end
        ]
        is_forward = first_id is not None or params.has("startTime")
        return [order_state(order) for order in _page(orders, limit, is_forward=is_forward)]

    def my_trades(self, account: int, params: Params) -> list[Json]:
        market = self._market_api.market(params)
        order_id, from_id = params.integer("orderId"), params.integer("fromId")
        has_times = params.has("startTime") or params.has("endTime")
        if has_times and (order_id is not None or from_id is not None):
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        start, end = _span(params)
        limit = params.limit(500, 1_000)
        trades = [
            trade
            for trade in self._exchange.files.trades_of(account, market.symbol)
            if order_id in {None, trade.order_id}
            and trade.trade_id >= (from_id or 0)
            and start <= ms(trade.ts_ns) <= end
        ]
        is_forward = from_id is not None or params.has("startTime")
        return [account_trade(trade) for trade in _page(trades, limit, is_forward=is_forward)]

    def account(self, account: int, params: Params) -> Json:
        accounts = self._exchange.accounts
        balances = [
            {
                "asset": asset,
                "free": decimal_text(accounts.free(account, asset)),
                "locked": decimal_text(accounts.held(account, asset)),
            }
            for asset in accounts.assets(account)
            if params.optional("omitZeroBalances") != "true"
            or accounts.free(account, asset) + accounts.held(account, asset)
        ]
        instrument = next(iter(self._market_api.markets.values())).instrument
        return {
            "makerCommission": int(instrument.maker_fee_rate * _BASIS_POINTS),
            "takerCommission": int(instrument.taker_fee_rate * _BASIS_POINTS),
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": _rates(instrument),
            "canTrade": True,
            "canWithdraw": False,
            "canDeposit": False,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": self._market_api.now_ms(),
            "accountType": "SPOT",
            "balances": balances,
            "permissions": ["SPOT"],
            "uid": account,
        }

    def commission(self, _account: int, params: Params) -> Json:
        market = self._market_api.market(params)
        return {
            "symbol": market.wire_symbol,
            "standardCommission": _rates(market.instrument),
            "specialCommission": _NO_RATES,
            "taxCommission": _NO_RATES,
            "discount": _NO_DISCOUNT,
        }

    def fees(self, _account: int, params: Params) -> list[Json]:
        """`/sapi/v1/asset/tradeFee`, of one instrument or of all."""
        markets = self._market_api.markets
        chosen = [self._market_api.market(params)] if params.has("symbol") else markets.values()
        return [
            {
                "symbol": market.wire_symbol,
                "makerCommission": str(market.instrument.maker_fee_rate),
                "takerCommission": str(market.instrument.taker_fee_rate),
            }
            for market in chosen
        ]

    def nothing(self, _account: int, _params: Params) -> list[Json]:
        """No coins to deposit, no margin pairs."""
        return []

    def order_limits(self, _account: int, _params: Params) -> list[Json]:
        return self._limits.order_limits(self._market_api.now_ms())

    def _find(self, account: int, market: Market, params: Params) -> OrderRecord | None:
        order_id = params.integer("orderId")
        client_id = params.optional("origClientOrderId")
        if order_id is not None:
            return self._exchange.files.by_order_id(account, market.symbol, order_id)
        if client_id is None:
            raise ApiError(
                -1102,
                "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
            )
        return self._exchange.files.by_client_id(account, market.symbol, client_id)


def _is_meant(order: OrderRecord, params: Params) -> bool:
    """False where both ids were sent and are not of one order."""
    return params.optional("origClientOrderId") in {None, order.request.client_order_id}


def _span(params: Params) -> tuple[int, int]:
    """(start, end) in ms; raises `ApiError` -1127 for more than a day."""
    start, end = params.integer("startTime"), params.integer("endTime")
    if start is not None and end is not None and end - start > _DAY_MS:
        raise ApiError(-1127, "More than 24 hours between startTime and endTime.")
    return start or 0, end if end is not None else 1 << 62


def _page(rows: list[T], limit: int, *, is_forward: bool) -> list[T]:
    return rows[:limit] if is_forward else rows[-limit:]


def _rates(instrument: Instrument) -> dict[str, str]:
    return {
        **_NO_RATES,
        "maker": decimal_text(instrument.maker_fee_rate),
        "taker": decimal_text(instrument.taker_fee_rate),
    }
