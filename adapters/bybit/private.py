"""Bybit's private websocket, and the one for orders.

Invariant: `decode` and `read` return something for every input whatever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import msgspec

from adapters.bybit.account_schemas import (
    ExecutionRow,
    OrderRow,
    PrivateFrame,
    TradeFrame,
    WalletRow,
)
from adapters.bybit.account_translate import balances_of, event_of, fill_of, name_of
from adapters.bybit.dead_man import TOPIC as GUARD
from adapters.bybit.signing import auth
from adapters.bybit.translate import NS_PER_MS
from adapters.net.account_frames import (
    AccountFrame,
    Changed,
    LoggedIn,
    Noticed,
    RefusalKind,
    Refused,
    Subscribed,
)
from adapters.net.credentials import Credentials
from adapters.net.decimals import TRANSLATION_ERRORS
from adapters.net.frames import DECODE_ERRORS, MalformedFrame, UnknownFrame
from adapters.net.order_ids import OrderIds
from adapters.net.order_socket import Answer, EndOfOrders, LoginAnswer
from adapters.net.symbols import SymbolTable
from bot3.domain.values import InstrumentId, VenueName
from bot3.messages.orders import AccountEvent, BalanceChanged, OrderFilled

_ORDERS: Final = "order.spot"
_EXECUTIONS: Final = "execution.spot"
_WALLET: Final = "wallet"
_TRADE: Final = "Trade"
# The venue gives texts, no codes, here.
_CLOCK_WORDS: Final = "Params Error"
_RESTARTING: Final = 10019

_frames = msgspec.json.Decoder(PrivateFrame, strict=False)
_orders = msgspec.json.Decoder(list[OrderRow], strict=False)
_executions = msgspec.json.Decoder(list[ExecutionRow], strict=False)
_wallets = msgspec.json.Decoder(list[WalletRow], strict=False)
_answers = msgspec.json.Decoder(TradeFrame, strict=False)


@final
class BybitAccountDialect:
    """`AccountDialect`. `is_guarded`: that we listen is our sign of life there."""

    ping: Final = '{"op":"ping"}'
    subscriptions: Final = 1

    def __init__(
        self,
        venue: VenueName,
        credentials: Credentials,
        symbols: SymbolTable,
        order_ids: OrderIds,
        *,
        is_guarded: bool = False,
    ) -> None:
        self._venue, self._credentials = venue, credentials
        self._topics = [_ORDERS, _EXECUTIONS, _WALLET, *([GUARD] if is_guarded else [])]
        self._symbols, self._order_ids = symbols, order_ids

    def login(self, venue_now_ns: int) -> str:
        """See `AccountDialect.login`."""
        return auth(self._credentials, venue_now_ns, {"req_id": "auth"})

    def subscribe(self) -> str:
        """See `AccountDialect.subscribe`."""
        body = {"req_id": "1", "op": "subscribe", "args": self._topics}
        return msgspec.json.encode(body).decode()

    def decode(self, text: str | bytes, local_ns: int) -> Sequence[AccountFrame]:
        """See `AccountDialect.decode`."""
        try:
            frame = _frames.decode(text)
            return self._pushed(frame, local_ns) if frame.topic else (_told(frame),)
        except (*DECODE_ERRORS, *TRANSLATION_ERRORS) as error:
            return (MalformedFrame(str(error)),)

    def _pushed(self, frame: PrivateFrame, local_ns: int) -> Sequence[AccountFrame]:
        match frame.topic:
            case "order.spot":
                return [self._order(row, local_ns) for row in _orders.decode(frame.data)]
            case "execution.spot":
                return [self._execution(row, local_ns) for row in _executions.decode(frame.data)]
            case "wallet":
                venue_ns = frame.creation_time * NS_PER_MS
                rows = _wallets.decode(frame.data)
                held = tuple(balance for row in rows for balance in balances_of(self._venue, row))
                return (Changed((BalanceChanged(self._venue, held, venue_ns, local_ns),)),)
            case other:
                return (UnknownFrame(other),)

    def _order(self, row: OrderRow, local_ns: int) -> AccountFrame:
        instrument = self._learned(row.symbol, row.order_id, row.order_link_id)
        if instrument is None:
            return Noticed(is_foreign=True)
        event = event_of(instrument, row, local_ns)
        events: tuple[AccountEvent, ...] = () if event is None else (event,)
        return Changed(events)

    def _execution(self, row: ExecutionRow, local_ns: int) -> AccountFrame:
        instrument = self._learned(row.symbol, row.order_id, row.order_link_id)
        if instrument is None or row.exec_type != _TRADE:
            return Noticed(is_foreign=True)
        return Changed((OrderFilled(fill_of(instrument, row, local_ns)),))

    def _learned(self, wire: str, order_id: str, link_id: str) -> InstrumentId | None:
        instrument = self._symbols.find(wire)
        if instrument is not None:
            self._order_ids.learn(instrument.symbol, order_id, name_of(link_id, order_id))
        return instrument


def _told(frame: PrivateFrame) -> AccountFrame:
    match frame.op:
        case "auth" if frame.success:
            return LoggedIn()
        case "auth":
            is_clock = frame.ret_msg == _CLOCK_WORDS
            kind = RefusalKind.CLOCK if is_clock else RefusalKind.FOR_GOOD
            return Refused(frame.ret_msg, kind)
        case "subscribe":
            return Subscribed() if frame.success else Refused(frame.ret_msg, RefusalKind.AGAIN)
        case "pong" | "ping":
            return Noticed()
        case "":
            return MalformedFrame("neither an answer nor a topic's data")
        case other:
            return UnknownFrame(other)


@final
class BybitOrderDialect:
    """`OrderDialect`."""

    ping: Final = '{"op":"ping"}'

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def login(self, venue_now_ns: int) -> str:
        """See `OrderDialect.login`."""
        return auth(self._credentials, venue_now_ns, {"reqId": "auth"})

    def read(self, text: str | bytes) -> Answer | LoginAnswer | EndOfOrders:
        """See `OrderDialect.read`."""
        try:
            frame = _answers.decode(text)
        except DECODE_ERRORS:
            return Answer("", text)
        if frame.op == "auth":
            return LoginAnswer(f"{frame.ret_code}: {frame.ret_msg}" if frame.ret_code else "")
        if frame.ret_code == _RESTARTING and not frame.req_id:
            return EndOfOrders("the server restarts")
        return Answer(frame.req_id, text)
