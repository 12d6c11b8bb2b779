"""One venue under examination: clock, filters, keys, market data, private stream.

Invariant: nothing is traded, every check has a deadline, and a check that fails says what to do;
later ones are made all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import trio
from attrs import frozen

from bot3.app.venues import VenueAccess
from bot3.domain.errors import Bot3Error
from bot3.domain.instrument import Instrument
from bot3.domain.values import Symbol, VenueName
from bot3.messages.market import BookReplaced
from bot3.messages.orders import AccountRestored
from supervisors.clock import Clock

OFFSET_MAX_MS: Final = 500.0
NS_PER_MS: Final = 1_000_000


@frozen
class Finding:
    """One check of one venue; `advice` where it is not good."""

    venue: str
    check: str
    is_good: bool
    detail: str
    advice: str = ""

    def line(self) -> str:
        """For people."""
        mark = "ok  " if self.is_good else "FAIL"
        advice = f"\n     → {self.advice}" if self.advice else ""
        return f"{mark} {self.venue:<8} {self.check:<17} {self.detail}{advice}"


class ComplaintError(Bot3Error):
    """A check that was made, and is not good."""


@frozen
class Examination:
    """What is examined, for whom: `order_notional_max` is the most that an order may be worth, and
    `deadline_s` the longest that one check may take.
    """

    name: VenueName
    access: VenueAccess
    symbols: Sequence[Symbol]
    order_notional_max: float
    clock: Clock
    deadline_s: float

    async def run(self) -> list[Finding]:
        """All checks, one after the other."""
        checks: tuple[tuple[str, Callable[[], Awaitable[str]], str], ...] = (
            (
                "clock",
                self._clock,
                "check rest_url; set this machine's clock by NTP",
            ),
            ("filters", self._filters, "check [exchanges] symbols and [risk] max_order_notional"),
            ("keys", self._keys, "check the keys, their permission to trade, and the bound IP"),
            ("market data", self._market_data, "check ws_url, and what blocks websockets here"),
            ("private stream", self._private_stream, "check private_ws_url, and the keys"),
            ("dead-man's switch", self._dead_man, ""),
        )
        return [await self._made(*check) for check in checks]

    async def _made(self, check: str, make: Callable[[], Awaitable[str]], advice: str) -> Finding:
        detail = f"no result within {self.deadline_s:g} s"
        with trio.move_on_after(self.deadline_s):
            try:
                return Finding(self.name, check, is_good=True, detail=await make())
            except Bot3Error as error:
                detail = str(error)
        return Finding(self.name, check, is_good=False, detail=detail, advice=advice)

    async def _clock(self) -> str:
        started_ns = self.clock.monotonic_ns()
        await self.access.venue.refresh()
        took_ms = (self.clock.monotonic_ns() - started_ns) / NS_PER_MS
        offset_ms = self.access.venue.counts()["clock_offset_us"] / 1_000
        told = f"the venue's is {offset_ms:+.1f} ms from ours; answers in {took_ms:.0f} ms"
        if abs(offset_ms) > OFFSET_MAX_MS:
            raise ComplaintError(told)
        return told

    async def _filters(self) -> str:
        found = await self.access.feed.instruments(self.symbols)
        halted = [one.id.symbol for one in found if not one.is_trading]
        if halted:
            raise ComplaintError(f"not trading now: {', '.join(halted)}")
        dear = [one.id.symbol for one in found if one.notional_min > self.order_notional_max]
        if dear:
            raise ComplaintError(f"the least order is above max_order_notional: {', '.join(dear)}")
        return "; ".join(map(_told, found))

    async def _keys(self) -> str:
        held = [balance for balance in await self.access.venue.balances() if balance.total]
        return ", ".join(f"{each.total:f} {each.asset}" for each in held) or "an empty account"

    async def _market_data(self) -> str:
        waited: set[Symbol] = set(self.symbols)
        all_there = trio.Event()

        def publish(event: Any) -> None:
            if isinstance(event, BookReplaced):
                waited.discard(event.instrument.symbol)
                if not waited:
                    all_there.set()

        await self._until(all_there, partial(self.access.feed.run, self.symbols, publish))
        return f"books of {', '.join(self.symbols)}"

    async def _private_stream(self) -> str:
        restored = trio.Event()

        def publish(event: Any) -> None:
            if isinstance(event, AccountRestored):
                restored.set()

        await self._until(restored, partial(self.access.venue.run_account, self.symbols, publish))
        return "logged in and subscribed"

    async def _dead_man(self) -> str:
        """Told, not tried: to disarm it would disarm that of a bot that trades meanwhile."""
        await trio.lowlevel.checkpoint()
        port = self.access.venue.dead_man
        if port is None:
            return "none: what rests outlives a process that dies, until the next one starts"
        return f"armed while trading: after {port.timeout_s} s without us it cancels {port.scope}"

    async def _until(self, event: trio.Event, run: Callable[..., Awaitable[None]]) -> None:
        """Raises what `run` raises before the event."""
        failure: Bot3Error | None = None

        async def guarded(scope: trio.CancelScope) -> None:
            nonlocal failure
            try:
                await run(ready=lambda: None)
            except Bot3Error as error:
                failure = error
                scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(guarded, nursery.cancel_scope)
            await event.wait()
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure


def _told(one: Instrument) -> str:
    least = f"{one.notional_min:f} {one.quote}" if one.notional_min else ""
    least = least or f"{one.amount_min:f} {one.base}"
    return f"{one.id.symbol} tick {one.tick_size:f}, lot {one.lot_size:f}, least {least}"
