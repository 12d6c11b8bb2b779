"""Binance's REST front: routes, status codes, headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

import msgspec

from adapters.simulated.binance.errors import ApiError
from adapters.simulated.binance.operations import Gate, Operation
from adapters.simulated.binance.params import rest_params
from adapters.simulated.wire import HttpReply, HttpRequest

ROUTES: dict[tuple[str, str], str] = {
    ("GET", "/api/v3/ping"): "ping",
    ("GET", "/api/v3/time"): "time",
    ("GET", "/api/v3/exchangeInfo"): "exchangeInfo",
    ("GET", "/api/v3/depth"): "depth",
    ("GET", "/api/v3/trades"): "trades.recent",
    ("GET", "/api/v3/historicalTrades"): "trades.historical",
    ("GET", "/api/v3/aggTrades"): "trades.aggregate",
    ("GET", "/api/v3/ticker/24hr"): "ticker.24hr",
    ("GET", "/api/v3/klines"): "klines",
    ("GET", "/api/v3/uiKlines"): "uiKlines",
    ("GET", "/api/v3/ticker"): "ticker",
    ("GET", "/api/v3/ticker/tradingDay"): "ticker.tradingDay",
    ("GET", "/api/v3/avgPrice"): "avgPrice",
    ("GET", "/api/v3/ticker/price"): "ticker.price",
    ("GET", "/api/v3/ticker/bookTicker"): "ticker.book",
    ("POST", "/api/v3/order"): "order.place",
    ("POST", "/api/v3/order/cancelReplace"): "order.cancelReplace",
    ("POST", "/api/v3/order/test"): "order.test",
    ("DELETE", "/api/v3/order"): "order.cancel",
    ("GET", "/api/v3/order"): "order.status",
    ("GET", "/api/v3/openOrders"): "openOrders.status",
    ("DELETE", "/api/v3/openOrders"): "openOrders.cancelAll",
    ("GET", "/api/v3/allOrders"): "allOrders",
    ("GET", "/api/v3/myTrades"): "myTrades",
    ("GET", "/api/v3/account"): "account.status",
    ("GET", "/api/v3/account/commission"): "account.commission",
    ("GET", "/api/v3/rateLimit/order"): "account.rateLimits.orders",
    # What stock clients ask the wallet for before they trade: there is little to tell.
    ("GET", "/sapi/v1/system/status"): "wallet.system",
    ("GET", "/sapi/v1/account/status"): "wallet.account",
    ("GET", "/sapi/v1/asset/tradeFee"): "wallet.fees",
    ("GET", "/sapi/v1/capital/config/getall"): "wallet.nothing",
    ("GET", "/sapi/v1/margin/allPairs"): "wallet.nothing",
    ("GET", "/sapi/v1/margin/isolated/allPairs"): "wallet.nothing",
}
_GONE = "/api/v3/userDataStream"
_GONE_PAGE = b"<html><head><title>410 Gone</title></head><body>410 Gone</body></html>"
JSON = ("content-type", "application/json;charset=UTF-8")


@final
class RestFront:
    """Requests in, replies out; never raises for what a client sent."""

    def __init__(
        self, gate: Gate, operations: Mapping[str, Operation], now_ms: Callable[[], int]
    ) -> None:
        self._gate, self._operations, self._now_ms = gate, operations, now_ms
        self._paths = {path for _, path in ROUTES}

    def request(self, request: HttpRequest) -> HttpReply:
        """Answers one request."""
        if request.path == _GONE:
            return HttpReply(410, _GONE_PAGE, (("content-type", "text/html"),))
        name = ROUTES.get((request.method, request.path))
        if name is None:
            status = 405 if request.path in self._paths else 404
            return HttpReply(status, b"", (JSON,))
        try:
            params = rest_params(request.query, request.body)
            result = self._gate.run(
                self._operations[name], params, request.headers.get("x-mbx-apikey")
            )
        except ApiError as error:
            return self._reply(error.status, error.body(), retry_after_s=error.retry_after_s)
        return self._reply(200, result, is_order=self._operations[name].is_order)

    def _reply(
        self,
        status: int,
        body: object,
        *,
        retry_after_s: int | None = None,
        is_order: bool = False,
    ) -> HttpReply:
        now_ms = self._now_ms()
        used = str(self._gate.limits.used_weight(now_ms))
        headers = [
            JSON,
            ("server", "nginx"),
            ("x-mbx-used-weight", used),
            ("x-mbx-used-weight-1m", used),
            ("cache-control", "no-cache, no-store, must-revalidate"),
        ]
        if is_order:
            short, day = self._gate.limits.order_counts(now_ms)
            headers.append(("x-mbx-order-count-10s", str(short)))
            headers.append(("x-mbx-order-count-1d", str(day)))
        if retry_after_s is not None:
            headers.append(("retry-after", str(retry_after_s)))
        return HttpReply(status, msgspec.json.encode(body), tuple(headers))
