"""REST requests to Bybit: counted, signed at the last moment, their errors typed.

Invariant: `BybitError`, `NotSentError` and `UnclearError` are all that escapes, and none of them
shows a key, a secret or a signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar, final
from urllib.parse import quote

import msgspec

from adapters.bybit.errors import HTTP_FORBIDDEN, TIMESTAMP_OUTSIDE_WINDOW, TOO_FAST, BybitError
from adapters.bybit.schemas import Envelope, TimeResult
from adapters.bybit.settings import make_budget
from adapters.bybit.signing import signed_headers
from adapters.net.budget import Priority
from adapters.net.calls import Call, DeadlinePassedError, NotSentError, UnclearError
from adapters.net.credentials import Credentials
from adapters.net.decimals import whole
from adapters.net.frames import DECODE_ERRORS
from adapters.net.http import HttpResponse
from adapters.net.network import Network
from adapters.net.venue_settings import VenueSettings
from adapters.net.windowed_rest import Message, WindowedRest
from adapters.net.windows import WindowBudget
from supervisors.clock import Clock

NS_PER_MS: Final = 1_000_000
SERVER_TIME: Final = Call("GET", "/v5/market/time", 1, Priority.QUERY)
_BACK_OFF_S: Final = 1.0
_BACK_OFF_MAX_S: Final = 60.0
# An address that asked too much is shut out for ten minutes; a region for good.
_SHUT_OUT_S: Final = 600.0
_T = TypeVar("_T")


@final
class BybitRest:
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
        self.link = WindowedRest(
            settings.rest_url,
            network=network,
            clock=clock,
            budget=budget or make_budget(),
            timeout_s=settings.request_timeout_s,
            time_call=SERVER_TIME,
            read_time_ns=self._read_time_ns,
        )

    async def public(self, call: Call, params: Mapping[str, str], kind: type[_T]) -> _T:
        """An unsigned question; its `result` as `kind`."""
        query = query_of(params)
        response = await self.link.send(call, lambda: Message(f"{call.path}?{query}", {}))
        return self._result(response, kind, call)

    async def asked(
        self, call: Call, params: Mapping[str, str], kind: type[_T], *, cursor: str = ""
    ) -> _T:
        """A signed question; its `result` as `kind`. A cursor is sent as it came."""
        query = query_of(params) + (f"&cursor={cursor}" if cursor else "")
        response = await self._signed(call, query, b"", self._settings.recv_window_ms)
        return self._result(response, kind, call)

    async def done(
        self,
        call: Call,
        body: Mapping[str, object],
        kind: type[_T],
        *,
        deadline_ns: int | None = None,
    ) -> _T:
        """A signed action.

        The venue refuses it after `deadline_ns` (local clock) or after the configured window,
        whichever is earlier; past the deadline it is not sent: `DeadlinePassedError`.
        """
        response = await self._signed(call, "", msgspec.json.encode(body), None, deadline_ns)
        return self._result(response, kind, call)

    def window_ms(self, deadline_ns: int | None) -> int:
        """How late the venue may take it; raises `DeadlinePassedError`."""
        window_ms = self._settings.recv_window_ms
        if deadline_ns is None:
            return window_ms
        left_ms = (deadline_ns - self._clock.now_ns()) // NS_PER_MS
        if left_ms <= 0:
            raise DeadlinePassedError("its deadline passed before it could be sent")
        return min(window_ms, left_ms)

    async def _signed(
        self,
        call: Call,
        query: str,
        body: bytes,
        window_ms: int | None,
        deadline_ns: int | None = None,
    ) -> HttpResponse:
        credentials = self._credentials
        if credentials is None:
            raise NotSentError(f"{call.path}: needs credentials, and there are none")
        await self.link.mend_clock()
        target = f"{call.path}?{query}" if query else call.path

        def make() -> Message:
            window = self.window_ms(deadline_ns) if window_ms is None else window_ms
            now_ns = self.link.venue_now_ns()
            headers = signed_headers(credentials, query.encode() or body, now_ns, window)
            return Message(target, headers, body)

        return await self.link.send(call, make)

    def _result(self, response: HttpResponse, kind: type[_T], call: Call) -> _T:
        """It did answer 2xx, so an unreadable body leaves the outcome unknown."""
        try:
            envelope = msgspec.json.decode(response.body, type=Envelope)
        except DECODE_ERRORS as error:
            if response.status == 200:
                raise UnclearError(f"{call.path}: unreadable: {error}") from error
            envelope = Envelope(0, "no error code in the reply")
        if response.status != 200 or envelope.ret_code:
            error_ = BybitError(response.status, envelope.ret_code, envelope.ret_msg, call.path)
            raise self.noted(error_, response.headers)
        return read(envelope.result, kind, call.path)

    def noted(self, error: BybitError, headers: Mapping[str, str]) -> BybitError:
        """The same error, after drawing its consequences for the requests to come."""
        if error.code == TIMESTAMP_OUTSIDE_WINDOW:
            self.link.suspect_clock()
        if error.code == TOO_FAST:
            text = headers.get("x-bapi-limit-reset-timestamp", "")
            reset_ms = whole(text) or 0
            wait_s = (reset_ms * NS_PER_MS - self.link.venue_now_ns()) / 1e9
            self.link.block(min(max(wait_s, _BACK_OFF_S), _BACK_OFF_MAX_S))
        if error.status == HTTP_FORBIDDEN:
            self.link.block(_SHUT_OUT_S)
        return error

    def _read_time_ns(self, response: HttpResponse) -> int:
        return self._result(response, TimeResult, SERVER_TIME).time_nano


def read(raw: msgspec.Raw, kind: type[_T], where: str) -> _T:
    """A `result`; raises `UnclearError`."""
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except DECODE_ERRORS as error:
        raise UnclearError(f"{where}: unreadable: {error}") from error


def query_of(params: Mapping[str, str]) -> str:
    """`a=1&b=2` in the given order, percent-encoded: what is sent and what is signed."""
    return "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in params.items())
