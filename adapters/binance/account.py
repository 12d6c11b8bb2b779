"""The private stream of one account: WS-API `userDataStream.subscribe.signature`.

Invariant: `AccountLost` and `AccountRestored` alternate, and frame every time in which an event may
have been missed; a frame that cannot be read is such a time, for it may have been a fill.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, final

import msgspec
import trio
from attrs import asdict, define

from adapters.binance.account_schemas import (
    AccountFrame,
    AccountPosition,
    ApiReply,
    ApiShutdown,
    BalanceUpdate,
    ExecutionReport,
    StreamTerminated,
    decode_account,
)
from adapters.binance.account_translate import balance_change_of, event_of, own_id
from adapters.binance.errors import REFUSED_FOR_GOOD, TIMESTAMP_OUTSIDE_WINDOW
from adapters.binance.order_ids import OrderIds
from adapters.binance.rest import BinanceRest
from adapters.binance.schemas import MalformedFrame, UnknownFrame
from adapters.binance.settings import BinanceSettings
from adapters.binance.signing import Credentials, Param, signed_params
from adapters.binance.translate import NS_PER_MS, TRANSLATION_ERRORS, SymbolTable
from adapters.net.budget import NS_PER_S
from adapters.net.errors import ConnectionLostError
from adapters.net.network import Network
from adapters.net.reconnect import Backoff
from adapters.net.websocket import MessageSocket, open_websocket
from bot3.domain.errors import VenueError
from bot3.messages.orders import AccountEvent, AccountLost, AccountRestored, BalanceChanged
from supervisors.clock import Clock
from supervisors.entropy import Dice

SUBSCRIBE_ID: Final = "1"
HTTP_OK: Final = 200
# An event may be this much older than the last byte that we heard before a gap.
LOST_MARGIN_NS: Final = 5 * NS_PER_S
PLANNED: Final = "planned, before the venue's 24 h are over"


@define
class AccountStatistics:
    """Counters since the venue was made; `foreign` are reports of symbols nobody asked for."""

    messages: int = 0
    malformed: int = 0
    unknown: int = 0
    foreign: int = 0
    reconnects: int = 0
    last_message_ns: int = 0

    def counts(self) -> dict[str, int]:
        """What is counted, by name."""
        return asdict(self, filter=lambda a, _: not a.name.startswith("last_"))


@final
class AccountStream:
    """Runs until cancelled; raises `VenueError` where the venue refuses the key itself.

    `load_balances` asks for the absolute balances after a deposit, withdrawal or transfer.
    """

    def __init__(
        self,
        settings: BinanceSettings,
        credentials: Credentials,
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
        rest: BinanceRest,
        symbols: SymbolTable,
        order_ids: OrderIds,
        load_balances: Callable[[], Awaitable[BalanceChanged]],
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._network = network
        self._clock = clock
        self._dice = dice
        self._rest = rest
        self._symbols = symbols
        self._order_ids = order_ids
        self._load_balances = load_balances
        self._is_subscribed = False
        self._lost_ns = 0
        self.statistics = AccountStatistics()

    async def run(
        self, publish: Callable[[AccountEvent], None], *, ready: Callable[[], None]
    ) -> None:
        """See `VenuePort.run_account`."""
        backoff = Backoff(self._settings.reconnect, self._dice)
        was_ready, was_told = False, False
        while True:
            self._is_subscribed, started_ns = False, self._clock.monotonic_ns()

            def live() -> None:
                nonlocal was_ready
                venue, now_ns = self._settings.venue, self._clock.now_ns()
                publish(AccountRestored(venue, self._lost_ns, now_ns))
                if not was_ready:
                    was_ready = True
                    ready()

            reason = await self._connection(publish, live)
            if self._is_subscribed or not was_told:
                publish(AccountLost(self._settings.venue, reason, self._clock.now_ns()))
                was_told = True
            self.statistics.reconnects += 1
            lived_s = (self._clock.monotonic_ns() - started_ns) / NS_PER_S
            if self._is_subscribed and lived_s >= self._settings.stable_after_s:
                backoff.reset()
                if reason == PLANNED:
                    continue
            await trio.sleep(backoff.next_s())

    async def _connection(
        self, publish: Callable[[AccountEvent], None], live: Callable[[], None]
    ) -> str:
        """One connection from its opening to its end; why it ended."""
        settings, reason = self._settings, PLANNED
        life_s = settings.connection_life_s * (1.0 - 0.05 * self._dice.random())
        try:
            with trio.move_on_after(life_s):
                async with open_websocket(
                    self._network,
                    settings.ws_api_url,
                    connect_timeout_s=settings.connect_timeout_s,
                    silence_s=settings.account_silence_s,
                ) as socket:
                    try:
                        await self._session(socket, publish, live)
                    finally:
                        self._note_loss(socket.quiet_s)
        except (ConnectionLostError, _SessionEndedError) as error:
            reason = str(error)
        return reason

    async def _session(
        self,
        socket: MessageSocket,
        publish: Callable[[AccountEvent], None],
        live: Callable[[], None],
    ) -> None:
        """Ends by an exception only."""
        early = await self._subscribe(socket)
        live()
        await self._handle(early, publish)
        while True:
            batch = await socket.receive_batch()
            await self._handle(self._decoded(batch), publish)

    async def _subscribe(self, socket: MessageSocket) -> list[AccountFrame]:
        """Frames that came before or with the reply, for after `live`."""
        timing: dict[str, Param] = {
            "recvWindow": self._settings.recv_window_ms,
            "timestamp": self._rest.venue_now_ns() // NS_PER_MS,
        }
        request = {
            "id": SUBSCRIBE_ID,
            "method": "userDataStream.subscribe.signature",
            "params": signed_params(self._credentials, timing),
        }
        early: list[AccountFrame] = []
        limit_s = self._settings.request_timeout_s
        with trio.move_on_after(limit_s):
            await socket.send(msgspec.json.encode(request).decode())
            while not self._is_subscribed:
                for frame in self._decoded(await socket.receive_batch()):
                    if isinstance(frame, ApiReply):
                        await self._on_reply(frame)
                    else:
                        early.append(frame)
        if not self._is_subscribed:
            raise _SessionEndedError(f"no answer to the subscription within {limit_s:g} s")
        return early

    async def _on_reply(self, reply: ApiReply) -> None:
        if reply.status == HTTP_OK and reply.id == SUBSCRIBE_ID:
            self._is_subscribed = True
            return
        error = reply.error
        code, text = (error.code, error.msg) if error else (0, "no reason given")
        words = f"{self._settings.venue}: subscription refused, {reply.status}: {code} {text}"
        if code in REFUSED_FOR_GOOD:
            raise VenueError(words)
        if code == TIMESTAMP_OUTSIDE_WINDOW:
            try:
                await self._rest.synchronize()
            except VenueError as failure:
                raise _SessionEndedError(f"{words}; {failure}") from failure
        raise _SessionEndedError(words)

    def _decoded(self, batch: Iterable[str | bytes]) -> list[AccountFrame]:
        self.statistics.last_message_ns = self._clock.now_ns()
        frames = [decode_account(message) for message in batch]
        self.statistics.messages += len(frames)
        return frames

    async def _handle(
        self, frames: Iterable[AccountFrame], publish: Callable[[AccountEvent], None]
    ) -> None:
        local_ns = self._clock.now_ns()
        is_balance_unknown = False
        for frame in frames:
            match frame:
                case ExecutionReport() | AccountPosition():
                    self._on_change(frame, publish, local_ns)
                case BalanceUpdate():
                    is_balance_unknown = True
                case MalformedFrame(reason):
                    self.statistics.malformed += 1
                    raise _SessionEndedError(f"unreadable: {reason}")
                case StreamTerminated() | ApiShutdown():
                    raise _SessionEndedError("the venue ended the stream")
                case UnknownFrame() | ApiReply():
                    self.statistics.unknown += 1
        if is_balance_unknown:
            try:
                publish(await self._load_balances())
            except VenueError as error:
                raise _SessionEndedError(f"balances unknown: {error}") from error

    def _on_change(
        self,
        frame: ExecutionReport | AccountPosition,
        publish: Callable[[AccountEvent], None],
        local_ns: int,
    ) -> None:
        try:
            event = self._translated(frame, local_ns)
        except TRANSLATION_ERRORS as error:
            self.statistics.malformed += 1
            raise _SessionEndedError(f"unreadable: {error}") from error
        if event is not None:
            publish(event)

    def _translated(
        self, frame: ExecutionReport | AccountPosition, local_ns: int
    ) -> AccountEvent | None:
        if isinstance(frame, AccountPosition):
            return balance_change_of(self._settings.venue, frame, local_ns)
        instrument = self._symbols.find(frame.symbol)
        if instrument is None:
            self.statistics.foreign += 1
            return None
        ours = own_id(frame.original_id or frame.client_id)
        self._order_ids.learn(instrument.symbol, str(frame.order_id), ours)
        return event_of(instrument, frame, local_ns)

    def _note_loss(self, quiet_s: float) -> None:
        """From when on events may be missing, by whichever clock is behind."""
        if not self._is_subscribed:
            return
        heard_ns = self._clock.now_ns() - int(quiet_s * NS_PER_S) - LOST_MARGIN_NS
        self._lost_ns = max(heard_ns + min(self._rest.offset_ns, 0), 1)


class _SessionEndedError(Exception):
    """The connection is of no more use; a new one follows."""
