"""The agents of one market: they turn a latent price into orders.

Market makers quote around what they see (`makers`), patient traders leave limit orders further out
(`patient`), takers send market orders (`takers`), and informed traders take whatever has become
mispriced.

Invariant: an agent decides from the latent price, the time step and the market's own trades alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from adapters.simulated.agent_settings import AgentSettings, MarketUnits, OrderIds
from adapters.simulated.book import OrderEvent
from adapters.simulated.makers import Makers
from adapters.simulated.market import Operation, Place
from adapters.simulated.patient import PatientTraders
from adapters.simulated.takers import Takers
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side
from supervisors.entropy import Dice

# Looked up whenever anybody looks.
_BUY, _SELL, _LIMIT, _IOC = Side.BUY, Side.SELL, OrderType.LIMIT, TimeInForce.IOC
_ALL = 1e9  # in quote asset: more than any book holds


@final
class SymbolAgents:
    """Everybody in one market."""

    def __init__(self, settings: AgentSettings, units: MarketUnits, dice: Dice) -> None:
        ids = OrderIds()
        self._units, self._ids = units, ids
        self._makers = Makers(settings, units, ids, dice)
        self._patient = PatientTraders(settings, units, ids, dice)
        self._takers = Takers(settings, units, ids, dice)

    def step(self, latent: float, dt_s: float, activity: float) -> list[Operation]:
        """What they do in `dt_s` seconds at this latent price and activity (usual: one)."""
        makers = self._makers
        makers.pass_time(dt_s)
        aim = makers.aim(latent)
        best_bid = self._units.bid(aim)
        operations = makers.withdraw(best_bid)
        operations += self._patient.step(latent, dt_s)
        operations += self._informed(aim, best_bid)
        operations += makers.quote(best_bid)
        return operations + self._takers.step(latent, dt_s, activity)

    def observe(self, events: Iterable[OrderEvent]) -> None:
        """What the engine made of it."""
        self._makers.observe(events)

    def _informed(self, aim: float, best_bid: int) -> list[Operation]:
        """Takes everything on the wrong side of the price that makers are about to quote."""
        lots, next_id = self._units.lots(_ALL, aim), self._ids.next
        return [
            Place(next_id(), 0, _BUY, lots, best_bid, _LIMIT, _IOC),
            Place(next_id(), 0, _SELL, lots, best_bid + 1, _LIMIT, _IOC),
        ]
