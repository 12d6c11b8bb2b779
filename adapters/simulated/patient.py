"""Patient traders: limit orders further out, each for a while.

Invariant: after a step there are as many as usual, and about as many on either side.
"""

from __future__ import annotations

from typing import final

from adapters.simulated.agent_settings import AgentSettings, MarketUnits, OrderIds
from adapters.simulated.latent import BASIS_POINT
from adapters.simulated.market import Cancel, Operation, Place
from bot3.domain.order import OrderType
from bot3.domain.values import Side
from supervisors.entropy import Dice

_LOOK_S = 0.1  # they need not be quick
# Looked up with every order.
_BUY, _SELL, _POST_ONLY = Side.BUY, Side.SELL, OrderType.POST_ONLY


@final
class PatientTraders:
    """All of one market."""

    def __init__(
        self, settings: AgentSettings, units: MarketUnits, ids: OrderIds, dice: Dice
    ) -> None:
        self._settings, self._units, self._ids, self._dice = settings, units, ids, dice
        self._orders: list[tuple[float, int, float, int]] = []  # the last is the side's sign
        self._time_s = 0.0
        self._due_s = 0.0

    def step(self, latent: float, dt_s: float) -> list[Operation]:
        """Cancels the tired and, mostly, the nearly hit; fills up to the usual number."""
        self._time_s += dt_s
        if self._time_s < self._due_s:
            return []
        self._due_s = self._time_s + _LOOK_S
        near, now_s = self._settings.patient_from_bps * BASIS_POINT * 0.7, self._time_s
        operations: list[Operation] = []
        kept, bids = [], 0
        for order in self._orders:
            until_s, order_id, price, sign = order
            distance = sign * (latent - price) / latent
            is_scared = distance < near and self._dice.random() < 0.95
            if until_s < now_s or is_scared:
                operations.append(Cancel(order_id))
            else:
                kept.append(order)
                bids += sign > 0
        self._orders = kept
        for _ in range(self._settings.patient_orders - len(kept)):
            side = _BUY if bids * 2 < self._settings.patient_orders else _SELL
            bids += side is _BUY
            operations.append(self._place(side, latent))
        return operations

    def _place(self, side: Side, latent: float) -> Operation:
        settings, dice = self._settings, self._dice
        off = settings.patient_from_bps + dice.expovariate(1.0 / settings.patient_mean_bps)
        sign = 1 if side is _BUY else -1
        price = latent * (1.0 - sign * off * BASIS_POINT)
        ticks = self._units.bid(price) if side is _BUY else self._units.ask(price)
        lots = self._units.lots(settings.patient_size * dice.lognormvariate(-0.3, 0.8), price)
        order_id = self._ids.next()
        until_s = self._time_s + dice.expovariate(1.0 / settings.patient_life_s)
        self._orders.append((until_s, order_id, price, sign))
        return Place(order_id, 0, side, lots, ticks, _POST_ONLY)
