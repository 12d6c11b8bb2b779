"""REST requests to Binance: weighed, signed at the last moment, their errors typed.

Invariant: no request starts without budget; a signed one carries the venue's time at the moment it
leaves. `BinanceError`, `NotSentError` and `UnclearError` are all that escapes, and none of them
shows a key, a secret or a signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, final

import trio

from adapters.binance.errors import (
    TIMESTAMP_OUTSIDE_WINDOW,
    TOO_MANY_ORDERS,
    BinanceError,
    error_of,
)
from adapters.binance.schemas import ServerTime, decode_reply
from adapters.binance.settings import BinanceSettings
from adapters.binance.signing import Param, query_of, signed_query
from adapters.net.budget import NS_PER_S, Priority, WeightBudget
from adapters.net.calls import Call, DeadlinePassedError, NotSentError, UnclearError
from adapters.net.credentials import Credentials
from adapters.net.decimals import whole
from adapters.net.errors import OutcomeUnclearError, TransportBrokenError
from adapters.net.frames import MalformedFrame
from adapters.net.http import HttpClient, HttpResponse
from adapters.net.network import Network
from adapters.net.shared_question import SharedQuestion
from bot3.domain.errors import VenueError
from supervisors.clock import Clock

NS_PER_MS = 1_000_000
_CLOCK_SAMPLES = 3
_BLOCK_S_WITHOUT_HEADER = 60.0
_T = TypeVar("_T")


SERVER_TIME = Call("GET", "/api/v3/time", 1, Priority.QUERY)
EXCHANGE_INFO = Call("GET", "/api/v3/exchangeInfo", 20, Priority.DATA)


@final
class BinanceRest:
    """One address and, for signed calls, one account."""

    def __init__(
        self,
        settings: BinanceSettings,
        *,
        network: Network,
        clock: Clock,
        budget: WeightBudget | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._credentials = credentials
        self._http = HttpClient(settings.rest_url, network, timeout_s=settings.request_timeout_s)
        self.budget = budget or WeightBudget(settings.weight_per_minute)
        self.offset_ns = 0
        self._is_clock_suspect = False
        self._measurement = SharedQuestion(self._measure)

    def venue_now_ns(self) -> int:
        """The venue's clock as we know it."""
        return self._clock.now_ns() + self.offset_ns

    async def synchronize(self) -> None:
        """Measures the offset; once for all who want that at the same moment.

        Takes no longer than one request may; raises as `public` does.
        """
        await self._measurement.answered()

    async def _measure(self) -> None:
        """Server time minus the middle of the quickest of three questions."""
        samples: list[tuple[int, int]] = []
        with trio.move_on_after(self._settings.request_timeout_s):
            while len(samples) < _CLOCK_SAMPLES:
                samples.append(await self._clock_sample())
        if not samples:
            raise UnclearError(f"{SERVER_TIME.path}: no answer in time")
        self.offset_ns = min(samples)[1]
        self._is_clock_suspect = False

    async def _clock_sample(self) -> tuple[int, int]:
        """(round trip, offset), both in nanoseconds."""
        sent_ns, started_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        reply = await self.public(SERVER_TIME, {}, ServerTime)
        trip_ns = self._clock.monotonic_ns() - started_ns
        return trip_ns, reply.server_ms * NS_PER_MS - (sent_ns + trip_ns // 2)

    async def public(self, call: Call, params: Mapping[str, Param], kind: type[_T]) -> _T:
        """An unsigned call, decoded as `kind`."""
        await self._wait_for_budget(call)
        query = query_of(params)
        return _decoded(await self._send(call, query, {}), kind, call)

    async def signed(
        self,
        call: Call,
        params: Mapping[str, Param],
        kind: type[_T],
        *,
        deadline_ns: int | None = None,
    ) -> _T:
        """A signed call, decoded as `kind`.

        The venue refuses it after `deadline_ns` (local clock) or after the configured window,
        whichever is earlier; past the deadline it is not sent: `DeadlinePassedError`.
        """
        if self._credentials is None:
            raise NotSentError(f"{call.path}: needs credentials, and there are none")
        await self.prepare(call)
        timing = self.timing(deadline_ns)
        query = signed_query(self._credentials, {**params, **timing})
        headers = {"X-MBX-APIKEY": self._credentials.api_key}
        return _decoded(await self._send(call, query, headers), kind, call)

    async def prepare(self, call: Call) -> None:
        """The clock is mended and there is budget: the request may leave; raises `NotSentError`."""
        await self._mend_clock()
        await self._wait_for_budget(call)

    def timing(self, deadline_ns: int | None) -> dict[str, Param]:
        """When a request leaves, and how late it may arrive; raises `DeadlinePassedError`."""
        window_ms = self._settings.recv_window_ms
        if deadline_ns is not None:
            left_ms = (deadline_ns - self._clock.now_ns()) // NS_PER_MS
            if left_ms <= 0:
                raise DeadlinePassedError("its deadline passed before it could be sent")
            window_ms = min(window_ms, left_ms)
        return {"recvWindow": window_ms, "timestamp": self.venue_now_ns() // NS_PER_MS}

    async def _mend_clock(self) -> None:
        """Measures again once the venue has refused a timestamp."""
        if not self._is_clock_suspect:
            return
        try:
            await self.synchronize()
        except VenueError as error:
            raise NotSentError(f"the venue's clock could not be measured: {error}") from error

    async def _wait_for_budget(self, call: Call) -> None:
        if self.budget.turns_away(call.priority):
            raise NotSentError(f"{call.path}: the rate budget is low, and data can wait")
        give_up_ns = self._clock.monotonic_ns() + int(self._settings.request_timeout_s * NS_PER_S)
        while True:
            try:
                wait_s = self.budget.wait_s(call.priority, call.weight, self._clock.now_ns())
            except ValueError as error:
                raise NotSentError(f"{call.path}: {error}") from error
            if not wait_s:
                return
            if self._clock.monotonic_ns() + int(wait_s * NS_PER_S) > give_up_ns:
                raise NotSentError(f"{call.path}: no request weight left for {wait_s:.1f} s")
            await trio.sleep(wait_s)

    async def _send(self, call: Call, query: str, headers: Mapping[str, str]) -> HttpResponse:
        target = f"{call.path}?{query}" if query else call.path
        used: int | None = None
        self.budget.start(call.weight, self._clock.now_ns())
        try:
            response = await self._http.request(call.method, target, headers=headers)
            used = _used_weight(response)
        except TransportBrokenError as error:
            raise NotSentError(str(error)) from error
        except OutcomeUnclearError as error:
            raise UnclearError(str(error)) from error
        finally:
            self.budget.finish(call.weight, self._clock.now_ns(), used)
        if not 200 <= response.status < 300:
            error_ = error_of(response.status, response.body, call.path)
            raise self.noted(error_, response.headers.get("retry-after", ""))
        return response

    def noted(self, error: BinanceError, retry_after_s: str = "") -> BinanceError:
        """The same error, after drawing its consequences for the requests to come."""
        if error.code == TIMESTAMP_OUTSIDE_WINDOW:
            self._is_clock_suspect = True
        # Too many orders is no reason to hold back cancels.
        if error.status in (418, 429) and error.code != TOO_MANY_ORDERS:
            self._block(retry_after_s)
        return error

    def _block(self, retry_after_s: str) -> None:
        try:
            wait_s = float(retry_after_s)
        except ValueError:
            wait_s = _BLOCK_S_WITHOUT_HEADER
        wait_ns = int(min(max(wait_s, 1.0), 3 * 86_400.0) * NS_PER_S)
        self.budget.block(self._clock.now_ns() + wait_ns)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._http.aclose()


def _used_weight(response: HttpResponse) -> int | None:
    return whole(response.headers.get("x-mbx-used-weight-1m", ""))


def _decoded(response: HttpResponse, kind: type[_T], call: Call) -> _T:
    """It did answer 2xx, so an unreadable body leaves the outcome unknown."""
    reply = decode_reply(kind, response.body)
    if isinstance(reply, MalformedFrame):
        raise UnclearError(f"{call.path}: HTTP {response.status}, unreadable: {reply.reason}")
    return reply
