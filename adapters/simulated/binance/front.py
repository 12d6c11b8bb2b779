"""Binance's whole protocol in front of one exchange: REST, market streams, WS-API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from adapters.simulated.binance.account_api import AccountApi
from adapters.simulated.binance.limits import Limits, LimitSettings
from adapters.simulated.binance.market_api import MarketApi
from adapters.simulated.binance.operations import Gate, operations
from adapters.simulated.binance.rest import RestFront
from adapters.simulated.binance.stream_session import open_stream_session
from adapters.simulated.binance.streams import StreamHub
from adapters.simulated.binance.user import UserHub
from adapters.simulated.binance.ws_api import WsApiSession
from adapters.simulated.credential import Credential
from adapters.simulated.engine_queue import PlaceOrder
from adapters.simulated.exchange import Exchange
from adapters.simulated.wire import HttpReply, HttpRequest, SocketSession, TextSink
from supervisors.clock import Clock
from supervisors.entropy import Dice

_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 22
_CONNECT_WEIGHT = 2
WS_API_PATH = "/ws-api/v3"


@final
class BinanceFront:
    """A `WireFront`. `tick` must be called at least every 100 ms: streams go by the clock.

    `place` is the way of accepted orders into the exchange, where it is not the straight one.
    """

    def __init__(
        self,
        exchange: Exchange,
        credentials: Mapping[str, Credential],
        *,
        clock: Clock,
        dice: Dice,
        limits: LimitSettings | None = None,
        place: PlaceOrder | None = None,
    ) -> None:
        self._dice = dice
        self._limits = Limits(limits or LimitSettings())
        self._market_api = MarketApi(exchange, self._limits, clock)
        account_api = AccountApi(
            exchange,
            self._market_api,
            self._limits,
            self._new_id,
            place=place or exchange.place,
        )
        self._operations = operations(self._market_api, account_api)
        self._gate = Gate(self._limits, credentials, self._market_api.now_ms)
        self._rest = RestFront(self._gate, self._operations, self._market_api.now_ms)
        self._streams = StreamHub(exchange)
        self._users = UserHub(exchange)

    def request(self, request: HttpRequest) -> HttpReply:
        """REST."""
        return self._rest.request(request)

    def open_session(self, request: HttpRequest, outbox: TextSink) -> SocketSession | None:
        """A websocket: the WS-API, or market streams; None for any other path."""
        if request.path != WS_API_PATH:
            return open_stream_session(request, self._streams, outbox)
        self._limits.charge(_CONNECT_WEIGHT, self._market_api.now_ms())
        return WsApiSession(
            self._gate,
            self._operations,
            self._users,
            outbox,
            self._market_api.now_ms,
            returns_limits="returnRateLimits=false" not in request.query,
        )

    def tick(self, now_ns: int) -> None:
        """Sends what is due by the clock."""
        self._streams.tick(now_ns)

    def _new_id(self) -> str:
        return "".join(self._dice.choices(_ID_LETTERS, k=_ID_LENGTH))
