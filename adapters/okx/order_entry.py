"""Placing and canceling at OKX: by websocket while it is up, else by REST.

Invariant: one order leaves once, by one way. The budgets of both ways are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, final

import msgspec

from adapters.net.budget import Priority
from adapters.net.calls import Call, UnclearError
from adapters.net.frames import DECODE_ERRORS
from adapters.net.order_socket import OrderSocket
from adapters.okx.account_schemas import OrderItem, OrderReply
from adapters.okx.errors import OkxError
from adapters.okx.rest import OkxRest
from adapters.okx.schemas import InstrumentRow

_PLACE: Final = Call("POST", "/api/v5/trade/order", 1, Priority.ENTRY)
_PLACE_REDUCING: Final = Call("POST", "/api/v5/trade/order", 1, Priority.PROTECTIVE)
_CANCEL: Final = Call("POST", "/api/v5/trade/cancel-order", 1, Priority.CANCEL)
_HTTP_OK: Final = 200
_replies = msgspec.json.Decoder(OrderReply, strict=False)


@final
class OrderEntry:
    """Both ways. Raises `OkxError`, `NotSentError`, `DeadlinePassedError` or `UnclearError`."""

    def __init__(self, rest: OkxRest, socket: OrderSocket) -> None:
        self._rest, self._socket = rest, socket
        self._codes: dict[str, int] = {}

    def learn_codes(self, rows: Iterable[InstrumentRow]) -> None:
        """By websocket instruments go by numbers, which differ between live and demo."""
        self._codes = {row.inst_id: row.inst_id_code for row in rows if row.inst_id_code}

    async def place(
        self, params: Mapping[str, str], deadline_ns: int, *, is_reducing: bool
    ) -> OrderItem:
        """An acknowledgement."""
        call = _PLACE_REDUCING if is_reducing else _PLACE
        code = self._codes.get(params["instId"])
        if not self._socket.is_up or code is None:
            rows = await self._rest.done(call, params, OrderItem, deadline_ns=deadline_ns)
            return self._verdict(rows, call.path)
        await self._rest.link.take_budget(call)
        expiry = str(self._rest.expiry_ms(deadline_ns))
        return await self._ask("order", params, code, {"expTime": expiry})

    async def cancel(self, params: Mapping[str, str]) -> OrderItem:
        """An acknowledgement: fills may follow."""
        code = self._codes.get(params["instId"])
        if not self._socket.is_up or code is None:
            return self._verdict(await self._rest.done(_CANCEL, params, OrderItem), _CANCEL.path)
        await self._rest.link.take_budget(_CANCEL)
        return await self._ask("cancel-order", params, code, {})

    async def _ask(
        self, op: str, params: Mapping[str, str], code: int, more: Mapping[str, str]
    ) -> OrderItem:
        named: dict[str, Any] = {name: text for name, text in params.items() if name != "instId"}
        number = self._socket.next_number()
        question = {"id": number, "op": op, "args": [named | {"instIdCode": code}], **more}
        answer = await self._socket.ask(number, msgspec.json.encode(question).decode())
        try:
            reply = _replies.decode(answer)
        except DECODE_ERRORS as error:
            raise UnclearError(f"{op}: unreadable: {error}") from error
        if not reply.data:
            raise self._rest.noted(OkxError(_HTTP_OK, reply.code, reply.msg, op))
        return self._verdict(reply.data, op)

    def _verdict(self, rows: list[OrderItem], where: str) -> OrderItem:
        if not rows:
            raise UnclearError(f"{where}: no verdict in the reply")
        item = rows[0]
        if item.s_code != "0":
            raise self._rest.noted(OkxError(_HTTP_OK, item.s_code, item.s_msg, where))
        return item
