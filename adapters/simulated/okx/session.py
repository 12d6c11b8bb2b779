"""One connection to OKX's websockets: public, private or business.

Invariant: whatever a client sends is answered, or closes nothing but its own connection; what an
operation causes is pushed to its own connection after the operation's reply.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, final

import msgspec
from attrs import frozen

from adapters.simulated.credential import Credential
from adapters.simulated.okx.auth import authenticate_login
from adapters.simulated.okx.errors import OkxApiError
from adapters.simulated.okx.pushes import Arg
from adapters.simulated.okx.streams import CANDLE, FOR_THE_FEW, PUBLIC, Key, PublicHub
from adapters.simulated.okx.user import CHANNELS, UserHub
from adapters.simulated.sliding_limits import SlidingLimits
from adapters.simulated.wire import TextSink

Json = dict[str, object]
IDLE_NS: Final = 30_000_000_000
IDLE: Final = (4004, "No data received in 30s")
_COMMANDS_MAX: Final = 480
_HOUR_NS: Final = 3_600_000_000_000
_ORDER_OPS: Final = frozenset(
    {"order", "batch-orders", "cancel-order", "batch-cancel-orders", "amend-order"}
)
_LOGIN_FIRST: Final = ("60011", "Please log in")
_WRONG_PLACE: Final = (
    "Wrong URL or channel:{},instId:{} doesn't exist. Please use the correct URL,"
    " channel and parameters referring to API document."
)


class RunOrders(Protocol):
    """Order operations of one account; see `order_socket`."""

    def __call__(self, account: int, op: str, args: list[Json], expiry: str) -> Json: ...


@frozen
class Services:
    """What every session works with."""

    public: PublicHub
    users: UserHub
    credential: Callable[[str], Credential | None]
    run_orders: RunOrders
    now_ns: Callable[[], int]


class _Request(msgspec.Struct):
    op: str = ""
    id: str | int | None = None
    args: list[Json] = []
    expiry_ms: str | int = msgspec.field(name="expTime", default="")


@final
class OkxSession:
    """`path` is `public`, `private` or `business`."""

    messages_per_s_max = None

    def __init__(
        self,
        path: str,
        services: Services,
        outbox: TextSink,
        number: str,
        forget: Callable[[OkxSession], object],
    ) -> None:
        self._forget = forget
        self._path, self._services, self._outbox = path, services, outbox
        self._number = number
        self._account: int | None = None
        self._keys: dict[Key, None] = {}
        self._held: list[str] | None = None
        self._limits = SlidingLimits(_HOUR_NS)
        self._active_ns = services.now_ns()

    def pushed(self, text: str) -> None:
        """From a hub."""
        self._active_ns = self._services.now_ns()
        if self._held is None:
            self._outbox.send(text)
        else:
            self._held.append(text)

    def tick(self, now_ns: int) -> int:
        """Nobody stays who is silent and is told nothing; until when this one may."""
        until_ns = self._active_ns + IDLE_NS
        if now_ns > until_ns:
            self._outbox.close(*IDLE)
        return until_ns

    def received(self, text: str) -> None:
        """One request."""
        self._active_ns = self._services.now_ns()
        if text == "ping":
            self._outbox.send("pong")
            return
        try:
            request = msgspec.json.decode(text, type=_Request)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            self._refuse(_Request(), "60012", f"Invalid request: {text[:200]}")
            return
        if request.op in _ORDER_OPS:
            self._order(request)
        elif request.op in {"subscribe", "unsubscribe", "login"}:
            self._command(request)
        else:
            self._refuse(request, "60012", f"Invalid request: {text[:200]}")

    def closed(self) -> None:
        """Subscriptions end with the connection."""
        self._forget(self)
        for key in self._keys:
            self._services.public.leave(key, self)
        self._keys.clear()
        if self._account is not None:
            self._services.users.leave(self._account, self)

    def _command(self, request: _Request) -> None:
        if not self._limits.take((), _COMMANDS_MAX, self._services.now_ns()):
            self._refuse(request, "60014", "Requests too frequent")
            return
        for arg in request.args or [{}]:
            texts = {name: str(value) for name, value in arg.items() if value is not None}
            try:
                if request.op == "login":
                    self._log_in(request, texts)
                else:
                    self._subscription(request, texts)
            except OkxApiError as error:
                self._refuse(request, error.code, error.text)

    def _log_in(self, request: _Request, arg: Arg) -> None:
        if self._account is not None:
            raise OkxApiError("60031", "Repeated login")
        self._account = authenticate_login(
            arg, self._services.credential, self._services.now_ns() // 1_000_000_000
        ).account
        self._send(request, {"event": "login", "code": "0", "msg": ""})

    def _subscription(self, request: _Request, arg: Arg) -> None:
        channel, name = arg.get("channel", ""), arg.get("instId", "")
        is_private = self._path == "private" and channel in CHANNELS
        if not is_private and not self._is_here(channel, name):
            raise OkxApiError("60018", _WRONG_PLACE.format(channel, name))
        if self._account is None and (is_private or channel in FOR_THE_FEW):
            raise OkxApiError(*_LOGIN_FIRST)
        answer: Json = {"event": request.op, "arg": arg}
        if request.op == "subscribe":
            self._send(request, answer)
            for text in self._join(arg, (channel, name), is_private=is_private):
                self.pushed(text)
        else:
            self._leave(arg, (channel, name), is_private=is_private)
            self._send(request, answer)

    def _is_here(self, channel: str, name: str) -> bool:
        is_business = channel.startswith(CANDLE) or channel == "trades-all"
        place = "business" if is_business else "public" if channel in PUBLIC else ""
        return self._path == place and self._services.public.knows(channel, name)

    def _join(self, arg: Arg, key: Key, *, is_private: bool) -> list[str]:
        if is_private:
            assert self._account is not None
            return self._services.users.join(self._account, self, arg)
        self._keys[key] = None
        return self._services.public.join(key, self, self._services.now_ns())

    def _leave(self, arg: Arg, key: Key, *, is_private: bool) -> None:
        if is_private:
            assert self._account is not None
            self._services.users.leave(self._account, self, arg)
        else:
            self._keys.pop(key, None)
            self._services.public.leave(key, self)

    def _order(self, request: _Request) -> None:
        if self._path != "private":
            self._refuse(request, "64002", "The operation is not supported by the URL")
            return
        if self._account is None:
            self._refuse(request, *_LOGIN_FIRST)
            return
        self._held = []
        try:
            reply = self._services.run_orders(
                self._account, request.op, request.args, str(request.expiry_ms)
            )
        finally:
            pushes, self._held = self._held, None
        whole = {"id": str(request.id or ""), "op": request.op, **reply}
        for text in [msgspec.json.encode(whole).decode(), *pushes]:
            self._outbox.send(text)

    def _refuse(self, request: _Request, code: str, text: str) -> None:
        self._send(request, {"event": "error", "code": code, "msg": text})

    def _send(self, request: _Request, body: Json) -> None:
        named = {} if request.id is None else {"id": str(request.id)}
        self._outbox.send(msgspec.json.encode({**named, **body, "connId": self._number}).decode())
