"""Connections to Bybit's public and private websockets.

Invariant: whatever a client sends costs at most its own connection; a request is done whole or not
at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

import msgspec
from attrs import frozen

from adapters.simulated.bybit.auth import authenticate_socket
from adapters.simulated.bybit.errors import BybitApiError
from adapters.simulated.bybit.pushes import text_of
from adapters.simulated.bybit.streams import PublicHub
from adapters.simulated.bybit.user import TOPICS, UserHub
from adapters.simulated.bybit.wire import Json
from adapters.simulated.credential import Credential
from adapters.simulated.wire import TextSink

ARGS_MAX: Final = 10
_CHARACTERS_MAX: Final = 21_000
_NS_PER_MS: Final = 1_000_000


@frozen
class Services:
    """What the sessions work with."""

    public: PublicHub
    users: UserHub
    credential: Callable[[str], Credential | None]
    now_ns: Callable[[], int]


class Request(msgspec.Struct):
    """Any message; ids come as texts and as numbers."""

    op: str = ""
    args: list[Any] | None = None
    req_id: str | int | None = None

    @property
    def named(self) -> Json:
        """The number, where it was sent."""
        return {} if self.req_id is None else {"req_id": str(self.req_id)}


def decode(text: str) -> Request:
    """What cannot be read is an operation that there is not."""
    try:
        return msgspec.json.decode(text, type=Request)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Request()


@final
class PublicSession:
    """`/v5/public/spot`."""

    messages_per_s_max = None

    def __init__(self, services: Services, outbox: TextSink, number: str) -> None:
        self._services, self._outbox, self._number = services, outbox, number
        self._topics: dict[str, None] = {}

    def pushed(self, text: str) -> None:
        """From the hub."""
        self._outbox.send(text)

    def received(self, text: str) -> None:
        """A command."""
        request = decode(text)
        if request.op == "ping":
            self._answer(request, "pong", is_good=True)
        elif request.op in {"subscribe", "unsubscribe"}:
            self._subscription(request, [str(arg) for arg in request.args or ()])
        else:
            self._answer(request, f"error:handler not found,op:{request.op[:40]}", is_good=False)

    def closed(self) -> None:
        """Subscriptions end with the connection."""
        for topic in self._topics:
            self._services.public.leave(topic, self)
        self._topics.clear()

    def _subscription(self, request: Request, topics: list[str]) -> None:
        complaint = self._complaint(topics)
        if complaint:
            self._answer(request, complaint, is_good=False)
            return
        if request.op == "unsubscribe":
            for topic in topics:
                self._topics.pop(topic, None)
                self._services.public.leave(topic, self)
            self._answer(request, "unsubscribe", is_good=True)
            return
        fresh = [topic for topic in dict.fromkeys(topics) if topic not in self._topics]
        if not fresh:
            return  # the real one says nothing either
        self._answer(request, "subscribe", is_good=True)
        for topic in fresh:
            self._topics[topic] = None
            for text in self._services.public.join(topic, self, self._services.now_ns()):
                self._outbox.send(text)

    def _complaint(self, topics: list[str]) -> str:
        if not topics:
            return "args is empty"
        if len(topics) > ARGS_MAX:
            return "args size >10"
        if sum(map(len, [*self._topics, *topics])) > _CHARACTERS_MAX:
            return "args length exceeds 21000"
        return next(filter(None, map(self._services.public.complaint, topics)), "")

    def _answer(self, request: Request, text: str, *, is_good: bool) -> None:
        body = {"success": is_good, "ret_msg": text, "conn_id": self._number, **request.named}
        self._outbox.send(text_of({**body, "op": request.op}))


@final
class PrivateSession:
    """`/v5/private`."""

    messages_per_s_max = None

    def __init__(self, services: Services, outbox: TextSink, number: str) -> None:
        self._services, self._outbox, self._number = services, outbox, number
        self._account: int | None = None

    def pushed(self, text: str) -> None:
        """From the hub."""
        self._outbox.send(text)

    def received(self, text: str) -> None:
        """A command."""
        request = decode(text)
        if request.op == "ping":
            now_ms = str(self._services.now_ns() // _NS_PER_MS)
            pong = {**request.named, "op": "pong", "args": [now_ms], "conn_id": self._number}
            self._outbox.send(text_of(pong))
        elif request.op == "auth":
            self._authenticate(request)
        elif request.op in {"subscribe", "unsubscribe"}:
            self._subscription(request, [str(arg) for arg in request.args or ()])
        else:
            self._answer(request, "Params Error")

    def closed(self) -> None:
        """Subscriptions end with the connection."""
        if self._account is not None:
            self._services.users.leave(self._account, self)

    def _authenticate(self, request: Request) -> None:
        try:
            account = authenticate_socket(
                request.args or (), self._services.credential, self._services.now_ns() // _NS_PER_MS
            ).account
        except BybitApiError as error:
            self._answer(request, error.text)
            return
        if account != self._account:
            self.closed()  # what it followed was another's
        self._account = account
        self._answer(request)

    def _subscription(self, request: Request, topics: list[str]) -> None:
        unknown = [topic for topic in topics if topic not in TOPICS]
        if self._account is None:
            self._answer(request, "Request not authorized")
        elif unknown or not topics:
            self._answer(request, f"error:handler not found,topic:{','.join(unknown)}")
        else:
            change = self._services.users.join
            if request.op == "unsubscribe":
                change = self._services.users.leave
            change(self._account, self, topics)
            self._answer(request)

    def _answer(self, request: Request, refusal: str = "") -> None:
        body: Json = {"success": not refusal, "ret_msg": refusal, "op": request.op}
        self._outbox.send(text_of({**body, "conn_id": self._number, **request.named}))
