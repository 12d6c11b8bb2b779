"""Placing and canceling at Bybit: by websocket while it is up, else by REST.

Invariant: one order leaves once, by one way. The budgets of both ways are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

import msgspec

from adapters.bybit.account_schemas import OrderNamed, TradeFrame
from adapters.bybit.errors import BybitError
from adapters.bybit.rest import NS_PER_MS, BybitRest, read
from adapters.net.budget import Priority
from adapters.net.calls import Call, UnclearError
from adapters.net.frames import DECODE_ERRORS
from adapters.net.order_socket import OrderSocket

_PLACE: Final = Call("POST", "/v5/order/create", 1, Priority.ENTRY)
_PLACE_REDUCING: Final = Call("POST", "/v5/order/create", 1, Priority.PROTECTIVE)
_CANCEL: Final = Call("POST", "/v5/order/cancel", 1, Priority.CANCEL)
_HTTP_OK: Final = 200
_answers = msgspec.json.Decoder(TradeFrame, strict=False)


@final
class OrderEntry:
    """Both ways. Raises `BybitError`, `NotSentError`, `DeadlinePassedError` or `UnclearError`."""

    def __init__(self, rest: BybitRest, socket: OrderSocket) -> None:
        self._rest, self._socket = rest, socket

    async def place(
        self, params: Mapping[str, str], deadline_ns: int, *, is_reducing: bool
    ) -> OrderNamed:
        """An acknowledgement: a post-only order may be rejected afterwards."""
        call = _PLACE_REDUCING if is_reducing else _PLACE
        return await self._send(call, "order.create", params, deadline_ns)

    async def cancel(self, params: Mapping[str, str]) -> OrderNamed:
        """An acknowledgement: fills may follow."""
        return await self._send(_CANCEL, "order.cancel", params, None)

    async def _send(
        self, call: Call, op: str, params: Mapping[str, str], deadline_ns: int | None
    ) -> OrderNamed:
        if not self._socket.is_up:
            return await self._rest.done(call, params, OrderNamed, deadline_ns=deadline_ns)
        await self._rest.link.mend_clock()
        await self._rest.link.take_budget(call)
        header = {
            "X-BAPI-RECV-WINDOW": str(self._rest.window_ms(deadline_ns)),
            "X-BAPI-TIMESTAMP": str(self._rest.link.venue_now_ns() // NS_PER_MS),
        }
        number = self._socket.next_number()
        question = {"reqId": number, "header": header, "op": op, "args": [params]}
        answer = await self._socket.ask(number, msgspec.json.encode(question).decode())
        try:
            frame = _answers.decode(answer)
        except DECODE_ERRORS as error:
            raise UnclearError(f"{op}: unreadable: {error}") from error
        if frame.ret_code:
            headers = {name.lower(): text for name, text in frame.header.items()}
            error_ = BybitError(_HTTP_OK, frame.ret_code, frame.ret_msg, op)
            raise self._rest.noted(error_, headers)
        return read(frame.data, OrderNamed, op)
