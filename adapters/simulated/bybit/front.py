"""Bybit's whole protocol in front of one exchange: REST, and its three websockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, final

import msgspec
from attrs import frozen

from adapters.simulated.bybit.auth import authenticate
from adapters.simulated.bybit.batches import AMEND, CANCEL, CREATE, Batch, BatchApi
from adapters.simulated.bybit.disconnection import DisconnectionProtection
from adapters.simulated.bybit.errors import TOO_FAST, BybitApiError
from adapters.simulated.bybit.market_api import MarketApi
from adapters.simulated.bybit.sessions import PrivateSession, PublicSession, Services
from adapters.simulated.bybit.streams import PublicHub
from adapters.simulated.bybit.trade_api import TradeApi
from adapters.simulated.bybit.trade_socket import TradeSession
from adapters.simulated.bybit.user import UserHub
from adapters.simulated.bybit.wallet import WalletApi
from adapters.simulated.credential import Credential
from adapters.simulated.engine_queue import PlaceOrder
from adapters.simulated.exchange import Exchange
from adapters.simulated.sliding_limits import SlidingLimits
from adapters.simulated.text_params import Params, body_params, query_params
from adapters.simulated.wire import HttpReply, HttpRequest, SocketSession, TextSink
from supervisors.clock import Clock
from supervisors.entropy import Dice

_JSON = ("content-type", "application/json; charset=utf-8")
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 16
_NS_PER_MS = 1_000_000
_WINDOW_NS = 1_000_000_000
_PREFIX: Final = "/v5"


@frozen
class _Private:
    """`limit` requests of one account a second."""

    run: Callable[[int, Params], object]
    limit: int


_Public = Callable[[Params], object]


@final
class BybitFront:
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
        batches = BatchApi(trade, self._take)
        self._public = _public(market)
        self._private = _private(trade, WalletApi(exchange), batches)
        self._hub = PublicHub(exchange, market)
        self._users = UserHub(exchange, clock)
        self._guard = DisconnectionProtection(exchange, clock, self._users.is_guarded)
        self._private |= _guarding(self._guard)
        self._services = Services(self._hub, self._users, credentials.get, clock.now_ns)

    def request(self, request: HttpRequest) -> HttpReply:
        """REST; every reply is JSON, and errors are HTTP 200 mostly."""
        try:
            return self._answered(request)
        except BybitApiError as error:
            return self._reply(error.code, error.text, {}, status=error.status)

    def open_session(self, request: HttpRequest, outbox: TextSink) -> SocketSession | None:
        """None for any path but the three."""
        number = self._new_id()
        match request.path:
            case "/v5/public/spot":
                return PublicSession(self._services, outbox, number)
            case "/v5/private":
                return PrivateSession(self._services, outbox, number)
            case "/v5/trade":
                credential, now_ns = self._credentials.get, self._clock.now_ns
                after = self._users.after
                return TradeSession(credential, now_ns, self._operate, after, outbox, number)
            case _:
                return None

    def tick(self, now_ns: int) -> None:
        """Sends what is due by the clock."""
        self._hub.tick(now_ns)
        self._guard.tick(now_ns)

    def _operate(
        self, account: int, path: str, values: dict[str, object]
    ) -> tuple[object, dict[str, object]]:
        """An order operation by websocket, out of the same budget."""
        endpoint, now_ns = self._private["POST", path], self._clock.now_ns()
        if not self._take(account, path):
            raise BybitApiError(*TOO_FAST)
        left = self._limits.left((account, path), endpoint.limit, now_ns)
        budget = _budget(endpoint.limit, left, now_ns)
        header: dict[str, object] = {name.title(): text for name, text in budget}
        header["Timenow"] = str(now_ns // _NS_PER_MS)
        return endpoint.run(account, Params(values, _complain)), header

    def _take(self, account: int, path: str) -> bool:
        limit = self._private["POST", path].limit
        return self._limits.take((account, path), limit, self._clock.now_ns())

    def _answered(self, request: HttpRequest) -> HttpReply:
        path = request.path.removeprefix(_PREFIX) if request.path.startswith(_PREFIX) else ""
        public = self._public.get(path) if request.method == "GET" else None
        if public is not None:
            return self._reply(0, "OK", public(query_params(request.query, _complain)))
        private = self._private.get((request.method, path))
        if private is None:
            raise BybitApiError(10017, "Route not found.", status=404)
        return self._signed(private, path, request)

    def _signed(self, endpoint: _Private, path: str, request: HttpRequest) -> HttpReply:
        now_ns = self._clock.now_ns()
        account = authenticate(request, self._credentials, now_ns // _NS_PER_MS).account
        key = (account, path)
        if not self._limits.take(key, endpoint.limit, now_ns):
            # Where it may go on must lie ahead: a client sleeps until then.
            headers = _budget(endpoint.limit, 0, now_ns + _WINDOW_NS)
            return self._reply(*TOO_FAST, {}, headers=headers)
        left = self._limits.left(key, endpoint.limit, now_ns)
        headers = _budget(endpoint.limit, left, now_ns)
        try:
            result = endpoint.run(account, _params_of(request))
        except BybitApiError as error:
            return self._reply(error.code, error.text, {}, headers=headers)
        return self._reply(0, "OK", result, headers=headers)

    def _reply(
        self,
        code: int,
        text: str,
        result: object,
        *,
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> HttpReply:
        told, more = result if isinstance(result, Batch) else (result, {})
        body = {
            "retCode": code,
            "retMsg": text,
            "result": told,
            "retExtInfo": more,
            "time": self._clock.now_ns() // _NS_PER_MS,
        }
        return HttpReply(status, msgspec.json.encode(body), (_JSON, *headers))

    def _new_id(self) -> str:
        return "".join(self._dice.choices(_ID_LETTERS, k=_ID_LENGTH))


def _complain(name: str, *, is_missing: bool) -> Exception:
    problem = "is missing" if is_missing else "is invalid"
    return BybitApiError(10001, f"Request parameter error: {name} {problem}")


def _params_of(request: HttpRequest) -> Params:
    if request.method == "GET":
        return query_params(request.query, _complain)
    items = body_params(request.body, _complain)
    if items is None or len(items) != 1:
        raise BybitApiError(10001, "Request parameter error: the body is no JSON object")
    return items[0]


def _budget(limit: int, left: int, reset_ns: int) -> tuple[tuple[str, str], ...]:
    return (
        ("x-bapi-limit", str(limit)),
        ("x-bapi-limit-status", str(left)),
        ("x-bapi-limit-reset-timestamp", str(reset_ns // _NS_PER_MS)),
    )


def _public(api: MarketApi) -> dict[str, _Public]:
    return {
        "/market/time": api.time,
        "/market/instruments-info": api.instruments,
        "/market/orderbook": api.order_book,
        "/market/recent-trade": api.trades,
        "/market/tickers": api.tickers,
        "/market/kline": api.klines,
        "/market/price-limit": api.price_limit,
        "/system/status": lambda _: {"list": []},
    }


def _guarding(guard: DisconnectionProtection) -> dict[tuple[str, str], _Private]:
    return {
        ("POST", "/order/disconnected-cancel-all"): _Private(guard.set, 5),
        ("GET", "/account/query-dcp-info"): _Private(guard.info, 5),
    }


def _private(
    api: TradeApi, wallet: WalletApi, batches: BatchApi
) -> dict[tuple[str, str], _Private]:
    return {
        ("POST", "/order/create"): _Private(api.create, 20),
        ("POST", "/order/amend"): _Private(api.amend, 10),
        ("POST", "/order/cancel"): _Private(api.cancel, 20),
        ("POST", "/order/cancel-all"): _Private(api.cancel_all, 20),
        ("POST", CREATE): _Private(batches.create, 20),
        ("POST", AMEND): _Private(batches.amend, 20),
        ("POST", CANCEL): _Private(batches.cancel, 20),
        ("GET", "/order/realtime"): _Private(api.realtime, 50),
        ("GET", "/order/history"): _Private(api.history, 50),
        ("GET", "/execution/list"): _Private(api.executions, 50),
        ("GET", "/account/wallet-balance"): _Private(wallet.wallet, 50),
        ("GET", "/asset/transfer/query-account-coins-balance"): _Private(wallet.transferable, 5),
        ("GET", "/position/list"): _Private(api.positions, 50),
        ("GET", "/account/info"): _Private(api.info, 50),
        ("GET", "/account/fee-rate"): _Private(api.fees, 5),
        ("GET", "/user/query-api"): _Private(api.key, 10),
        ("GET", "/asset/coin/query-info"): _Private(api.coins, 5),
    }
