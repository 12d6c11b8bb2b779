"""Orders and balances of one Bybit spot account behind `VenuePort`.

Invariant: `submit` sends at most once, and raises `OrderRejectedError` or `VenueError` only where
the order certainly was not executed; anything else is `OutcomeUnknownError`. What it returns is an
acknowledgement: the private stream tells what became of the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar, final

from adapters.bybit.account_schemas import ExecutionRow, OrderNamed, OrderRow, WalletRow
from adapters.bybit.account_translate import balances_of, fill_of, order_of, order_params
from adapters.bybit.dead_man import BybitDeadMan
from adapters.bybit.errors import BybitError
from adapters.bybit.feed import load_instruments
from adapters.bybit.order_entry import OrderEntry
from adapters.bybit.private import BybitAccountDialect, BybitOrderDialect
from adapters.bybit.rest import BybitRest
from adapters.bybit.schemas import Page
from adapters.bybit.translate import NS_PER_MS, instruments_of, wire_symbol
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
ORDERS_MAX: Final = "50"
FILLS_MAX: Final = "100"
PAGES_MAX: Final = 500
NOT_KNOWN: Final = "170213"
KEPT_NS: Final = 729 * 86_400 * 1_000_000_000
# A question about fills spans seven days at most.
SPAN_NS: Final = 7 * 86_400 * 1_000_000_000 - NS_PER_MS
_CANCEL_ALL: Final = Call("POST", "/v5/order/cancel-all", 1, Priority.CANCEL)
_REALTIME: Final = Call("GET", "/v5/order/realtime", 1, Priority.QUERY)
_HISTORY: Final = Call("GET", "/v5/order/history", 1, Priority.QUERY)
_EXECUTIONS: Final = Call("GET", "/v5/execution/list", 1, Priority.QUERY)
_WALLET: Final = Call("GET", "/v5/account/wallet-balance", 1, Priority.QUERY)
_T = TypeVar("_T")


@final
class BybitVenue:
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
        self._rest = BybitRest(
            settings, network=network, clock=clock, budget=budget, credentials=credentials
        )
        self._symbols = SymbolTable(settings.venue, wire_symbol)
        self._order_ids = OrderIds()
        dialect = BybitAccountDialect(
            settings.venue,
            credentials,
            self._symbols,
            self._order_ids,
            is_guarded=settings.dead_man_s > 0,
        )
        self._stream = AccountStream(
            settings, dialect, self._rest.link, network=network, clock=clock, dice=dice
        )
        self._socket = OrderSocket(
            settings,
            BybitOrderDialect(credentials),
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
        return BybitDeadMan(self._rest, timeout_s) if timeout_s else None

    def counts(self) -> Mapping[str, int]:
        """Of the private stream and of order entry, and the clock's offset."""
        offset = {"clock_offset_us": self._rest.link.offset_ns // 1_000}
        return self._stream.statistics.counts() | self._socket.counts() | offset

    async def refresh(self) -> None:
        """See `VenuePort.refresh`."""
        await self._rest.link.synchronize()
        rows = await load_instruments(self._rest)
        self.instruments = instruments_of(self.venue, self._symbols.symbols, rows)

    async def submit(self, order: ApprovedOrder) -> VenueOrder:
        """See `VenuePort.submit`. A `VenueError` too means that it was certainly not executed."""
        intent = order.intent
        instrument = self._instrument(intent.instrument.symbol)
        try:
            params = order_params(intent)
            named = await self._entry.place(
                params, intent.deadline_ns, is_reducing=intent.is_reducing
            )
        except DeadlinePassedError as error:
            raise OrderRejectedError(DEADLINE_PASSED, str(error)) from error
        except BybitError as error:
            raise error.about_order() from error
        except UnclearError as error:
            raise OutcomeUnknownError(str(error)) from error
        self._order_ids.learn(instrument.symbol, named.order_id, intent.client_order_id)
        return VenueOrder(
            client_order_id=intent.client_order_id,
            venue_order_id=named.order_id,
            instrument=instrument,
            side=intent.side,
            status=OrderStatus.OPEN,
            amount=intent.amount,
            filled=type(intent.amount)(intent.amount.amount * 0),
            price=intent.price,
            ts_venue_ns=self._rest.link.venue_now_ns(),
        )

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """See `VenuePort.cancel`; an unclear outcome is a `VenueError`: ask for the order."""
        try:
            await self._entry.cancel(self._named(symbol, client_order_id))
        except BybitError as error:
            if error.outcome is Outcome.UNKNOWN:
                raise UnclearError(str(error)) from error
            raise error.about_order() from error
        found = await self.query(symbol, client_order_id)
        if found is None:
            raise OrderRejectedError(NOT_KNOWN, "canceled, and not known there any more")
        return found

    async def cancel_all(self, symbol: Symbol) -> int:
        """See `VenuePort.cancel_all`."""
        params = {"category": "spot", "symbol": self._symbols.add(symbol)}
        return len((await self._rest.done(_CANCEL_ALL, params, Page[OrderNamed])).rows)

    async def query(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder | None:
        """See `VenuePort.query`: among the open and the lately closed, then in the history."""
        instrument, params = self._instrument(symbol), self._named(symbol, client_order_id)
        for call in (_REALTIME, _HISTORY):
            rows = (await self._rest.asked(call, params, Page[OrderRow])).rows
            if rows:
                return self._known(instrument, rows[0])
        return None

    async def open_orders(self, symbol: Symbol) -> list[VenueOrder]:
        """See `VenuePort.open_orders`."""
        instrument = self._instrument(symbol)
        params = {"category": "spot", "symbol": wire_symbol(symbol), "limit": ORDERS_MAX}
        rows = await self._pages(_REALTIME, params, Page[OrderRow])
        return [self._known(instrument, row) for row in rows]

    async def fills_since(self, symbol: Symbol, since_ns: int) -> list[Fill]:
        """See `VenuePort.fills_since`. Where our clock is ahead, it is asked from earlier on.

        Not further back than the two years that the venue keeps.
        """
        instrument, now_ns = self._instrument(symbol), self._rest.link.venue_now_ns()
        since_ns += min(self._rest.link.offset_ns, 0)
        start_ns = max(since_ns, now_ns - KEPT_NS)
        found: dict[str, Fill] = {}
        while start_ns <= now_ns:
            span = {"startTime": start_ns, "endTime": start_ns + SPAN_NS}
            times = {name: str(ns // NS_PER_MS) for name, ns in span.items()}
            wire = wire_symbol(symbol)
            params = {"category": "spot", "symbol": wire, **times, "limit": FILLS_MAX}
            for row in await self._pages(_EXECUTIONS, params, Page[ExecutionRow]):
                fill = readable(fill_of, instrument, row, self._clock.now_ns())
                if row.exec_type == "Trade" and fill.ts_venue_ns >= since_ns:
                    found[fill.trade_id] = fill
            start_ns += SPAN_NS
        return sorted(found.values(), key=lambda fill: fill.ts_venue_ns)

    async def _pages(self, call: Call, params: dict[str, str], kind: type[Page[_T]]) -> list[_T]:
        """Every page, by the venue's cursor."""
        rows, cursor = list[_T](), ""
        for _ in range(PAGES_MAX):
            page = await self._rest.asked(call, params, kind, cursor=cursor)
            rows += page.rows
            cursor = page.next_page_cursor
            if not cursor:
                return rows
        raise VenueError(f"{call.path}: more than {PAGES_MAX} pages")

    async def balances(self) -> list[Balance]:
        """See `VenuePort.balances`."""
        params = {"accountType": "UNIFIED"}
        rows = (await self._rest.asked(_WALLET, params, Page[WalletRow])).rows
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
        """The order by the venue's number where we know it."""
        order_id = self._order_ids.venue_id(symbol, ours)
        name = {"orderId": order_id} if order_id else {"orderLinkId": str(ours)}
        return {"category": "spot", "symbol": self._symbols.add(symbol), **name}

    def _known(self, instrument: InstrumentId, row: OrderRow) -> VenueOrder:
        order: VenueOrder = readable(order_of, instrument, row)
        ours = ClientOrderId(order.client_order_id)
        self._order_ids.learn(instrument.symbol, order.venue_order_id, ours)
        return order
