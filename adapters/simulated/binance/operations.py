"""What Binance can be asked for: weights, security, parameters, and who answers.

One table, two ways in: REST paths and WS-API methods name the same operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

from attrs import frozen

from adapters.simulated.binance.account_api import AccountApi
from adapters.simulated.binance.auth import authenticate
from adapters.simulated.binance.errors import ApiError
from adapters.simulated.binance.limits import Limits
from adapters.simulated.binance.market_api import MarketApi
from adapters.simulated.binance.params import AUTH_NAMES, Params
from adapters.simulated.binance.replacement import CANCEL_REPLACE
from adapters.simulated.credential import Credential

_ORDER_TERMS = ("symbol", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price")
_ORDER_OPTIONS = ("newClientOrderId", "newOrderRespType", "selfTradePreventionMode")
_ORDER_UNSUPPORTED = ("icebergQty", "stopPrice", "trailingDelta")  # refused with their own words
_ORDER = frozenset((*_ORDER_TERMS, *_ORDER_OPTIONS, *_ORDER_UNSUPPORTED))
_LOOKUP = frozenset({"symbol", "orderId", "origClientOrderId"})
_SPAN = frozenset({"symbol", "orderId", "startTime", "endTime", "limit"})
_SYMBOLS = frozenset({"symbol", "symbols"})
_INFO = frozenset({"permissions", "showPermissionSets"})


_DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50), (5_000, 250))


def _one(_params: Params) -> int:
    return 1


@frozen
class Operation:
    """`run` takes (account, parameters); account 0 stands for nobody.

    A free operation costs its weight only when it fails; an order counts against the order limits.
    """

    run: Callable[[int, Params], object]
    allowed: frozenset[str] = frozenset()
    weight: Callable[[Params], int] = _one
    is_signed: bool = False
    is_free: bool = False
    is_order: bool = False


def operations(market: MarketApi, account: AccountApi) -> dict[str, Operation]:
    """Every operation by its WS-API method name."""
    return {**_public(market), **_private(account)}


def _public(api: MarketApi) -> dict[str, Operation]:
    def public(
        run: Callable[[Params], object],
        allowed: frozenset[str] = frozenset(),
        weight: Callable[[Params], int] = _one,
    ) -> Operation:
        return Operation(lambda _, params: run(params), allowed, weight)

    limited = frozenset({"symbol", "limit"})
    klines = limited | {"interval", "startTime", "endTime", "timeZone"}
    return {
        "ping": public(api.ping),
        "time": public(api.time),
        "exchangeInfo": public(api.exchange_info, _SYMBOLS | _INFO, _weigh(20)),
        "depth": public(api.depth, limited, _depth_weight),
        "trades.recent": public(api.trades, limited, _weigh(25)),
        "trades.historical": public(api.historical_trades, limited | {"fromId"}, _weigh(25)),
        "trades.aggregate": public(
            api.aggregate_trades, limited | {"fromId", "startTime", "endTime"}, _weigh(4)
        ),
        "ticker.24hr": public(api.ticker_day, _SYMBOLS | {"type"}, _day_weight),
        "ticker": public(api.ticker_window, _SYMBOLS | {"type", "windowSize"}, _window_weight),
        "ticker.tradingDay": public(
            api.ticker_trading_day, _SYMBOLS | {"type", "timeZone"}, _window_weight
        ),
        "klines": public(api.klines, klines, _weigh(2)),
        "uiKlines": public(api.klines, klines, _weigh(2)),
        "avgPrice": public(api.average_price, frozenset({"symbol"}), _weigh(2)),
        "ticker.price": public(api.ticker_price, _SYMBOLS, _ticker_weight),
        "ticker.book": public(api.ticker_book, _SYMBOLS, _ticker_weight),
    }


def _private(api: AccountApi) -> dict[str, Operation]:
    def signed(
        run: Callable[[int, Params], object],
        allowed: frozenset[str],
        weight: Callable[[Params], int] = _one,
    ) -> Operation:
        return Operation(run, allowed | AUTH_NAMES, weight, is_signed=True)

    def trade(
        run: Callable[[int, Params], object], allowed: frozenset[str], *, is_order: bool = False
    ) -> Operation:
        names = allowed | AUTH_NAMES
        return Operation(run, names, is_signed=True, is_free=True, is_order=is_order)

    symbol = frozenset({"symbol"})
    return {
        "order.place": trade(api.place, _ORDER, is_order=True),
        "order.test": signed(api.test, _ORDER | {"computeCommissionRates"}),
        "order.cancel": trade(api.cancel, _LOOKUP | {"newClientOrderId", "cancelRestrictions"}),
        "order.cancelReplace": trade(api.replace, _ORDER | CANCEL_REPLACE, is_order=True),
        "openOrders.cancelAll": trade(api.cancel_all, symbol),
        "order.status": signed(api.status, _LOOKUP, _weigh(4)),
        "openOrders.status": signed(api.open_orders, symbol, _open_orders_weight),
        "allOrders": signed(api.all_orders, _SPAN, _weigh(20)),
        "myTrades": signed(api.my_trades, _SPAN | {"fromId"}, _trades_weight),
        "account.status": signed(api.account, frozenset({"omitZeroBalances"}), _weigh(20)),
        "account.commission": signed(api.commission, symbol, _weigh(20)),
        "wallet.fees": signed(api.fees, symbol),
        "wallet.nothing": signed(api.nothing, frozenset()),
        "wallet.system": Operation(lambda *_: {"status": 0, "msg": "normal"}),
        "wallet.account": signed(lambda *_: {"data": "Normal"}, frozenset()),
        "account.rateLimits.orders": signed(api.order_limits, frozenset(), _weigh(40)),
    }


@final
class Gate:
    """Runs operations behind limits and signatures; raises `ApiError`."""

    def __init__(
        self, limits: Limits, credentials: Mapping[str, Credential], now_ms: Callable[[], int]
    ) -> None:
        self.limits = limits
        self._credentials, self._now_ms = credentials, now_ms

    def run(self, operation: Operation, params: Params, key: str | None) -> object:
        """The operation's result. A refused request costs its weight too."""
        now_ms = self._now_ms()
        weight = operation.weight(params)
        self.limits.check_weight(weight, now_ms)
        if not operation.is_free:
            self.limits.charge(weight, now_ms)
        try:
            return self._run(operation, params, key, now_ms)
        except ApiError:
            if operation.is_free:
                self.limits.charge(weight, now_ms)
            raise

    def account_of(self, params: Params, key: str | None) -> int:
        """Who signed; raises `ApiError`."""
        return authenticate(params, key, self._credentials, self._now_ms()).account

    def _run(self, operation: Operation, params: Params, key: str | None, now_ms: int) -> object:
        account = self.account_of(params, key) if operation.is_signed else 0
        params.refuse_unknown(operation.allowed)
        if operation.is_order:
            self.limits.check_order(now_ms)
        result = operation.run(account, params)
        if operation.is_order:
            self.limits.count_order(now_ms)
        return result


def _weigh(weight: int) -> Callable[[Params], int]:
    return lambda _: weight


def _depth_weight(params: Params) -> int:
    limit = params.limit(100, 5_000)
    return next(
        cost for most, cost in ((100, 5), (500, 25), (1_000, 50), (5_000, 250)) if limit <= most
    )


def _ticker_weight(params: Params) -> int:
    return 2 if params.has("symbol") else 4


def _day_weight(params: Params) -> int:
    if params.has("symbol"):
        return 2
    names = params.values.get("symbols", "").count(",") + 1 if params.has("symbols") else 101
    return next((cost for most, cost in ((20, 2), (100, 40)) if names <= most), 80)


def _window_weight(params: Params) -> int:
    names = params.values.get("symbols", "").count(",") + 1
    return min(4 * names, 200)


def _open_orders_weight(params: Params) -> int:
    return 6 if params.has("symbol") else 80


def _trades_weight(params: Params) -> int:
    return 5 if params.has("orderId") else 20
