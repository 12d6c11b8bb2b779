"""Order entry by websocket: one question, one answer, by number; REST is for when it is down.

Invariant: `NotSentError` is raised only where not a byte of the question left; a question that left
and whose answer did not come in time, or before the connection ended, is `UnclearError`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import NoReturn, Protocol, final

import msgspec
import trio

from adapters.net.calls import NotSentError, UnclearError
from adapters.net.errors import ConnectionLostError
from adapters.net.lasting import LastingConnection, SessionEndedError
from adapters.net.network import Network
from adapters.net.venue_settings import VenueSettings
from adapters.net.websocket import MessageSocket
from bot3.domain.errors import VenueError
from supervisors.clock import Clock
from supervisors.entropy import Dice


class Answer(msgspec.Struct, frozen=True):
    """`number` empty where it is none of our questions': a pong, a notice."""

    number: str
    text: str | bytes


class LoginAnswer(msgspec.Struct, frozen=True):
    """`refusal` empty where it was taken."""

    refusal: str = ""


class EndOfOrders(msgspec.Struct, frozen=True):
    """The venue will close the connection."""

    reason: str


class OrderDialect(Protocol):
    """One venue's words. `login` empty: every question is signed by itself."""

    @property
    def ping(self) -> str: ...

    def login(self, venue_now_ns: int) -> str: ...

    def read(self, text: str | bytes) -> Answer | LoginAnswer | EndOfOrders:
        """Never raises."""
        ...


class _Waiting:
    """Who asked."""

    __slots__ = ("answer", "done")

    def __init__(self) -> None:
        self.done = trio.Event()
        self.answer: str | bytes | None = None


@final
class OrderSocket:
    """`run` keeps the connection until cancelled; meanwhile `ask` works while `is_up`."""

    def __init__(
        self,
        settings: VenueSettings,
        dialect: OrderDialect,
        venue_now_ns: Callable[[], int],
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
    ) -> None:
        self._settings, self._dialect, self._venue_now_ns = settings, dialect, venue_now_ns
        self._connection = LastingConnection(
            settings.connection(settings.trade_ws_url), network=network, clock=clock, dice=dice
        )
        self._socket: MessageSocket | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._failure = ""
        self._asked = 0
        self.lost = 0

    @property
    def is_up(self) -> bool:
        """Whether a question can leave now."""
        return self._socket is not None

    def counts(self) -> dict[str, int]:
        """For the operator."""
        return {
            "order_socket_up": int(self.is_up),
            "order_socket_asked": self._asked,
            "order_socket_lost": self.lost,
        }

    def next_number(self) -> str:
        """Of the next question; never twice."""
        self._asked += 1
        return str(self._asked)

    async def ask(self, number: str, text: str) -> str | bytes:
        """The answer. Raises `NotSentError` or `UnclearError`."""
        if self._socket is None:
            raise NotSentError("order entry by websocket is down")
        waiting = self._waiting[number] = _Waiting()
        limit_s = self._settings.request_timeout_s
        try:
            with trio.move_on_after(limit_s):
                await self._socket.send(text)
                await waiting.done.wait()
        except ConnectionLostError as error:
            raise UnclearError(f"order entry by websocket: {error}") from error
        finally:
            self._waiting.pop(number, None)
        if waiting.answer is None:
            reason = self._failure if waiting.done.is_set() else f"no answer within {limit_s:g} s"
            raise UnclearError(f"order entry by websocket: {reason}")
        return waiting.answer

    async def run_beside(self, stream: Callable[[], Awaitable[None]]) -> None:
        """`stream` with the connection beside it; raises what `stream` raises of the venue's."""
        failure: VenueError | None = None
        async with trio.open_nursery() as nursery:
            if self._settings.trade_ws_url:
                nursery.start_soon(self.run)
            try:
                await stream()
            except VenueError as error:
                failure = error
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def run(self) -> NoReturn:
        """Until cancelled. A login that is refused is tried again: REST says why for good."""

        def nothing() -> None:
            pass

        def ended(reason: str) -> None:
            self._end(reason)

        await self._connection.run(
            self._session, ready=nothing, up=nothing, down=ended, ended=ended
        )

    async def _session(self, socket: MessageSocket, live: Callable[[], None]) -> str:
        self._failure = ""
        async with trio.open_nursery() as nursery:
            for part in (partial(self._read, socket, live), partial(self._ping, socket)):
                nursery.start_soon(self._guarded, part, nursery.cancel_scope)
        return self._failure

    async def _guarded(self, part: Callable[[], Awaitable[None]], scope: trio.CancelScope) -> None:
        try:
            await part()
        except (ConnectionLostError, SessionEndedError) as error:
            self._failure = self._failure or str(error)
            scope.cancel()

    async def _ping(self, socket: MessageSocket) -> None:
        while True:
            await trio.sleep(self._settings.ping_interval_s)
            await socket.send(self._dialect.ping)

    async def _read(self, socket: MessageSocket, live: Callable[[], None]) -> None:
        login = self._dialect.login(self._venue_now_ns())
        if login:
            await self._log_in(socket, login)
        self._socket = socket
        live()
        await socket.pump(self._take)

    async def _log_in(self, socket: MessageSocket, login: str) -> None:
        limit_s = self._settings.request_timeout_s
        with trio.move_on_after(limit_s):
            await socket.send(login)
            while True:
                for text in await socket.receive_batch():
                    answer = self._dialect.read(text)
                    if isinstance(answer, LoginAnswer):
                        if answer.refusal:
                            raise SessionEndedError(f"login refused: {answer.refusal}")
                        return
        raise SessionEndedError(f"no answer to the login within {limit_s:g} s")

    def _take(self, batch: Iterable[str | bytes]) -> bool:
        """There is no last one, but an end by `SessionEndedError`."""
        for text in batch:
            answer = self._dialect.read(text)
            if isinstance(answer, EndOfOrders):
                raise SessionEndedError(answer.reason)
            if isinstance(answer, Answer) and (waiting := self._waiting.get(answer.number)):
                waiting.answer = answer.text
                waiting.done.set()
        return False

    def _end(self, reason: str) -> None:
        """Whoever waits will not be answered any more."""
        self._socket = None
        self._failure = self._failure or reason
        self.lost += len(self._waiting)
        for waiting in self._waiting.values():
            waiting.done.set()
