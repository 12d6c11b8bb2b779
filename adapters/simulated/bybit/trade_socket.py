"""Bybit's order entry by websocket: REST's operations, answered by `reqId`.

Invariant: one question, one answer; what it causes elsewhere is told by the private stream.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, final

import msgspec

from adapters.simulated.bybit.auth import authenticate_socket, check_window
from adapters.simulated.bybit.batches import AMEND, CANCEL, CREATE, Batch
from adapters.simulated.bybit.errors import BybitApiError
from adapters.simulated.bybit.pushes import text_of
from adapters.simulated.bybit.wire import Json
from adapters.simulated.credential import Credential
from adapters.simulated.wire import TextSink

_NS_PER_MS: Final = 1_000_000
PATHS: Final = {
    "order.create": "/order/create",
    "order.amend": "/order/amend",
    "order.cancel": "/order/cancel",
    "order.create-batch": CREATE,
    "order.amend-batch": AMEND,
    "order.cancel-batch": CANCEL,
}
_NO_OPERATION: Final = (10404, "op is not found")
_NO_CATEGORY: Final = (10404, "category is not found")
_ID_LENGTH_MAX: Final = 36
_IDS_KEPT: Final = 10_000


class RunOrder(Protocol):
    """An operation of one account: (result, headers of its budget); raises `BybitApiError`."""

    def __call__(self, account: int, path: str, values: Json) -> tuple[object, Json]: ...


class _Request(msgspec.Struct):
    op: str = ""
    args: list[Any] = []
    number: str | None = msgspec.field(name="reqId", default=None)
    header: dict[str, str | int] = {}


@final
class TradeSession:
    """`/v5/trade`."""

    messages_per_s_max = 3_000

    def __init__(
        self,
        credential: Callable[[str], Credential | None],
        now_ns: Callable[[], int],
        run_order: RunOrder,
        after: Callable[[], AbstractContextManager[None]],
        outbox: TextSink,
        number: str,
    ) -> None:
        self._credential, self._now_ns, self._run_order = credential, now_ns, run_order
        self._after, self._outbox, self._number = after, outbox, number
        self._account: int | None = None
        self._seen: dict[str, None] = {}

    def received(self, text: str) -> None:
        """One question."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            self._answer(_Request(), 10001, "Params Error")
            return
        now_ms = self._now_ns() // _NS_PER_MS
        if request.op == "ping":
            body: Json = {"retCode": 0, "retMsg": "OK", "op": "pong", "data": [str(now_ms)]}
            self._outbox.send(text_of({**body, "connId": self._number}))
            return
        try:
            if request.op == "auth":
                self._authenticate(request, now_ms)
                self._answer(request, 0, "OK")
            else:
                with self._after():
                    self._operate(request, now_ms)
        except BybitApiError as error:
            self._answer(request, error.code, error.text, data={})

    def closed(self) -> None:
        """Nothing outlives it."""

    def _authenticate(self, request: _Request, now_ms: int) -> None:
        if self._account is not None:
            raise BybitApiError(20001, "Repeat auth")
        self._account = authenticate_socket(request.args, self._credential, now_ms).account

    def _operate(self, request: _Request, now_ms: int) -> None:
        path = PATHS.get(request.op)
        if path is None:
            raise BybitApiError(*_NO_OPERATION)
        if self._account is None:
            raise BybitApiError(10004, "Request not authorized")
        if request.number is not None:
            if request.number in self._seen or len(request.number) > _ID_LENGTH_MAX:
                raise BybitApiError(20006, "Duplicate reqId")
            self._seen[request.number] = None
            if len(self._seen) > _IDS_KEPT:
                self._seen.pop(next(iter(self._seen)))
        header = {name.lower(): str(value) for name, value in request.header.items()}
        check_window(
            header.get("x-bapi-timestamp", ""), header.get("x-bapi-recv-window", ""), now_ms
        )
        if len(request.args) != 1 or not isinstance(request.args[0], dict):
            raise BybitApiError(10001, "Params Error")
        if request.args[0].get("category") != "spot":
            raise BybitApiError(*_NO_CATEGORY)
        result, budget = self._run_order(self._account, path, request.args[0])
        told: Json = {"data": result}
        if isinstance(result, Batch):
            told = {"data": result.result, "retExtInfo": result.verdicts}
        self._answer(request, 0, "OK", **told, header=budget)

    def _answer(self, request: _Request, code: int, text: str, **more: object) -> None:
        named = {} if request.number is None else {"reqId": request.number}
        body: Json = {**named, "retCode": code, "retMsg": text, "op": request.op}
        if "data" in more:
            body |= {"retExtInfo": {}}
        self._outbox.send(text_of({**body, **more, "connId": self._number}))
