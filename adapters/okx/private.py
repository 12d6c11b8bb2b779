"""OKX's private websocket: its account channels, and order entry by the same words.

Invariant: `decode` and `read` return something for every input whatever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import msgspec

from adapters.net.account_frames import (
    AccountFrame,
    Changed,
    LoggedIn,
    Noticed,
    RefusalKind,
    Refused,
    StreamEnded,
    Subscribed,
)
from adapters.net.credentials import Credentials
from adapters.net.decimals import TRANSLATION_ERRORS
from adapters.net.frames import DECODE_ERRORS, MalformedFrame, UnknownFrame
from adapters.net.order_ids import OrderIds
from adapters.net.order_socket import Answer, EndOfOrders, LoginAnswer
from adapters.net.symbols import SymbolTable
from adapters.okx.account_schemas import AccountRow, OrderRow, PrivateFrame
from adapters.okx.account_translate import balance_change_of, events_of, name_of
from adapters.okx.errors import LOGIN_TIMESTAMP_EXPIRED, REFUSED_FOR_GOOD
from adapters.okx.signing import login
from bot3.domain.values import VenueName
from bot3.messages.orders import AccountEvent

_CHANNELS: Final = (
    {"channel": "orders", "instType": "SPOT"},
    {"channel": "account", "extraParams": '{"updateInterval":"0"}'},
)
_RESTART_NOTICE: Final = "64008"
_PONG: Final = (b"pong", "pong")

_EVENTS: Final[dict[str, AccountFrame]] = {
    "": MalformedFrame("neither an event nor a channel's data"),
    "subscribe": Subscribed(),
    "channel-conn-count-error": StreamEnded("too many connections of this account"),
}

_frames = msgspec.json.Decoder(PrivateFrame)
_orders = msgspec.json.Decoder(list[OrderRow], strict=False)
_accounts = msgspec.json.Decoder(list[AccountRow], strict=False)


@final
class OkxAccountDialect:
    """`AccountDialect`."""

    ping: Final = "ping"
    subscriptions: Final = len(_CHANNELS)

    def __init__(
        self, venue: VenueName, credentials: Credentials, symbols: SymbolTable, order_ids: OrderIds
    ) -> None:
        self._venue, self._credentials = venue, credentials
        self._symbols, self._order_ids = symbols, order_ids

    def login(self, venue_now_ns: int) -> str:
        """See `AccountDialect.login`."""
        return login(self._credentials, venue_now_ns)

    def subscribe(self) -> str:
        """See `AccountDialect.subscribe`."""
        return msgspec.json.encode({"op": "subscribe", "args": _CHANNELS}).decode()

    def decode(self, text: str | bytes, local_ns: int) -> Sequence[AccountFrame]:
        """See `AccountDialect.decode`."""
        if len(text) == len(_PONG[0]) and text in _PONG:
            return (Noticed(),)
        try:
            frame = _frames.decode(text)
            if frame.arg is None or frame.event:
                return (_told(frame),)
            return self._pushed(frame.arg.channel, frame.data, local_ns)
        except (*DECODE_ERRORS, *TRANSLATION_ERRORS) as error:
            return (MalformedFrame(str(error)),)

    def _pushed(self, channel: str, data: msgspec.Raw, local_ns: int) -> Sequence[AccountFrame]:
        if channel == "account":
            rows = _accounts.decode(data)
            changes = (balance_change_of(self._venue, row, local_ns) for row in rows)
            return (Changed(tuple(changes)),)
        if channel == "orders":
            return [self._order(row, local_ns) for row in _orders.decode(data)]
        return (UnknownFrame(channel),)

    def _order(self, row: OrderRow, local_ns: int) -> AccountFrame:
        instrument = self._symbols.find(row.inst_id)
        if instrument is None:
            return Noticed(is_foreign=True)
        ours = name_of(row.cl_ord_id, row.ord_id)
        self._order_ids.learn(instrument.symbol, row.ord_id, ours)
        events: tuple[AccountEvent, ...] = tuple(events_of(instrument, row, local_ns))
        return Changed(events)


def _told(frame: PrivateFrame) -> AccountFrame:
    known = _EVENTS.get(frame.event)
    if known is not None:
        return known
    if frame.event == "login" and frame.code == "0":
        return LoggedIn()
    if frame.event in {"login", "error"}:
        return Refused(f"{frame.code}: {frame.msg}", _refusal_kind(frame.code))
    if frame.event == "notice" and frame.code == _RESTART_NOTICE:
        return StreamEnded("the server restarts")
    return Noticed()


def _refusal_kind(code: str) -> RefusalKind:
    if code == LOGIN_TIMESTAMP_EXPIRED:
        return RefusalKind.CLOCK
    return RefusalKind.FOR_GOOD if code in REFUSED_FOR_GOOD else RefusalKind.AGAIN


@final
class OkxOrderDialect:
    """`OrderDialect`: a connection of its own, so that orders wait for no data."""

    ping: Final = "ping"

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def login(self, venue_now_ns: int) -> str:
        """See `OrderDialect.login`."""
        return login(self._credentials, venue_now_ns)

    def read(self, text: str | bytes) -> Answer | LoginAnswer | EndOfOrders:
        """See `OrderDialect.read`."""
        try:
            frame = _frames.decode(text)
        except DECODE_ERRORS:
            return Answer("", text)  # a pong among others
        if frame.event == "login":
            return LoginAnswer("" if frame.code == "0" else f"{frame.code}: {frame.msg}")
        if frame.event == "notice" and frame.code == _RESTART_NOTICE:
            return EndOfOrders("the server restarts")
        if frame.event == "error" and not frame.id:
            return LoginAnswer(f"{frame.code}: {frame.msg}")
        return Answer(str(frame.id), text)
