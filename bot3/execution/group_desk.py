"""Groups over the desks of their symbols: whether one may begin, what it proposes, how it lets go.

Invariant: a group begins only where nothing else of its symbols is under way, every asset that it
moves has a strategy's target on the leg's venue (whoever brings a remainder back works to it), and
what it gives is held there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import final

from attrs import frozen

from bot3.domain.conversion import Conversion
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, OrderStatus, OrderType, TimeInForce
from bot3.domain.values import ZERO, InstrumentId, Quantity, Side, Symbol, decimal_of
from bot3.execution.group import GroupPhase, GroupSettings, LegGroup
from bot3.execution.intents import IntentMaker
from bot3.execution.open_amounts import Home
from bot3.execution.orders import OrderManager
from bot3.execution.planner import PlannedOrder
from bot3.execution.symbol_desk import SymbolDesk, VenueState
from bot3.messages.account import OrderClosed
from bot3.messages.arbitrage import ArbitrageClosed, ArbitrageLeg, TradeArbitrage
from bot3.messages.orders import ProposeOrder
from bot3.portfolio.positions import PositionTracker

STRATEGY = "arbitrage"


@final
@frozen
class GroupDesk:
    """`desk_of` makes a symbol's desk where there is none."""

    settings: GroupSettings
    desk_of: Callable[[Symbol], SymbolDesk]
    orders: OrderManager
    tracker: PositionTracker
    intents: IntentMaker

    def begin(self, command: TradeArbitrage, now_ns: int) -> list[ProposeOrder]:
        """The first proposals; none where it may not begin now."""
        moved = dict.fromkeys(home for leg in command.legs for home in command.homes_of(leg))
        desks = [self.desk_of(symbol) for symbol in dict.fromkeys((*command.symbols, *moved))]
        if not all(self._is_free(desk, now_ns) for desk in desks):
            return []
        if not all(self._is_tradable(leg, command, now_ns) for leg in command.legs):
            return []
        if not self._is_held(command):
            return []
        group = LegGroup(
            command,
            self.settings,
            lots=[self._listed(leg).lot_size for leg in command.legs],
            homes={symbol: self._home(symbol, command) for symbol in moved},
            conversions={
                leg.instrument: self._conversion(leg, command)
                for leg in command.legs
                if len(command.homes_of(leg)) > 1
            },
            now_ns=now_ns,
        )
        for desk in desks:
            desk.group = group
        return self.propose(group, now_ns)

    def propose(self, group: LegGroup, now_ns: int) -> list[ProposeOrder]:
        """The legs that are to be before the gate now."""
        made: list[ProposeOrder] = []
        for leg in group.wants():
            rate = group.conversions.get(leg.instrument)
            intent = self.intents.make(_planned(leg, rate), STRATEGY, now_ns, rate)
            group.propose(leg, intent)
            self._state(leg.instrument).proposed = intent
            made.append(ProposeOrder(intent, group.command.origin_ns))
        return made

    def withdraw(self, group: LegGroup, now_ns: int) -> list[OrderClosed]:
        """A leg was denied or not answered: nothing more of the group is sent."""
        for leg in group.command.legs:
            state = self._state(leg.instrument)
            if state.proposed is not None and group.has(state.proposed):
                state.proposed = None
        return [_withdrawn(intent) for intent in group.drop(now_ns)]

    def let_go(self, group: LegGroup | None, now_ns: int) -> list[ArbitrageClosed]:
        """A group that is over is told of, and forgotten by all its desks."""
        if group is None or group.phase is not GroupPhase.DONE:
            return []
        for desk in map(self.desk_of, group.symbols):
            desk.group = None
            desk.is_idle = False
        return [group.closed(now_ns)]

    def awaits(self, group: LegGroup) -> bool:
        """Whether nobody knows yet what legs of cross symbols have moved: no asset is traded back
        before.
        """
        return group.phase is GroupPhase.MENDING and any(
            self.orders.live(key) or self.orders.missing_amount(key) for key in group.conversions
        )

    def _is_free(self, desk: SymbolDesk, now_ns: int) -> bool:
        if desk.group is not None or now_ns < desk.settled_ns:
            return False
        return not any(
            state.proposed is not None or self.orders.live(key) or self.orders.missing_amount(key)
            for key, state in desk.venues.items()
        )

    def _is_tradable(self, leg: ArbitrageLeg, command: TradeArbitrage, now_ns: int) -> bool:
        there = self.desk_of(leg.instrument.symbol).venues.get(leg.instrument)
        if there is None or there.instrument is None or there.quote is None:
            return False
        homes = [self._state(_beside(leg, home)) for home in command.homes_of(leg)]
        is_wanted = all(
            home.target is not None and home.instrument is not None and home.quote is not None
            for home in homes
        )
        return is_wanted and now_ns >= there.paused_until_ns

    def _is_held(self, command: TradeArbitrage) -> bool:
        given: defaultdict[InstrumentId, Decimal] = defaultdict(lambda: ZERO)
        for leg in command.legs:
            homes = command.homes_of(leg)
            if leg.side is Side.SELL:
                given[_beside(leg, homes[0])] += leg.amount
            elif len(homes) > 1:
                known = self._listed(leg)
                fee_rate = max(known.maker_fee_rate, known.taker_fee_rate)
                given[_beside(leg, homes[1])] += leg.amount * leg.limit.amount * (1 + fee_rate)
        return all(self.tracker.position(key).amount >= amount for key, amount in given.items())

    def _home(self, symbol: Symbol, command: TradeArbitrage) -> Home:
        targeted = self.desk_of(symbol).targeted()
        own = [leg.price.amount for leg in command.legs if leg.instrument.symbol == symbol]
        mids = [decimal_of(state.quote.mid) for _, state in targeted if state.quote is not None]
        price = [*own, *mids][0]
        known = [state.instrument for _, state in targeted if state.instrument is not None]
        return Home(
            target=sum((max(wanted.position, ZERO) for wanted, _ in targeted), ZERO),
            tolerance=min(
                max(each.lot_size, each.amount_min, each.notional_min / price) for each in known
            ),
            price=price,
        )

    def _conversion(self, leg: ArbitrageLeg, command: TradeArbitrage) -> Conversion:
        key = _beside(leg, command.homes_of(leg)[1])
        state = self._state(key)
        assert state.quote is not None  # it is tradable
        assert state.instrument is not None
        return Conversion(key, state.instrument.nearest_price(decimal_of(state.quote.mid)))

    def _state(self, key: InstrumentId) -> VenueState:
        return self.desk_of(key.symbol).venue(key)

    def _listed(self, leg: ArbitrageLeg) -> Instrument:
        known = self._state(leg.instrument).instrument
        assert known is not None  # it is tradable
        return known


def _beside(leg: ArbitrageLeg, symbol: Symbol) -> InstrumentId:
    return InstrumentId(leg.instrument.venue, symbol)


def _withdrawn(intent: OrderIntent) -> OrderClosed:
    return OrderClosed(
        intent.client_order_id, intent.instrument, OrderStatus.DENIED, ZERO, "withdrawn"
    )


def _planned(leg: ArbitrageLeg, rate: Conversion | None) -> PlannedOrder:
    return PlannedOrder(
        instrument=leg.instrument,
        side=leg.side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        amount=Quantity(leg.amount),
        price=leg.limit,
        reference_price=leg.price,
        is_reducing=leg.side is Side.SELL and rate is None,
    )
