"""Placing and canceling at Binance: by the WS-API while it is up, else by REST.

Invariant: one order leaves once, by one way. The budget of both ways is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

import msgspec

from adapters.binance.account_schemas import OrderAnswer, OrderReply
from adapters.binance.errors import BinanceError
from adapters.binance.rest import BinanceRest
from adapters.binance.signing import Param, signed_params
from adapters.net.calls import Call, UnclearError
from adapters.net.credentials import Credentials
from adapters.net.frames import DECODE_ERRORS
from adapters.net.order_socket import Answer, EndOfOrders, LoginAnswer, OrderSocket
from supervisors.clock import Clock

_METHODS: Final = {"POST": "order.place", "DELETE": "order.cancel"}
_HTTP_OK: Final = 200
_answers = msgspec.json.Decoder(OrderAnswer)


class _Head(msgspec.Struct, frozen=True):
    id: int | str | None = None


_heads = msgspec.json.Decoder(_Head)


@final
class BinanceOrderDialect:
    """`OrderDialect`: every question is signed by itself, so that nobody logs in."""

    ping: Final = '{"id":"ping","method":"ping"}'

    def login(self, venue_now_ns: int) -> str:
        """See `OrderDialect.login`."""
        del venue_now_ns
        return ""

    def read(self, text: str | bytes) -> Answer | LoginAnswer | EndOfOrders:
        """See `OrderDialect.read`."""
        try:
            return Answer(str(_heads.decode(text).id or ""), text)
        except DECODE_ERRORS:
            return Answer("", text)


@final
class OrderEntry:
    """Both ways. Raises `BinanceError`, `NotSentError`, `DeadlinePassedError`, `UnclearError`."""

    def __init__(
        self, rest: BinanceRest, socket: OrderSocket, credentials: Credentials, clock: Clock
    ) -> None:
        self._rest, self._socket = rest, socket
        self._credentials, self._clock = credentials, clock

    async def send(
        self, call: Call, params: Mapping[str, Param], deadline_ns: int | None = None
    ) -> OrderReply:
        """`POST` places, `DELETE` cancels."""
        if not self._socket.is_up:
            return await self._rest.signed(call, params, OrderReply, deadline_ns=deadline_ns)
        await self._rest.prepare(call)
        whole = {**params, **self._rest.timing(deadline_ns)}
        number, method = self._socket.next_number(), _METHODS[call.method]
        question = {
            "id": number,
            "method": method,
            "params": signed_params(self._credentials, whole),
        }
        used: int | None = None
        self._rest.budget.start(call.weight, self._clock.now_ns())
        try:
            text = await self._socket.ask(number, msgspec.json.encode(question).decode())
            answer = _decoded(text, method)
            used = answer.used_weight
        finally:
            self._rest.budget.finish(call.weight, self._clock.now_ns(), used)
        if answer.status == _HTTP_OK and answer.result is not None:
            return answer.result
        code, words = (answer.error.code, answer.error.msg) if answer.error else (0, "no reason")
        raise self._rest.noted(BinanceError(answer.status, code, words, method))


def _decoded(text: str | bytes, where: str) -> OrderAnswer:
    try:
        return _answers.decode(text)
    except DECODE_ERRORS as error:
        raise UnclearError(f"{where}: unreadable: {error}") from error
