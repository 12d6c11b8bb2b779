"""REST requests within window budgets, and the venue's clock: what OKX and Bybit share.

Invariant: no request starts without budget; what is signed is made at the moment it leaves.
`NotSentError` and `UnclearError` are all that escapes, and what `Make` and `Read` raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

import trio
from attrs import frozen

from adapters.net.budget import NS_PER_S
from adapters.net.calls import Call, NotSentError, UnclearError
from adapters.net.errors import OutcomeUnclearError, TransportBrokenError
from adapters.net.http import HttpClient, HttpResponse
from adapters.net.network import Network
from adapters.net.shared_question import SharedQuestion
from adapters.net.windows import WindowBudget
from bot3.domain.errors import VenueError
from supervisors.clock import Clock

_CLOCK_SAMPLES = 3


@frozen
class Message:
    """A request as it leaves: path with query, headers, body."""

    target: str
    headers: Mapping[str, str]
    body: bytes = b""


Make = Callable[[], Message]
ReadTime = Callable[[HttpResponse], int]


@final
class WindowedRest:
    """One address. `read_time_ns` reads the venue's clock from the answer to `time_call`."""

    def __init__(
        self,
        url: str,
        *,
        network: Network,
        clock: Clock,
        budget: WindowBudget,
        timeout_s: float,
        time_call: Call,
        read_time_ns: ReadTime,
    ) -> None:
        self._clock, self._timeout_s = clock, timeout_s
        self._http = HttpClient(url, network, timeout_s=timeout_s)
        self._time_call, self._read_time_ns = time_call, read_time_ns
        self.budget = budget
        self.offset_ns = 0
        self._is_clock_suspect = False
        self._measurement = SharedQuestion(self._measure)
        self._is_clock_known = False

    def venue_now_ns(self) -> int:
        """The venue's clock as we know it."""
        return self._clock.now_ns() + self.offset_ns

    def suspect_clock(self) -> None:
        """The venue refused a timestamp: `mend_clock` will measure again."""
        self._is_clock_suspect = True

    def block(self, wait_s: float) -> None:
        """Nothing more for so long."""
        self.budget.block(self._clock.now_ns() + int(wait_s * NS_PER_S))

    async def mend_clock(self) -> None:
        """Measures again once the venue has refused a timestamp; raises `NotSentError`."""
        if not self._is_clock_suspect:
            return
        try:
            await self.synchronize()
        except VenueError as error:
            raise NotSentError(f"the venue's clock could not be measured: {error}") from error

    async def know_clock(self) -> None:
        """Measures it unless that was done; raises `VenueError`."""
        if not self._is_clock_known:
            await self.synchronize()

    async def synchronize(self) -> None:
        """Measures the offset; once for all who want that at the same moment.

        Takes no longer than one request may; raises `VenueError`.
        """
        await self._measurement.answered()

    async def _measure(self) -> None:
        """Server time minus the middle of the quickest of three questions."""
        samples: list[tuple[int, int]] = []
        with trio.move_on_after(self._timeout_s):
            while len(samples) < _CLOCK_SAMPLES:
                samples.append(await self._clock_sample())
        if not samples:
            raise UnclearError(f"{self._time_call.path}: no answer in time")
        self.offset_ns = min(samples)[1]
        self._is_clock_suspect, self._is_clock_known = False, True

    async def _clock_sample(self) -> tuple[int, int]:
        """(round trip, offset), both in nanoseconds."""
        sent_ns, started_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        reply = await self.send(self._time_call, lambda: Message(self._time_call.path, {}))
        trip_ns = self._clock.monotonic_ns() - started_ns
        return trip_ns, self._read_time_ns(reply) - (sent_ns + trip_ns // 2)

    async def send(self, call: Call, make: Make) -> HttpResponse:
        """Once there is budget, whatever the answer's status."""
        await self._wait_for_budget(call)
        message = make()
        self.budget.start(call, self._clock.now_ns())
        try:
            return await self._http.request(
                call.method, message.target, headers=message.headers, body=message.body
            )
        except TransportBrokenError as error:
            raise NotSentError(str(error)) from error
        except OutcomeUnclearError as error:
            raise UnclearError(str(error)) from error

    async def take_budget(self, call: Call) -> None:
        """For a request that goes another way, and counts here; raises `NotSentError`."""
        await self._wait_for_budget(call)
        self.budget.start(call, self._clock.now_ns())

    async def _wait_for_budget(self, call: Call) -> None:
        if self.budget.turns_away(call.priority):
            raise NotSentError(f"{call.path}: the rate budget is low, and data can wait")
        give_up_ns = self._clock.monotonic_ns() + int(self._timeout_s * NS_PER_S)
        while wait_s := self.budget.wait_s(call, self._clock.now_ns()):
            if self._clock.monotonic_ns() + int(wait_s * NS_PER_S) > give_up_ns:
                raise NotSentError(f"{call.path}: no request left for {wait_s:.1f} s")
            await trio.sleep(wait_s)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._http.aclose()
