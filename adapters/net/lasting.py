"""A websocket that is opened again whenever it ends, by one rule for every venue and stream.

Invariant: `up` and `down` alternate, but for a first failure, which is a `down` too; between two
attempts lies a back-off, except after an end that was planned and held long enough.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NoReturn, final

import trio
from attrs import field, frozen, validators

from adapters.net.budget import NS_PER_S
from adapters.net.errors import ConnectionLostError
from adapters.net.network import Network
from adapters.net.reconnect import Backoff, BackoffPolicy
from adapters.net.websocket import MessageSocket, open_websocket
from supervisors.clock import Clock
from supervisors.entropy import Dice

PLANNED: Final = "planned, before the venue ends it"
LIFE_JITTER: Final = 0.05
_POSITIVE = validators.gt(0.0)

Session = Callable[[MessageSocket, Callable[[], None]], Awaitable[str]]


class SessionEndedError(Exception):
    """The connection is of no more use; a new one follows."""


@frozen
class ConnectionPolicy:
    """`silence_s`: nothing heard for so long is a loss. `life_s`: reconnect before the venue does.

    A connection that held for `stable_after_s` begins the back-off anew.
    """

    url: str
    connect_timeout_s: float = field(default=10.0, validator=_POSITIVE)
    silence_s: float = field(default=30.0, validator=_POSITIVE)
    life_s: float = field(default=23 * 3600.0, validator=_POSITIVE)
    stable_after_s: float = field(default=30.0, validator=_POSITIVE)
    reconnect: BackoffPolicy = field(factory=BackoffPolicy)


@final
class LastingConnection:
    """One stream's connections, one after the other."""

    def __init__(
        self, policy: ConnectionPolicy, *, network: Network, clock: Clock, dice: Dice
    ) -> None:
        self._policy = policy
        self._network = network
        self._clock = clock
        self._dice = dice
        self._is_up = False

    async def run(
        self,
        session: Session,
        *,
        ready: Callable[[], None],
        up: Callable[[], None],
        down: Callable[[str], None],
        ended: Callable[[str], None],
    ) -> NoReturn:
        """Until cancelled, or `session` raises something else than a lost connection.

        `session(socket, live)` subscribes, calls `live` once it is heard, pumps, and says why it
        ended: by its result, `ConnectionLostError` or `SessionEndedError`. `up()` follows `live`,
        and `ready()` the first `up`.
        `ended(reason)` is called for every connection, successful or not; `down(reason)` after it
        where that is news.
        """
        backoff = Backoff(self._policy.reconnect, self._dice)
        was_told, was_ready = False, False

        def live() -> None:
            nonlocal was_ready
            self._is_up = True
            up()
            if not was_ready:
                was_ready = True
                ready()

        while True:
            self._is_up, started_ns = False, self._clock.monotonic_ns()
            reason = await self._connection(session, live)
            ended(reason)
            if self._is_up or not was_told:
                down(reason)
                was_told = True
            if self._held(started_ns):
                backoff.reset()
                if reason == PLANNED:
                    continue
            await trio.sleep(backoff.next_s())

    def _held(self, started_ns: int) -> bool:
        lived_s = (self._clock.monotonic_ns() - started_ns) / NS_PER_S
        return self._is_up and lived_s >= self._policy.stable_after_s

    async def _connection(self, session: Session, live: Callable[[], None]) -> str:
        """One connection from its opening to its end; why it ended."""
        policy, reason = self._policy, PLANNED
        life_s = policy.life_s * (1.0 - LIFE_JITTER * self._dice.random())
        try:
            with trio.move_on_after(life_s):
                async with open_websocket(
                    self._network,
                    policy.url,
                    connect_timeout_s=policy.connect_timeout_s,
                    silence_s=policy.silence_s,
                ) as socket:
                    reason = await session(socket, live)
        except (ConnectionLostError, SessionEndedError) as error:
            reason = str(error)
        return reason
