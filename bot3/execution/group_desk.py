"""Groups on a symbol's desk: whether one may begin, what it proposes, and how it lets go.

Invariant: a group begins only where nothing else of its symbol is under way, every leg's venue has
a strategy's target (whoever brings a remainder back works to it), and what it sells is held there.
"""

from __future__ import annotations

from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent, OrderStatus, OrderType, TimeInForce
from bot3.domain.values import ZERO, Quantity, Side
from bot3.execution.group import GroupSettings, LegGroup
from bot3.execution.intents import IntentMaker
from bot3.execution.orders import OrderManager
from bot3.execution.planner import PlannedOrder
from bot3.execution.symbol_desk import SymbolDesk
from bot3.messages.account import OrderClosed
from bot3.messages.arbitrage import ArbitrageLeg, TradeArbitrage
from bot3.messages.orders import ProposeOrder
from bot3.portfolio.positions import PositionTracker

STRATEGY = "arbitrage"


def begin(
    command: TradeArbitrage,
    settings: GroupSettings,
    desk: SymbolDesk,
    orders: OrderManager,
    tracker: PositionTracker,
    now_ns: int,
) -> LegGroup | None:
    """None where it may not begin now."""
    if desk.group is not None or now_ns < desk.settled_ns:
        return None
    for key, state in desk.venues.items():
        if state.proposed is not None or orders.live(key) or orders.missing_amount(key):
            return None
    known = [_tradable(leg, desk, tracker, now_ns) for leg in command.legs]
    instruments = [each for each in known if each is not None]
    if len(instruments) < len(known):
        return None
    price = command.legs[0].price.amount
    least = min(
        max(each.lot_size, each.amount_min, each.notional_min / price) for each in instruments
    )
    target = sum((max(wanted.position, ZERO) for wanted, _ in desk.targeted()), ZERO)
    return LegGroup(
        command,
        settings,
        lots=[each.lot_size for each in instruments],
        target=target,
        tolerance=least,
        now_ns=now_ns,
    )


def _tradable(
    leg: ArbitrageLeg, desk: SymbolDesk, tracker: PositionTracker, now_ns: int
) -> Instrument | None:
    """Where the leg would be traded; None where it may not be."""
    there = desk.venues.get(leg.instrument)
    if there is None or there.target is None or there.quote is None:
        return None
    if now_ns < there.paused_until_ns:
        return None
    is_held = tracker.position(leg.instrument).amount >= leg.amount
    return there.instrument if leg.side is Side.BUY or is_held else None


def propose(
    group: LegGroup, desk: SymbolDesk, intents: IntentMaker, now_ns: int
) -> list[ProposeOrder]:
    """The legs that are to be before the gate now."""
    made: list[ProposeOrder] = []
    for leg in group.wants():
        intent = intents.make(_planned(leg), STRATEGY, now_ns)
        group.propose(leg, intent)
        desk.venue(leg.instrument).proposed = intent
        made.append(ProposeOrder(intent, group.command.origin_ns))
    return made


def withdraw(group: LegGroup, desk: SymbolDesk, now_ns: int) -> list[OrderClosed]:
    """A leg was denied or not answered: nothing more of the group is sent."""
    for state in desk.venues.values():
        if state.proposed is not None and group.has(state.proposed):
            state.proposed = None
    return [_withdrawn(intent) for intent in group.drop(now_ns)]


def _withdrawn(intent: OrderIntent) -> OrderClosed:
    return OrderClosed(
        intent.client_order_id, intent.instrument, OrderStatus.DENIED, ZERO, "withdrawn"
    )


def _planned(leg: ArbitrageLeg) -> PlannedOrder:
    return PlannedOrder(
        instrument=leg.instrument,
        side=leg.side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        amount=Quantity(leg.amount),
        price=leg.limit,
        reference_price=leg.price,
        is_reducing=leg.side is Side.SELL,
    )
