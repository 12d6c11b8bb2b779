"""OKX's whole protocol in front of one exchange: REST, and its three websockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, final

import msgspec
from attrs import frozen

from adapters.net.decimals import whole
from adapters.simulated.credential import Credential
from adapters.simulated.engine_queue import PlaceOrder
from adapters.simulated.exchange import Exchange
from adapters.simulated.okx.auth import authenticate
from adapters.simulated.okx.balances import BalanceApi
from adapters.simulated.okx.cancel_after import PATH as CANCEL_AFTER
from adapters.simulated.okx.cancel_after import CancelAllAfter
from adapters.simulated.okx.errors import EXPIRED, TOO_FAST, OkxApiError, bad
from adapters.simulated.okx.market_api import MarketApi
from adapters.simulated.okx.order_socket import OrderSocket
from adapters.simulated.okx.session import OkxSession, Services
from adapters.simulated.okx.streams import PublicHub
from adapters.simulated.okx.trade_api import BATCH_MAX, TradeApi
from adapters.simulated.okx.user import UserHub
from adapters.simulated.sliding_limits import SlidingLimits
from adapters.simulated.text_params import Params, body_params, query_params
from adapters.simulated.wire import HttpReply, HttpRequest, SocketSession, TextSink
from supervisors.clock import Clock
from supervisors.entropy import Dice

_JSON = ("content-type", "application/json; charset=utf-8")
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 16
_NS_PER_US = 1_000
_WINDOW_NS = 2_000_000_000
_NS_PER_MS = 1_000_000


@frozen
class _Public:
    """`limit` requests of one address within two seconds."""

    run: Callable[[Params], object]
    limit: int


@frozen
class _Private:
    """`limit` of one account. `is_action`: a POST of one or several items, each with a verdict;
    `has_body`: a POST that is answered like a question, for each of its tags.
    """

    run: Callable[[int, Params], object]
    limit: int
    is_action: bool = False
    is_batch: bool = False
    can_expire: bool = False
    has_body: bool = False


_Endpoint = _Public | _Private
_PREFIX: Final = "/api/v5"
_SOCKETS: Final = "/ws/v5/"
_SOCKET_NAMES: Final = frozenset({"public", "private", "business"})
_HEX: Final = "0123456789abcdef"
_NUMBER_LENGTH: Final = 8


@final
class OkxFront:
    """A `WireFront`. `place` is the way of accepted orders where it is not the straight one."""

    def __init__(
        self,
        exchange: Exchange,
        credentials: Mapping[str, Credential],
        *,
        clock: Clock,
        dice: Dice,
        place: PlaceOrder | None = None,
    ) -> None:
        self._clock, self._credentials, self._dice = clock, credentials, dice
        self._limits = SlidingLimits(_WINDOW_NS)
        market = MarketApi(exchange, clock)
        trade = TradeApi(exchange, market, self._new_id, place=place or exchange.place)
        self._hub = PublicHub(exchange, market)
        orders = OrderSocket(trade, market, _complain, self._count)
        self._services = Services(
            self._hub, UserHub(exchange, clock), credentials.get, orders.run, clock.now_ns
        )
        self._sessions: dict[OkxSession, None] = {}
        self._idle_ns = 0  # nobody is idle before
        self._timers = CancelAllAfter(exchange, clock)
        balances = BalanceApi(exchange, market)
        self._endpoints: dict[tuple[str, str], _Endpoint] = {
            **_public(market),
            **_private(trade, market, balances),
            ("POST", CANCEL_AFTER): _Private(self._timers.set, 2, has_body=True),
        }
        self._paths = {path for _, path in self._endpoints}

    def request(self, request: HttpRequest) -> HttpReply:
        """REST; every reply is JSON."""
        path = request.path.removeprefix(_PREFIX)
        try:
            endpoint = self._endpoint(request, path)
            if isinstance(endpoint, _Public):
                return self._asked(endpoint, path, request)
            return self._signed(endpoint, path, request)
        except OkxApiError as error:
            body = {"code": error.code, "data": [], "msg": error.text}
            return HttpReply(error.status, msgspec.json.encode(body), (_JSON,))

    def open_session(self, request: HttpRequest, outbox: TextSink) -> SocketSession | None:
        """None for any path but the three."""
        path = request.path.removeprefix(_SOCKETS)
        if not request.path.startswith(_SOCKETS) or path not in _SOCKET_NAMES:
            return None
        number = "".join(self._dice.choices(_HEX, k=_NUMBER_LENGTH))
        session = OkxSession(path, self._services, outbox, number, self._sessions.pop)
        self._sessions[session] = None
        return session

    def tick(self, now_ns: int) -> None:
        """Sends what is due by the clock, and closes who is silent."""
        self._hub.tick(now_ns)
        self._timers.tick(now_ns)
        if now_ns > self._idle_ns:
            until_ns = [session.tick(now_ns) for session in self._sessions]
            self._idle_ns = min(until_ns, default=now_ns)

    def _endpoint(self, request: HttpRequest, path: str) -> _Endpoint:
        endpoint = self._endpoints.get((request.method, path))
        if endpoint is None or not request.path.startswith(_PREFIX):
            code, status = ("50115", 405) if path in self._paths else ("50404", 404)
            raise OkxApiError(code, "Invalid request path or method", status=status)
        return endpoint

    def _asked(self, endpoint: _Public, path: str, request: HttpRequest) -> HttpReply:
        params = query_params(request.query, _complain)
        self._count((path, params.get("instType")), endpoint.limit)
        return _reply({"code": "0", "data": endpoint.run(params), "msg": ""})

    def _signed(self, endpoint: _Private, path: str, request: HttpRequest) -> HttpReply:
        now_ns = self._clock.now_ns()
        account = authenticate(request, self._credentials, now_ns // _NS_PER_MS).account
        if not endpoint.is_action:
            params = query_params(request.query, _complain)
            if endpoint.has_body:
                params = next(iter(_items_of(request)), params)
            self._count((account, path, params.get("tag")), endpoint.limit)
            return _reply({"code": "0", "data": endpoint.run(account, params), "msg": ""})
        items = _items_of(request)
        if len(items) > (BATCH_MAX if endpoint.is_batch else 1):
            raise OkxApiError("51111", "Parameter batch orders count is too large", status=400)
        for item in items:
            self._count((account, path, item.get("instId")), endpoint.limit)
        expiry_ms = whole(request.headers.get("exptime", ""))
        is_over = expiry_ms is not None and expiry_ms < now_ns // _NS_PER_MS
        if endpoint.can_expire and is_over:
            raise OkxApiError(*EXPIRED, status=400)
        data = [endpoint.run(account, item) for item in items]
        return _reply(_verdict(data) | _times(now_ns))

    def _count(self, key: tuple[object, ...], limit: int) -> None:
        if not self._limits.take(key, limit, self._clock.now_ns()):
            raise OkxApiError(*TOO_FAST, status=429)

    def _new_id(self) -> str:
        return "".join(self._dice.choices(_ID_LETTERS, k=_ID_LENGTH))


def _items_of(request: HttpRequest) -> list[Params]:
    items = body_params(request.body, _complain)
    if items is None:
        raise OkxApiError("50002", "JSON syntax error", status=400)
    return items


def _complain(name: str, *, is_missing: bool) -> Exception:
    if is_missing:
        return OkxApiError("50014", f"Parameter {name} can not be empty", status=400)
    return bad(name)


def _reply(body: dict[str, object]) -> HttpReply:
    return HttpReply(200, msgspec.json.encode(body), (_JSON,))


def _times(now_ns: int) -> dict[str, object]:
    stamp = str(now_ns // _NS_PER_US)
    return {"inTime": stamp, "outTime": stamp}


def _verdict(data: list[object]) -> dict[str, object]:
    """0: all went well, 1: none, 2: some; the items say which."""
    good = sum(isinstance(item, dict) and item["sCode"] == "0" for item in data)
    if good == len(data):
        return {"code": "0", "data": data, "msg": ""}
    if good:
        return {"code": "2", "data": data, "msg": "Bulk operation partially succeeded."}
    return {"code": "1", "data": data, "msg": "All operations failed"}


def _public(api: MarketApi) -> dict[tuple[str, str], _Endpoint]:
    found: dict[str, _Endpoint] = {
        "/public/time": _Public(api.time, 10),
        "/public/instruments": _Public(api.instruments, 20),
        "/market/books": _Public(api.books, 40),
        "/market/ticker": _Public(api.ticker, 20),
        "/market/tickers": _Public(api.tickers, 20),
        "/market/trades": _Public(api.trades, 100),
        "/market/history-trades": _Public(api.history_trades, 20),
        "/market/candles": _Public(api.candles, 40),
        "/market/history-candles": _Public(api.candles, 20),
        "/system/status": _Public(lambda _: [], 1),
    }
    return {("GET", path): endpoint for path, endpoint in found.items()}


def _private(
    api: TradeApi, market: MarketApi, balances: BalanceApi
) -> dict[tuple[str, str], _Endpoint]:
    asked: dict[str, _Endpoint] = {
        "/trade/order": _Private(api.order, 60),
        "/trade/orders-pending": _Private(api.pending, 60),
        "/trade/orders-history": _Private(api.history, 40),
        "/trade/orders-history-archive": _Private(api.history, 20),
        "/trade/fills": _Private(api.fills, 60),
        "/trade/fills-history": _Private(api.fills, 10),
        "/account/balance": _Private(balances.balance, 10),
        "/account/instruments": _Private(lambda _, params: market.instruments(params), 20),
        "/account/positions": _Private(api.nothing, 10),
        "/account/max-size": _Private(balances.max_size, 20),
        "/account/max-avail-size": _Private(balances.max_available, 20),
        "/asset/balances": _Private(api.nothing, 12),
        "/account/config": _Private(api.config, 5),
        "/account/trade-fee": _Private(api.fees, 5),
        "/asset/currencies": _Private(api.nothing, 12),
    }
    done: dict[str, _Endpoint] = {
        "/trade/order": _Private(api.place, 60, is_action=True, can_expire=True),
        "/trade/batch-orders": _Private(
            api.place, 300, is_action=True, is_batch=True, can_expire=True
        ),
        "/trade/amend-order": _Private(api.amend, 60, is_action=True, can_expire=True),
        "/trade/cancel-order": _Private(api.cancel, 60, is_action=True),
        "/trade/cancel-batch-orders": _Private(api.cancel, 300, is_action=True, is_batch=True),
    }
    return {("GET", path): endpoint for path, endpoint in asked.items()} | {
        ("POST", path): endpoint for path, endpoint in done.items()
    }
