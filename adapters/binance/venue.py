"""Orders and balances of one Binance spot account behind `VenuePort`.

Invariant: `submit` sends at most once, and raises `OrderRejectedError` or `VenueError` only where
the order certainly was not executed; anything else is `OutcomeUnknownError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, final

from adapters.binance.account import AccountStream
from adapters.binance.account_schemas import AccountReply, CanceledReply, MyTrade, OrderReply
from adapters.binance.account_translate import (
    CANCEL_SUFFIX,
    balances_of,
    fill_of,
    order_of,
    order_params,
    own_id,
)
from adapters.binance.errors import NO_SUCH_ORDER, UNKNOWN_ORDER_TO_CANCEL, BinanceError
from adapters.binance.feed import load_exchange_info
from adapters.binance.order_entry import BinanceOrderDialect, OrderEntry
from adapters.binance.rest import BinanceRest
from adapters.binance.settings import BinanceSettings
from adapters.binance.signing import Param
from adapters.binance.translate import NS_PER_MS, instruments_of, wire_symbol
from adapters.net.budget import Priority, WeightBudget
from adapters.net.calls import Call, DeadlinePassedError, Outcome, UnclearError
from adapters.net.credentials import Credentials
from adapters.net.decimals import TRANSLATION_ERRORS, readable
from adapters.net.network import Network
from adapters.net.order_ids import OrderIds
from adapters.net.order_socket import OrderSocket
from adapters.net.statistics import AccountStatistics
from adapters.net.symbols import SymbolTable
from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.errors import OrderRejectedError, OutcomeUnknownError, VenueError
from bot3.domain.fill import Fill
from bot3.domain.ids import ClientOrderId
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.orders import AccountEvent, BalanceChanged, VenueOrder
from supervisors.clock import Clock
from supervisors.entropy import Dice

DEADLINE_PASSED: Final = "DEADLINE_PASSED"
TRADES_MAX: Final = 1_000
TRADE_PAGES_MAX: Final = 100
_ORDER: Final = "/api/v3/order"
_PLACE = Call("POST", _ORDER, 1, Priority.ENTRY)
_PLACE_REDUCING = Call("POST", _ORDER, 1, Priority.PROTECTIVE)
_CANCEL = Call("DELETE", _ORDER, 1, Priority.CANCEL)
_CANCEL_ALL = Call("DELETE", "/api/v3/openOrders", 1, Priority.CANCEL)
_QUERY = Call("GET", _ORDER, 4, Priority.QUERY)
_OPEN_ORDERS = Call("GET", "/api/v3/openOrders", 6, Priority.QUERY)
_MY_TRADES = Call("GET", "/api/v3/myTrades", 20, Priority.QUERY)
_NOT_ZERO: Final = {"omitZeroBalances": "true"}
_ACCOUNT = Call("GET", "/api/v3/account", 20, Priority.QUERY)


@final
class BinanceVenue:
    """`VenuePort`. `symbols` are known from the start; others when first named in a call."""

    dead_man: Final = None  # spot has none

    def __init__(
        self,
        settings: BinanceSettings,
        credentials: Credentials,
        *,
        network: Network,
        clock: Clock,
        dice: Dice,
        budget: WeightBudget | None = None,
        symbols: Sequence[Symbol] = (),
    ) -> None:
        self._settings, self._credentials, self._clock = settings, credentials, clock
        self._rest = BinanceRest(
            settings, network=network, clock=clock, budget=budget, credentials=credentials
        )
        self._symbols = SymbolTable(settings.venue, wire_symbol)
        self._order_ids = OrderIds()
        self._stream = AccountStream(
            settings,
            credentials,
            network=network,
            clock=clock,
            dice=dice,
            rest=self._rest,
            symbols=self._symbols,
            order_ids=self._order_ids,
            load_balances=self._balance_change,
        )
        self._socket = OrderSocket(
            settings,
            BinanceOrderDialect(),
            self._rest.venue_now_ns,
            network=network,
            clock=clock,
            dice=dice,
        )
        self._entry = OrderEntry(self._rest, self._socket, credentials, clock)
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
    def statistics(self) -> AccountStatistics:
        """Of the private stream."""
        return self._stream.statistics

    def counts(self) -> Mapping[str, int]:
        """Of the private stream and of order entry, and the clock's offset."""
        offset = {"clock_offset_us": self._rest.offset_ns // 1_000}
        return self.statistics.counts() | self._socket.counts() | offset

    async def refresh(self) -> None:
        """The clock offset, then `instruments` and the weight limit for the symbols known so far.

        Raises `VenueError`, also where one of them is not traded there.
        """
        await self._rest.synchronize()
        symbols = self._symbols.symbols
        if symbols:
            info = await load_exchange_info(self._rest, symbols)
            self.instruments = instruments_of(self.venue, symbols, info)

    async def submit(self, order: ApprovedOrder) -> VenueOrder:
        """See `VenuePort.submit`. A `VenueError` too means that it was certainly not executed."""
        intent = order.intent
        instrument = self._instrument(intent.instrument.symbol)
        call = _PLACE_REDUCING if intent.is_reducing else _PLACE
        try:
            params = order_params(intent)
            reply = await self._entry.send(call, params, intent.deadline_ns)
        except DeadlinePassedError as error:
            raise OrderRejectedError(DEADLINE_PASSED, str(error)) from error
        except BinanceError as error:
            raise error.about_order() from error
        except UnclearError as error:
            raise OutcomeUnknownError(str(error)) from error
        try:
            return self._known(order_of(instrument, reply, intent.client_order_id))
        except TRANSLATION_ERRORS as error:
            raise OutcomeUnknownError(f"{_ORDER}: unreadable reply: {error}") from error

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """See `VenuePort.cancel`; an unclear outcome is a `VenueError`: ask for the order."""
        instrument = self._instrument(symbol)
        params = {
            **self._named(instrument, client_order_id),
            "newClientOrderId": client_order_id + CANCEL_SUFFIX,
        }
        try:
            reply = await self._entry.send(_CANCEL, params)
        except BinanceError as error:
            if error.outcome is Outcome.UNKNOWN:
                raise UnclearError(str(error)) from error
            raise error.about_order() from error
        return self._order(instrument, reply, client_order_id)

    async def cancel_all(self, symbol: Symbol) -> int:
        """See `VenuePort.cancel_all`."""
        instrument = self._instrument(symbol)
        params = self._of(instrument)
        try:
            replies = await self._rest.signed(_CANCEL_ALL, params, list[CanceledReply])
        except BinanceError as error:
            if error.code == UNKNOWN_ORDER_TO_CANCEL:
                return 0
            raise
        for reply in replies:
            if reply.orig_client_order_id:
                ours = own_id(reply.orig_client_order_id)
                self._order_ids.learn(symbol, str(reply.order_id), ours)
        return sum(len(reply.order_reports) or 1 for reply in replies)

    async def query(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder | None:
        """See `VenuePort.query`.

        A cancel renames the order at the venue; where its own number is not known, both names are
        tried.
        """
        instrument = self._instrument(symbol)
        found = await self._ask(self._named(instrument, client_order_id))
        if found is None and self._order_ids.venue_id(symbol, client_order_id) is None:
            renamed = {"origClientOrderId": client_order_id + CANCEL_SUFFIX}
            found = await self._ask({**self._of(instrument), **renamed})
        return None if found is None else self._order(instrument, found, client_order_id)

    async def open_orders(self, symbol: Symbol) -> list[VenueOrder]:
        """See `VenuePort.open_orders`."""
        instrument = self._instrument(symbol)
        rows = await self._rest.signed(_OPEN_ORDERS, self._of(instrument), list[OrderReply])
        return [self._order(instrument, row) for row in rows]

    async def fills_since(self, symbol: Symbol, since_ns: int) -> list[Fill]:
        """See `VenuePort.fills_since`. Orders we have not seen are asked for, one by one.

        Where our clock is ahead of the venue's, it is asked from earlier on.
        """
        instrument = self._instrument(symbol)
        since_ns += min(self._rest.offset_ns, 0)
        page: dict[str, Param] = {"startTime": -(-max(since_ns, 0) // NS_PER_MS)}
        fills: list[Fill] = []
        for _ in range(TRADE_PAGES_MAX):
            params = {**self._of(instrument), **page, "limit": TRADES_MAX}
            rows = await self._rest.signed(_MY_TRADES, params, list[MyTrade])
            for row in rows:
                ours = await self._client_id(instrument, row.order_id)
                fills.append(readable(fill_of, instrument, row, ours, self._clock.now_ns()))
            if len(rows) < TRADES_MAX:
                return fills
            page = {"fromId": rows[-1].id + 1}
        raise VenueError(f"{symbol}: more than {TRADE_PAGES_MAX * TRADES_MAX} fills since then")

    async def balances(self) -> list[Balance]:
        """See `VenuePort.balances`."""
        return readable(
            balances_of, self.venue, await self._rest.signed(_ACCOUNT, _NOT_ZERO, AccountReply)
        )

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
        await self._rest.aclose()

    def _instrument(self, symbol: Symbol) -> InstrumentId:
        self._symbols.add(symbol)
        return InstrumentId(self.venue, symbol)

    def _of(self, instrument: InstrumentId) -> dict[str, Param]:
        return {"symbol": self._symbols.add(instrument.symbol)}

    def _named(self, instrument: InstrumentId, ours: ClientOrderId) -> dict[str, Param]:
        """The order by the venue's number where we know it: that name no cancel changes."""
        number = self._order_ids.venue_id(instrument.symbol, ours)
        name = {"orderId": number} if number else {"origClientOrderId": str(ours)}
        return {**self._of(instrument), **name}

    async def _ask(self, params: dict[str, Param]) -> OrderReply | None:
        try:
            return await self._rest.signed(_QUERY, params, OrderReply)
        except BinanceError as error:
            if error.code != NO_SUCH_ORDER:
                raise
            return None

    async def _client_id(self, instrument: InstrumentId, order_id: int) -> ClientOrderId:
        known = self._order_ids.client_id(instrument.symbol, str(order_id))
        if known is not None:
            return known
        reply = await self._ask({**self._of(instrument), "orderId": order_id})
        if reply is None:
            raise VenueError(f"{instrument}: order {order_id} has fills, but is not known there")
        return ClientOrderId(self._order(instrument, reply).client_order_id)

    async def _balance_change(self) -> BalanceChanged:
        reply = await self._rest.signed(_ACCOUNT, _NOT_ZERO, AccountReply)
        held, now_ns = tuple(readable(balances_of, self.venue, reply)), self._clock.now_ns()
        return BalanceChanged(self.venue, held, reply.update_time * NS_PER_MS, now_ns)

    def _order(
        self, instrument: InstrumentId, reply: OrderReply, ours: ClientOrderId | None = None
    ) -> VenueOrder:
        return self._known(readable(order_of, instrument, reply, ours))

    def _known(self, order: VenueOrder) -> VenueOrder:
        ours = ClientOrderId(order.client_order_id)
        self._order_ids.learn(order.instrument.symbol, order.venue_order_id, ours)
        return order
