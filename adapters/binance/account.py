"""The private stream of one account: WS-API `userDataStream.subscribe.signature`.

Invariant: `AccountLost` and `AccountRestored` alternate, and frame every time in which an event may
have been missed; a frame that cannot be read is such a time, for it may have been a fill.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NoReturn, final

import msgspec
import trio

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
from adapters.binance.rest import BinanceRest
from adapters.binance.settings import BinanceSettings
from adapters.binance.signing import Param, signed_params
from adapters.binance.translate import NS_PER_MS
from adapters.net.budget import NS_PER_S
from adapters.net.credentials import Credentials
from adapters.net.decimals import TRANSLATION_ERRORS
from adapters.net.frames import MalformedFrame, UnknownFrame
from adapters.net.lasting import LastingConnection, SessionEndedError
from adapters.net.network import Network
from adapters.net.order_ids import OrderIds
from adapters.net.statistics import AccountStatistics
from adapters.net.symbols import SymbolTable
from adapters.net.websocket import MessageSocket
from bot3.domain.errors import VenueError
from bot3.messages.orders import AccountEvent, AccountLost, AccountRestored, BalanceChanged
from supervisors.clock import Clock
from supervisors.entropy import Dice

SUBSCRIBE_ID: Final = "1"
HTTP_OK: Final = 200
# An event may be this much older than the last byte that we heard before a gap.
LOST_MARGIN_NS: Final = 5 * NS_PER_S


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
        self._clock = clock
        self._connection = LastingConnection(
            settings.connection(settings.private_ws_url, settings.account_silence_s),
            network=network,
            clock=clock,
            dice=dice,
        )
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
        venue = self._settings.venue

        def up() -> None:
            publish(AccountRestored(venue, self._lost_ns, self._clock.now_ns()))

        def down(reason: str) -> None:
            publish(AccountLost(venue, reason, self._clock.now_ns()))

        def ended(_: str) -> None:
            self.statistics.reconnects += 1

        async def session(socket: MessageSocket, live: Callable[[], None]) -> str:
            self._is_subscribed = False
            try:
                return await self._session(socket, publish, live)
            finally:
                self._note_loss(socket.quiet_s)

        await self._connection.run(session, ready=ready, up=up, down=down, ended=ended)

    async def _session(
        self,
        socket: MessageSocket,
        publish: Callable[[AccountEvent], None],
        live: Callable[[], None],
    ) -> NoReturn:
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
            raise SessionEndedError(f"no answer to the subscription within {limit_s:g} s")
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
                raise SessionEndedError(f"{words}; {failure}") from failure
        raise SessionEndedError(words)

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
                    raise SessionEndedError(f"unreadable: {reason}")
                case StreamTerminated() | ApiShutdown():
                    raise SessionEndedError("the venue ended the stream")
                case UnknownFrame() | ApiReply():
                    self.statistics.unknown += 1
        if is_balance_unknown:
            try:
                publish(await self._load_balances())
            except VenueError as error:
                raise SessionEndedError(f"balances unknown: {error}") from error

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
            raise SessionEndedError(f"unreadable: {error}") from error
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
