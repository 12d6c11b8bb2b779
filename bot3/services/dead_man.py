"""Keeps a venue's dead-man's switch armed while the bot trades: should we die, it cancels entries.

Invariant: it is disarmed on an orderly stop alone, and only once nothing of ours rests; a crash of
this actor, or a stop that could not cancel, leaves it armed. That it is armed, or is not any more
and why, is told when it changes; and once more when that has lasted for several tries, or as long
as the venue waits for us. The bot's protective stops are its own: they rest at no venue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import trio
from attrs import field, frozen

from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.values import VenueName
from bot3.messages.orders import DeadManChanged
from bot3.ports.dead_man import DeadManPort
from bot3.ports.venue import VenuePort
from supervisors.actor import EdgeActor, EdgeContext
from supervisors.clock import Clock
from supervisors.spec import EdgeSpec

RETRY_PAUSE_S = 1.0  # after the first failure; then twice as long, up to a renewal
FAILURES_MAX = 3  # one by one they are nothing: the countdown of the last success still runs
Tell = Callable[[DeadManChanged], None]


@final
@frozen
class DeadManSwitch:
    """One venue's. `is_over` is the word that nothing rests any more, `is_left` the answer."""

    venue: VenueName
    port: DeadManPort
    is_over: trio.Event = field(factory=trio.Event)
    is_left: trio.Event = field(factory=trio.Event)

    async def disarm(self) -> None:
        """Returns when its actor has done what it could."""
        self.is_over.set()
        await self.is_left.wait()

    def spec(self, tell: Tell, clock: Clock) -> EdgeSpec:
        """To be started before whatever sends orders."""
        return EdgeSpec("dead man", lambda: DeadManActor(self, tell, clock))


def switches_of(venue: VenuePort) -> tuple[DeadManSwitch, ...]:
    """One where the venue has one that is wanted, else none."""
    port = venue.dead_man
    return () if port is None else (DeadManSwitch(venue.venue, port),)


@final
class DeadManActor(EdgeActor):
    """Arms it anew all the time; ready after the first try, whatever came of it."""

    def __init__(self, switch: DeadManSwitch, tell: Tell, clock: Clock) -> None:
        self._switch, self._port = switch, switch.port
        self._tell, self._clock = tell, clock
        self._told: tuple[bool, bool] | None = None
        self._pause_s = RETRY_PAUSE_S
        self._failures = 0
        self._confirmed_s = 0.0

    async def run(self, context: EdgeContext) -> None:
        self._confirmed_s = trio.current_time()
        while not self._switch.is_over.is_set():
            pause_s = await self._arm()
            context.ready()
            context.progress()
            with trio.move_on_after(pause_s):
                await self._switch.is_over.wait()
        try:
            await self._port.disarm()
        except (OrderRejectedError, OutcomeUnknownError, VenueError) as error:
            self._note(f"it could not be disarmed: {error}", is_armed=True)
        self._switch.is_left.set()
        await trio.sleep_forever()

    async def _arm(self) -> float:
        """Seconds until the next time."""
        try:
            await self._port.arm()
        except (OrderRejectedError, OutcomeUnknownError, VenueError) as error:
            self._failures += 1
            self._note(str(error) or type(error).__name__, is_armed=False)
            pause_s = min(self._pause_s, self._port.renewal_s)
            self._pause_s = 2 * pause_s
            return pause_s
        self._pause_s, self._failures = RETRY_PAUSE_S, 0
        self._confirmed_s = trio.current_time()
        words = f"after {self._port.timeout_s} s without us the venue cancels {self._port.scope}"
        self._note(words, is_armed=True)
        return self._port.renewal_s

    @property
    def _is_overdue(self) -> bool:
        quiet_s = trio.current_time() - self._confirmed_s
        return self._failures >= FAILURES_MAX or quiet_s >= self._port.timeout_s

    def _note(self, detail: str, *, is_armed: bool) -> None:
        is_overdue = not is_armed and self._is_overdue
        if (is_armed, is_overdue) != self._told:
            self._told = (is_armed, is_overdue)
            now_ns = self._clock.now_ns()
            venue = self._switch.venue
            self._tell(DeadManChanged(venue, is_armed, detail, now_ns, is_overdue))
