"""Orders and balances of one OKX spot account behind `VenuePort`.

Invariant: `submit` sends at most once, and raises `OrderRejectedError` or `VenueError` only where
the order certainly was not executed; anything else is `OutcomeUnknownError`. What it returns is an
acknowledgement: the private stream tells what became of the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, final

from adapters.net.account_stream import AccountStream
from adapters.net.budget import Priority
from adapters.net.calls import Call, DeadlinePassedError, Outcome, UnclearError
from adapters.net.credentials import Credentials
from adapters.net.decimals import readable
from adapters.net.network import Network
from adapters.net.order_ids import OrderIds
from adapters.net.order_socket import OrderSocket
from adapters.net.symbols import SymbolTable
from adapters.net.venue_settings import VenueSettings
from adapters.net.windows import WindowBudget
from adapters.okx.account_schemas import AccountRow, FillRow, OrderRow
from adapters.okx.account_translate import balances_of, fill_of, order_of, order_params
from adapters.okx.dead_man import OkxDeadMan
from adapters.okx.errors import NO_ORDER, NOT_CANCELED, OkxError
from adapters.okx.feed import load_instruments
from adapters.okx.order_entry import OrderEntry
from adapters.okx.private import OkxAccountDialect, OkxOrderDialect
from adapters.okx.rest import OkxRest
from adapters.okx.translate import NS_PER_MS, instruments_of, wire_symbol
from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderStatus
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.orders import AccountEvent, VenueOrder
from bot3.ports.dead_man import DeadManPort
from supervisors.clock import Clock
from supervisors.entropy import Dice

DEADLINE_PASSED: Final = "DEADLINE_PASSED"
PAGE_MAX: Final = 100
PAGES_MAX: Final = 200
_RECENT_NS: Final = 71 * 3_600 * 1_000_000_000
_ORDER: Final = Call("GET", "/api/v5/trade/order", 1, Priority.QUERY)
_PENDING: Final = Call("GET", "/api/v5/trade/orders-pending", 1, Priority.QUERY)
_FILLS: Final = Call("GET", "/api/v5/trade/fills", 1, Priority.QUERY)
_OLD_FILLS: Final = Call("GET", "/api/v5/trade/fills-history", 1, Priority.QUERY)
_BALANCE: Final = Call("GET", "/api/v5/account/balance", 1, Priority.QUERY)


@final
class OkxVenue:
    """`VenuePort`. `symbols` are known from the start; others when first named in a call."""

    def __init__(
        self,
        settings: VenueSettings,
        credentials: Credentials,
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
        budget: WindowBudget | None = None,
        symbols: Sequence[Symbol] = (),
    ) -> None:
        self._settings, self._credentials, self._clock = settings, credentials, clock
        self._rest = OkxRest(
            settings, network=network, clock=clock, budget=budget, credentials=credentials
        )
        self._symbols = SymbolTable(settings.venue, wire_symbol)
        self._order_ids = OrderIds()
        dialect = OkxAccountDialect(settings.venue, credentials, self._symbols, self._order_ids)
        self._stream = AccountStream(
            settings, dialect, self._rest.link, network=network, clock=clock, dice=dice
        )
        self._socket = OrderSocket(
            settings,
            OkxOrderDialect(credentials),
            self._rest.link.venue_now_ns,
            network=network,
            clock=clock,
            dice=dice,
        )
        self._entry = OrderEntry(self._rest, self._socket)
        self.instruments: tuple[Instrument, ...] = ()
        for symbol in symbols:
            self._symbols.add(symbol)

    @property
    def venue(self) -> VenueName:
        """As configured."""
        return self._settings.venue

    @property
    def account(self) -> str:
        """A hash of the key."""
        return self._credentials.account

    @property
    def dead_man(self) -> DeadManPort | None:
        """See `VenuePort.dead_man`."""
        timeout_s = self._settings.dead_man_s
        return OkxDeadMan(self._rest, timeout_s) if timeout_s else None

    def counts(self) -> Mapping[str, int]:
        """Of the private stream and of order entry, and the clock's offset."""
        offset = {"clock_offset_us": self._rest.link.offset_ns // 1_000}
        return self._stream.statistics.counts() | self._socket.counts() | offset

    async def refresh(self) -> None:
        """See `VenuePort.refresh`."""
        await self._rest.link.synchronize()
        rows = await load_instruments(self._rest)
        self._entry.learn_codes(rows)
        self.instruments = instruments_of(self.venue, self._symbols.symbols, rows)

    async def submit(self, order: ApprovedOrder) -> VenueOrder:
        """See `VenuePort.submit`. A `VenueError` too means that it was certainly not executed."""
        intent = order.intent
        instrument = self._instrument(intent.instrument.symbol)
        try:
            params = order_params(intent)
            item = await self._entry.place(
                params, intent.deadline_ns, is_reducing=intent.is_reducing
            )
        except DeadlinePassedError as error:
            raise OrderRejectedError(DEADLINE_PASSED, str(error)) from error
        except OkxError as error:
            raise error.about_order() from error
        except UnclearError as error:
            raise OutcomeUnknownError(str(error)) from error
        self._order_ids.learn(instrument.symbol, item.ord_id, intent.client_order_id)
        return VenueOrder(
            client_order_id=intent.client_order_id,
            venue_order_id=item.ord_id,
            instrument=instrument,
            side=intent.side,
            status=OrderStatus.OPEN,
            amount=intent.amount,
            filled=type(intent.amount)(intent.amount.amount * 0),
            price=intent.price,
            ts_venue_ns=item.ts * NS_PER_MS,
        )

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """See `VenuePort.cancel`; an unclear outcome is a `VenueError`: ask for the order."""
        try:
            await self._entry.cancel(self._named(symbol, client_order_id))
        except OkxError as error:
            if error.outcome is Outcome.UNKNOWN:
                raise UnclearError(str(error)) from error
            raise error.about_order() from error
        found = await self.query(symbol, client_order_id)
        if found is None:
            raise OrderRejectedError(NOT_CANCELED, "canceled, and not known there any more")
        return found

    async def cancel_all(self, symbol: Symbol) -> int:
        """See `VenuePort.cancel_all`: one by one, for there is no such call for spot."""
        canceled = 0
        for order in await self.open_orders(symbol):
            params = {"instId": self._symbols.add(symbol), "ordId": order.venue_order_id}
            try:
                await self._entry.cancel(params)
            except OkxError as error:
                if error.code != NOT_CANCELED:
                    raise
            else:
                canceled += 1
        return canceled

    async def query(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder | None:
        """See `VenuePort.query`."""
        instrument = self._instrument(symbol)
        try:
            rows = await self._rest.asked(_ORDER, self._named(symbol, client_order_id), OrderRow)
        except OkxError as error:
            if error.code != NO_ORDER:
                raise
            return None
        return self._known(instrument, rows[0]) if rows else None

    async def open_orders(self, symbol: Symbol) -> list[VenueOrder]:
        """See `VenuePort.open_orders`."""
        instrument, found = self._instrument(symbol), list[VenueOrder]()
        page: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            params = {"instType": "SPOT", "instId": wire_symbol(symbol), **page}
            rows = await self._rest.asked(_PENDING, params, OrderRow)
            found += [self._known(instrument, row) for row in rows]
            if len(rows) < PAGE_MAX:
                return found
            page = {"after": rows[-1].ord_id}
        raise VenueError(f"{symbol}: more than {PAGE_MAX * PAGES_MAX} open orders")

    async def fills_since(self, symbol: Symbol, since_ns: int) -> list[Fill]:
        """See `VenuePort.fills_since`. Where our clock is ahead, it is asked from earlier on."""
        instrument = self._instrument(symbol)
        since_ns += min(self._rest.link.offset_ns, 0)
        is_recent = since_ns > self._clock.now_ns() - _RECENT_NS
        begin = str(max(since_ns, 0) // NS_PER_MS)
        page: dict[str, str] = {}
        fills: list[Fill] = []
        for _ in range(PAGES_MAX):
            params = {"instType": "SPOT", "instId": wire_symbol(symbol), "begin": begin, **page}
            rows = await self._rest.asked(_FILLS if is_recent else _OLD_FILLS, params, FillRow)
            now_ns = self._clock.now_ns()
            fills += [readable(fill_of, instrument, row, now_ns) for row in rows]
            if len(rows) < PAGE_MAX:
                return [f for f in reversed(fills) if f.ts_venue_ns >= since_ns]
            page = {"after": rows[-1].bill_id}
        raise VenueError(f"{symbol}: more than {PAGE_MAX * PAGES_MAX} fills since then")

    async def balances(self) -> list[Balance]:
        """See `VenuePort.balances`."""
        rows = await self._rest.asked(_BALANCE, {}, AccountRow)
        return [balance for row in rows for balance in readable(balances_of, self.venue, row)]

    async def run_account(
        self,
        symbols: Sequence[Symbol],
        publish: Callable[[AccountEvent], None],
        *,
        ready: Callable[[], None],
    ) -> None:
        """See `VenuePort.run_account`: the private stream, and order entry beside it."""
        for symbol in symbols:
            self._symbols.add(symbol)
        await self._socket.run_beside(partial(self._stream.run, publish, ready=ready))

    async def aclose(self) -> None:
        """Closes the HTTP connections, after the last call."""
        await self._rest.link.aclose()

    def _instrument(self, symbol: Symbol) -> InstrumentId:
        self._symbols.add(symbol)
        return InstrumentId(self.venue, symbol)

    def _named(self, symbol: Symbol, ours: ClientOrderId) -> dict[str, str]:
        """The order by the venue's number where we know it: a client id may be used again."""
        order_id = self._order_ids.venue_id(symbol, ours)
        name = {"ordId": order_id} if order_id else {"clOrdId": str(ours)}
        return {"instId": self._symbols.add(symbol), **name}

    def _known(self, instrument: InstrumentId, row: OrderRow) -> VenueOrder:
        order: VenueOrder = readable(order_of, instrument, row)
        ours = ClientOrderId(order.client_order_id)
        self._order_ids.learn(instrument.symbol, order.venue_order_id, ours)
        return order
