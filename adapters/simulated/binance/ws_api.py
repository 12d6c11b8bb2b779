"""Binance's WS-API: requests by method name, and the user data stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

import msgspec

from adapters.simulated.binance.errors import ApiError
from adapters.simulated.binance.operations import Gate, Operation
from adapters.simulated.binance.params import AUTH_NAMES, Params, ws_params
from adapters.simulated.binance.user import UserHub
from adapters.simulated.binance.wire import Json
from adapters.simulated.wire import TextSink

_MS_PER_S = 1_000
_STREAM_WEIGHT = 2
_RETURN_LIMITS = "returnRateLimits"


class _Request(msgspec.Struct):
    id: int | str | None = None
    method: str = ""
    params: dict[str, msgspec.Raw] = {}


@final
class WsApiSession:
    """One connection. Replies carry the request's id; events the subscription's."""

    messages_per_s_max = None

    def __init__(
        self,
        gate: Gate,
        operations: Mapping[str, Operation],
        users: UserHub,
        outbox: TextSink,
        now_ms: Callable[[], int],
        *,
        returns_limits: bool = True,
    ) -> None:
        self._gate, self._operations, self._users = gate, operations, users
        self._outbox, self._now_ms = outbox, now_ms
        self._returns_limits = returns_limits
        self._subscriptions: dict[int, int] = {}
        self._next_subscription = 0

    def user_event(self, account: int, event: Json) -> None:
        """From the hub, wrapped with the account's subscription."""
        self._send({"subscriptionId": self._subscriptions[account], "event": event})

    def received(self, text: str) -> None:
        """One request; every one is answered, by its id where it has one."""
        request = _Request()
        returns_limits = self._returns_limits
        is_order = False
        try:
            request = _decode(text)
            method = request.method.removeprefix("v3/")
            params = ws_params(request.params)
            returns_limits = (
                params.values.get(_RETURN_LIMITS, str(returns_limits)).lower() == "true"
            )
            is_order = method == "order.place"
            answer: Json = {"status": 200, "result": self._run(method, params)}
        except ApiError as error:
            answer = self._error(error)
        if returns_limits:
            answer["rateLimits"] = self._limits(is_order=is_order)
        self._send({"id": request.id, **answer})

    def closed(self) -> None:
        """Subscriptions end with the connection."""
        for account in list(self._subscriptions):
            self._users.unsubscribe(account, self)
        self._subscriptions.clear()

    def _run(self, method: str, params: Params) -> object:
        key = params.values.get("apiKey")
        if method == "userDataStream.subscribe.signature":
            return self._subscribe(params, key)
        if method == "userDataStream.unsubscribe":
            return self._unsubscribe(params)
        if method == "session.subscriptions":
            return [{"subscriptionId": number} for number in self._subscriptions.values()]
        operation = self._operations.get(method)
        if operation is None:
            raise ApiError(-1020, f"Method {method[:60]} is not supported.")
        known = Params(
            {k: v for k, v in params.values.items() if k != _RETURN_LIMITS}, params.signed
        )
        return self._gate.run(operation, known, key)

    def _subscribe(self, params: Params, key: str | None) -> Json:
        self._charge_stream()
        account = self._gate.account_of(params, key)
        params.refuse_unknown(AUTH_NAMES | {_RETURN_LIMITS})
        if account in self._subscriptions:
            raise ApiError(-2035, "User Data Stream subscription already active.")
        number = self._next_subscription
        self._next_subscription += 1
        self._subscriptions[account] = number
        self._users.subscribe(account, self)
        return {"subscriptionId": number}

    def _unsubscribe(self, params: Params) -> Json:
        self._charge_stream()
        number = params.integer("subscriptionId")
        ended = [a for a, n in self._subscriptions.items() if number in {None, n}]
        if not ended:
            raise ApiError(-2036, "User Data Stream subscription not active.")
        for account in ended:
            self._users.unsubscribe(account, self)
            del self._subscriptions[account]
        return {}

    def _charge_stream(self) -> None:
        now_ms = self._now_ms()
        self._gate.limits.check_weight(_STREAM_WEIGHT, now_ms)
        self._gate.limits.charge(_STREAM_WEIGHT, now_ms)

    def _error(self, error: ApiError) -> Json:
        body = error.body()
        if error.retry_after_s is not None:
            now_ms = self._now_ms()
            retry_ms = (now_ms // _MS_PER_S + error.retry_after_s) * _MS_PER_S
            body["data"] = {"serverTime": now_ms, "retryAfter": retry_ms}
        return {"status": error.status, "error": body}

    def _limits(self, *, is_order: bool) -> list[dict[str, object]]:
        limits, now_ms = self._gate.limits, self._now_ms()
        orders = limits.order_limits(now_ms) if is_order else []
        return [*orders, limits.weight_limit(now_ms)]

    def _send(self, message: Json) -> None:
        self._outbox.send(msgspec.json.encode(message).decode())


def _decode(text: str) -> _Request:
    try:
        return msgspec.json.decode(text, type=_Request)
    except msgspec.ValidationError:
        raise ApiError(-1135, "Invalid 'params' in JSON request; expected an object.") from None
    except msgspec.DecodeError:
        raise ApiError(-1135, "Invalid JSON Request") from None
