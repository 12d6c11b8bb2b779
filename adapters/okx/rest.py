"""REST requests to OKX: counted, signed at the last moment, their errors typed.

Invariant: a POST carries its verdict in its one item. `OkxError`, `NotSentError` and `UnclearError`
are all that escapes, and none of them shows a key, a secret, a passphrase or a signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, final
from urllib.parse import quote

import msgspec

from adapters.net.budget import Priority
from adapters.net.calls import Call, DeadlinePassedError, NotSentError, UnclearError
from adapters.net.credentials import Credentials
from adapters.net.frames import DECODE_ERRORS
from adapters.net.http import HttpResponse
from adapters.net.network import Network
from adapters.net.venue_settings import VenueSettings
from adapters.net.windowed_rest import Message, WindowedRest
from adapters.net.windows import WindowBudget
from adapters.okx.errors import TIMESTAMP_EXPIRED, TOO_FAST, OkxError
from adapters.okx.schemas import ErrorReply, Reply, TimeRow
from adapters.okx.settings import make_budget
from adapters.okx.signing import signed_headers
from supervisors.clock import Clock

NS_PER_MS: Final = 1_000_000
SERVER_TIME: Final = Call("GET", "/api/v5/public/time", 1, Priority.QUERY)
_BACK_OFF_S: Final = 2.0
_HTTP_TOO_MANY: Final = 429
_OK: Final = frozenset({"0", "1", "2"})
_T = TypeVar("_T")


@final
class OkxRest:
    """One address and, for signed calls, one account."""

    def __init__(
        self,
        settings: VenueSettings,
        *,
        network: Network,
        clock: Clock,
        budget: WindowBudget | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self._settings, self._clock, self._credentials = settings, clock, credentials
        self._environment = {"x-simulated-trading": "1"} if settings.is_demo else {}
        self.link = WindowedRest(
            settings.rest_url,
            network=network,
            clock=clock,
            budget=budget or make_budget(),
            timeout_s=settings.request_timeout_s,
            time_call=SERVER_TIME,
            read_time_ns=self._read_time_ns,
        )

    async def public(self, call: Call, params: Mapping[str, str], kind: type[_T]) -> list[_T]:
        """An unsigned question; its `data` as `kind`."""
        target = call.path + query_of(params)
        response = await self.link.send(call, lambda: Message(target, self._environment))
        return self._data(response, kind, call)

    async def asked(self, call: Call, params: Mapping[str, str], kind: type[_T]) -> list[_T]:
        """A signed question; its `data` as `kind`."""
        return self._data(await self._signed(call, query_of(params), b"", {}), kind, call)

    async def done(
        self,
        call: Call,
        order: Mapping[str, str],
        kind: type[_T],
        *,
        deadline_ns: int | None = None,
    ) -> list[_T]:
        """A signed action on one order; raises its item's error as its own.

        The venue refuses it after `deadline_ns` (local clock) or after the configured window,
        whichever is earlier; past the deadline it is not sent: `DeadlinePassedError`.
        """
        headers: dict[str, str] = {}
        if deadline_ns is not None:
            headers["expTime"] = str(self.expiry_ms(deadline_ns))
        response = await self._signed(call, "", msgspec.json.encode(order), headers)
        return self._data(response, kind, call)

    def expiry_ms(self, deadline_ns: int) -> int:
        """Until when the venue may take an order, by its clock; raises `DeadlinePassedError`."""
        now_ns = self._clock.now_ns()
        if deadline_ns <= now_ns:
            raise DeadlinePassedError("its deadline passed before it could be sent")
        last_ns = min(deadline_ns, now_ns + self._settings.recv_window_ms * NS_PER_MS)
        return (last_ns + self.link.offset_ns) // NS_PER_MS

    async def _signed(
        self, call: Call, query: str, body: bytes, more: Mapping[str, str]
    ) -> HttpResponse:
        credentials = self._credentials
        if credentials is None:
            raise NotSentError(f"{call.path}: needs credentials, and there are none")
        await self.link.mend_clock()
        target = call.path + query

        def make() -> Message:
            now_ns = self.link.venue_now_ns()
            headers = signed_headers(credentials, call.method, target, body, now_ns)
            return Message(target, {**headers, **self._environment, **more}, body)

        return await self.link.send(call, make)

    def _data(self, response: HttpResponse, kind: type[_T], call: Call) -> list[_T]:
        """It did answer 2xx, so an unreadable body leaves the outcome unknown."""
        try:
            envelope = msgspec.json.decode(response.body, type=ErrorReply)
        except DECODE_ERRORS:
            envelope = ErrorReply("", "no error code in the reply")
        if response.status != 200 or envelope.code not in _OK:
            if response.status == 200 and not envelope.code:
                raise UnclearError(f"{call.path}: unreadable reply")
            raise self.noted(OkxError(response.status, envelope.code, envelope.msg, call.path))
        try:
            reply: Reply[Any] = msgspec.json.decode(
                response.body,
                type=Reply[kind],  # type: ignore[valid-type]
                strict=False,
            )
        except DECODE_ERRORS as error:
            raise UnclearError(f"{call.path}: unreadable: {error}") from error
        if envelope.code != "0" and not reply.data:
            raise OkxError(response.status, envelope.code, envelope.msg, call.path)
        return reply.data or []

    def noted(self, error: OkxError) -> OkxError:
        """The same error, after drawing its consequences for the requests to come."""
        if error.code == TIMESTAMP_EXPIRED:
            self.link.suspect_clock()
        if error.code in TOO_FAST or error.status == _HTTP_TOO_MANY:
            self.link.block(_BACK_OFF_S)
        return error

    def _read_time_ns(self, response: HttpResponse) -> int:
        rows = self._data(response, TimeRow, SERVER_TIME)
        if not rows:
            raise UnclearError(f"{SERVER_TIME.path}: no time in the reply")
        return rows[0].ts * NS_PER_MS


def query_of(params: Mapping[str, str]) -> str:
    """`?a=1&b=2` in the given order, percent-encoded: what is sent and what is signed."""
    pairs = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in params.items())
    return f"?{pairs}" if pairs else ""
