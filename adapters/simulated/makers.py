"""The market makers of one market: a ladder of quotes a side, a tick apart at the top.

They quote around the price they see, moved away from what they hold too much of: that lean is how
far the flow of market orders moves the price for a while.

Invariant: after `quote`, as long as nobody else's order is in the way, every level has a quote,
the best bid is at or below the price they aim at, and the best ask is one tick above it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, final

from adapters.simulated.agent_settings import AgentSettings, MarketUnits, OrderIds
from adapters.simulated.book import OrderEvent, Trade
from adapters.simulated.latent import BASIS_POINT
from adapters.simulated.market import Cancel, Operation, Place
from bot3.domain.order import OrderType
from bot3.domain.values import Side
from supervisors.entropy import Dice

MAKERS_OWNER: Final = -1
_HEDGED_WITHIN_S = 60.0
# Looked up a thousand times a second.
_BUY, _SELL, _POST_ONLY = Side.BUY, Side.SELL, OrderType.POST_ONLY
_TOLERANCE = 0.4  # of a level's distance: how far off a quote may be


@final
class Makers:
    """One desk for all of them: `inventory` is what they hold together, in quote asset."""

    def __init__(
        self, settings: AgentSettings, units: MarketUnits, ids: OrderIds, dice: Dice
    ) -> None:
        self.inventory = 0.0
        self._noise = 0.0  # basis points
        self._settings, self._units, self._ids, self._dice = settings, units, ids, dice
        # Slot 2n is the bid of level n, slot 2n + 1 its ask.
        self._slots: dict[int, tuple[int, int]] = {}  # order id, ticks
        self._left: dict[int, tuple[int, int]] = {}  # by order id: slot, lots
        self._step = settings.maker_step_bps * BASIS_POINT

    def aim(self, latent: float) -> float:
        """The price they quote around."""
        settings = self._settings
        lean = max(-1.0, min(1.0, self.inventory / settings.maker_inventory_max))
        return latent * (1.0 - (lean * settings.maker_lean_bps + self._noise) * BASIS_POINT)

    def pass_time(self, dt_s: float) -> None:
        """They hedge elsewhere, within minutes, and never see quite the same price."""
        settings = self._settings
        self.inventory *= math.exp(-dt_s / _HEDGED_WITHIN_S)
        decay = math.exp(-dt_s / settings.maker_noise_memory_s)
        spread = settings.maker_noise_bps * math.sqrt(1.0 - decay * decay)
        self._noise = self._noise * decay + self._dice.gauss(0.0, spread)

    def withdraw(self, best_bid: int) -> list[Operation]:
        """Cancels the quotes that the price has left, or come too close to.

        `best_bid` is the tick at or below the price they aim at.
        """
        step = self._step * best_bid
        withdrawn: list[Operation] = []
        for slot, (order_id, ticks) in list(self._slots.items()):
            off = ticks - best_bid - 1 if slot & 1 else best_bid - ticks
            wanted = step * (slot >> 1)
            if off < 0 or abs(off - wanted) > _TOLERANCE * wanted:
                self._forget(order_id)
                withdrawn.append(Cancel(order_id))
        return withdrawn

    def quote(self, best_bid: int) -> list[Operation]:
        """Quotes where there are none."""
        slots = self._slots
        wanted = range(2 * self._settings.maker_levels)
        return [self._place(slot, best_bid) for slot in wanted if slot not in slots]

    def observe(self, events: Iterable[OrderEvent]) -> None:
        """What the engine made of their quotes."""
        for event in events:
            if type(event) is Trade:
                if event.maker_owner == MAKERS_OWNER:
                    self._traded(event)
            elif event.owner == MAKERS_OWNER:
                self._forget(event.order_id)

    def _place(self, slot: int, best_bid: int) -> Operation:
        side, level = _SELL if slot & 1 else _BUY, slot >> 1
        dice, settings = self._dice, self._settings
        off = round(self._step * best_bid * level * dice.uniform(0.8, 1.2))
        ticks = best_bid - off if side is _BUY else best_bid + 1 + off
        size = settings.maker_size * (1 + 0.25 * level) * dice.lognormvariate(-0.08, 0.4)
        lots = self._units.lots(size, self._units.price(ticks))
        order_id = self._ids.next()
        self._slots[slot] = order_id, ticks
        self._left[order_id] = slot, lots
        return Place(order_id, MAKERS_OWNER, side, lots, ticks, _POST_ONLY)

    def _traded(self, trade: Trade) -> None:
        sign = 1.0 if trade.is_buyer_maker else -1.0
        self.inventory += sign * self._units.notional(trade.price, trade.lots)
        slot, lots = self._left[trade.maker_id]
        if lots > trade.lots:
            self._left[trade.maker_id] = slot, lots - trade.lots
        else:
            self._forget(trade.maker_id)

    def _forget(self, order_id: int) -> None:
        left = self._left.pop(order_id, None)
        if left is not None:
            del self._slots[left[0]]
