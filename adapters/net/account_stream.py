"""The private stream of one account, where it begins with a login and subscriptions.

Invariant: `AccountLost` and `AccountRestored` alternate, and frame every time in which an event may
have been missed; a frame that cannot be read is such a time, for it may have been a fill.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final, final

import trio

from adapters.net.account_frames import (
    AccountDialect,
    AccountFrame,
    Changed,
    LoggedIn,
    Noticed,
    RefusalKind,
    Refused,
    StreamEnded,
    Subscribed,
)
from adapters.net.budget import NS_PER_S
from adapters.net.errors import ConnectionLostError
from adapters.net.frames import MalformedFrame, UnknownFrame
from adapters.net.lasting import LastingConnection, SessionEndedError
from adapters.net.network import Network
from adapters.net.statistics import AccountStatistics
from adapters.net.venue_settings import VenueSettings
from adapters.net.websocket import MessageSocket
from adapters.net.windowed_rest import WindowedRest
from bot3.domain.errors import VenueError
from bot3.messages.orders import AccountEvent, AccountLost, AccountRestored
from supervisors.clock import Clock
from supervisors.entropy import Dice

# An event may be this much older than the last byte that we heard before a gap.
LOST_MARGIN_NS: Final = 5 * NS_PER_S
Publish = Callable[[AccountEvent], None]
Live = Callable[[], None]


@final
class AccountStream:
    """Runs until cancelled; raises `VenueError` where the venue refuses the key itself."""

    def __init__(
        self,
        settings: VenueSettings,
        dialect: AccountDialect,
        link: WindowedRest,
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
    ) -> None:
        self._settings, self._dialect, self._link = settings, dialect, link
        self._clock = clock
        self._connection = LastingConnection(
            settings.connection(settings.private_ws_url), network=network, clock=clock, dice=dice
        )
        self._is_live = False
        self._failure: Exception | None = None
        self._lost_ns = 0
        self.statistics = AccountStatistics()

    async def run(self, publish: Publish, *, ready: Callable[[], None]) -> None:
        """See `VenuePort.run_account`."""
        venue = self._settings.venue

        def up() -> None:
            publish(AccountRestored(venue, self._lost_ns, self._clock.now_ns()))

        def down(reason: str) -> None:
            publish(AccountLost(venue, reason, self._clock.now_ns()))

        def ended(_: str) -> None:
            self.statistics.reconnects += 1

        async def session(socket: MessageSocket, live: Callable[[], None]) -> str:
            self._is_live, self._failure = False, None
            try:
                return await self._session(socket, publish, live)
            finally:
                self._note_loss(socket.quiet_s)

        await self._connection.run(session, ready=ready, up=up, down=down, ended=ended)

    async def _session(
        self, socket: MessageSocket, publish: Publish, live: Callable[[], None]
    ) -> str:
        """Pings beside the reading; the first failure ends both."""
        async with trio.open_nursery() as nursery:
            parts = (partial(self._read, socket, publish, live), partial(self._ping, socket))
            for part in parts:
                nursery.start_soon(self._guarded, part, nursery.cancel_scope)
        assert self._failure is not None
        raise self._failure

    async def _guarded(self, part: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
        try:
            await part()
        except (ConnectionLostError, SessionEndedError, VenueError) as error:
            self._failure = self._failure or error
            scope.cancel()

    async def _ping(self, socket: MessageSocket) -> None:
        while True:
            await trio.sleep(self._settings.ping_interval_s)
            await socket.send(self._dialect.ping)

    async def _read(
        self, socket: MessageSocket, publish: Publish, live: Callable[[], None]
    ) -> None:
        early = await self._begin(socket)
        self._is_live = True
        live()
        self._handle(early, publish)

        def take(batch: Iterable[str | bytes]) -> bool:
            self._handle(self._decoded(batch), publish)
            return False

        await socket.pump(take)

    async def _begin(self, socket: MessageSocket) -> list[AccountFrame]:
        """Logs in and subscribes; what came meanwhile, for after `live`."""
        early: list[AccountFrame] = []
        limit_s = self._settings.request_timeout_s
        with trio.move_on_after(limit_s) as scope:
            await socket.send(self._dialect.login(self._link.venue_now_ns()))
            await self._await(socket, LoggedIn, 1, early)
            await socket.send(self._dialect.subscribe())
            await self._await(socket, Subscribed, self._dialect.subscriptions, early)
        if scope.cancelled_caught:
            raise SessionEndedError(f"no answer to login or subscription within {limit_s:g} s")
        return early

    async def _await(
        self, socket: MessageSocket, kind: type[AccountFrame], count: int, early: list[AccountFrame]
    ) -> None:
        while count > 0:
            for frame in self._decoded(await socket.receive_batch()):
                if isinstance(frame, kind):
                    count -= 1
                elif isinstance(frame, Refused):
                    await self._refused(frame)
                else:
                    early.append(frame)

    async def _refused(self, refused: Refused) -> None:
        """Always raises."""
        words = f"{self._settings.venue}: private stream refused: {refused.reason}"
        if refused.kind is RefusalKind.FOR_GOOD:
            raise VenueError(words)
        if refused.kind is RefusalKind.CLOCK:
            try:
                await self._link.synchronize()
            except VenueError as failure:
                raise SessionEndedError(f"{words}; {failure}") from failure
        raise SessionEndedError(words)

    def _decoded(self, batch: Iterable[str | bytes]) -> list[AccountFrame]:
        local_ns = self.statistics.last_message_ns = self._clock.now_ns()
        frames: list[AccountFrame] = []
        for message in batch:
            self.statistics.messages += 1
            frames += self._dialect.decode(message, local_ns)
        return frames

    def _handle(self, frames: Iterable[AccountFrame], publish: Publish) -> None:
        for frame in frames:
            match frame:
                case Changed(events):
                    for event in events:
                        publish(event)
                case Noticed(is_foreign):
                    self.statistics.foreign += is_foreign
                case MalformedFrame(reason):
                    self.statistics.malformed += 1
                    raise SessionEndedError(f"unreadable: {reason}")
                case StreamEnded(reason):
                    raise SessionEndedError(reason)
                case Refused(reason):
                    raise SessionEndedError(f"refused: {reason}")
                case UnknownFrame() | LoggedIn() | Subscribed():
                    self.statistics.unknown += 1

    def _note_loss(self, quiet_s: float) -> None:
        """From when on events may be missing, by whichever clock is behind."""
        if not self._is_live:
            return
        heard_ns = self._clock.now_ns() - int(quiet_s * NS_PER_S) - LOST_MARGIN_NS
        self._lost_ns = max(heard_ns + min(self._link.offset_ns, 0), 1)
