"""The agents of one market: they turn a latent price into orders.

Two market makers quote around what they see, leaning against their inventory; patient traders leave
limit orders further out; arrivals of market orders excite further arrivals on the same side (a
Hawkes process) and lean with the last move; informed traders take whatever has become mispriced.

Invariant: an agent decides from the latent price, the time step and the market's own trades alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import final

from attrs import frozen

from adapters.simulated.book import Event, Trade
from adapters.simulated.latent import BASIS_POINT
from adapters.simulated.market import Cancel, Operation, Place
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side
from supervisors.entropy import Dice

# Looked up a thousand times a second.
_BUY, _SELL, _POST_ONLY = Side.BUY, Side.SELL, OrderType.POST_ONLY


@frozen
class AgentSettings:
    """Sizes in quote asset, distances in basis points of the price, rates per second."""

    half_spread_bps: float = 0.35
    maker_levels: int = 6
    maker_step_bps: float = 0.7
    maker_size: float = 25_000.0
    maker_inventory_max: float = 400_000.0
    patient_orders: int = 84
    patient_from_bps: float = 3.0
    patient_mean_bps: float = 14.0
    patient_size: float = 12_000.0
    patient_life_s: float = 25.0
    taker_rate: float = 0.7
    taker_excitation: float = 0.9
    taker_decay: float = 2.0
    taker_size: float = 1_800.0
    momentum: float = 0.15


@final
class OrderIds:
    """Ids of the market's own orders in one market: below zero, never used twice."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        self._last -= 1
        return self._last


@final
class MarketUnits:
    """Float prices and sizes onto ticks and lots."""

    def __init__(self, tick_size: float, lot_size: float) -> None:
        self._tick, self._lot = tick_size, lot_size

    def bid(self, price: float) -> int:
        return max(math.floor(price / self._tick), 1)

    def ask(self, price: float) -> int:
        return max(math.ceil(price / self._tick), 2)

    def lots(self, notional: float, price: float) -> int:
        return max(int(notional / price / self._lot), 1)

    def notional(self, ticks: int, lots: int) -> float:
        return ticks * self._tick * lots * self._lot


@final
class Maker:
    """Quotes several levels a side and moves them when the price it sees has moved."""

    def __init__(
        self, owner: int, settings: AgentSettings, units: MarketUnits, ids: OrderIds, dice: Dice
    ) -> None:
        self.owner = owner
        self.inventory = 0.0
        self._settings, self._units, self._ids, self._dice = settings, units, ids, dice
        self._center = 0.0
        self._quotes: list[int] = []
        self._width = 1.0 + 0.4 * (-owner - 1)

    def withdraw(self, latent: float) -> list[Operation]:
        """Cancels its quotes where the price has left them."""
        moved = abs(self._aim(latent) / self._center - 1.0) if self._center else 1.0
        half = self._settings.half_spread_bps * self._width * BASIS_POINT
        if moved < half * 0.5:
            return []
        withdrawn: list[Operation] = [Cancel(order_id) for order_id in self._quotes]
        self._quotes.clear()
        return withdrawn

    def quote(self, latent: float) -> list[Operation]:
        """New quotes where it has none."""
        if self._quotes:
            return []
        settings, units, dice = self._settings, self._units, self._dice
        self._center = self._aim(latent)
        operations: list[Operation] = []
        for level in range(settings.maker_levels):
            off = settings.half_spread_bps * self._width + settings.maker_step_bps * level
            off *= BASIS_POINT * dice.uniform(0.85, 1.15)
            size = settings.maker_size * (1 + 0.5 * level) * dice.lognormvariate(-0.08, 0.4)
            for side, sign, onto_tick in ((_BUY, 1, units.bid), (_SELL, -1, units.ask)):
                price = self._center * (1.0 - sign * off)
                order_id = self._ids.next()
                self._quotes.append(order_id)
                lots, ticks = units.lots(size, price), onto_tick(price)
                operations.append(Place(order_id, self.owner, side, lots, ticks, _POST_ONLY))
        return operations

    def _aim(self, latent: float) -> float:
        """The price it quotes around: away from what it has too much of."""
        lean = max(-1.0, min(1.0, self.inventory / self._settings.maker_inventory_max))
        return latent * (1.0 - lean * 4.0 * self._settings.half_spread_bps * BASIS_POINT)

    def fade_inventory(self, dt_s: float) -> None:
        """It hedges elsewhere, within minutes."""
        self.inventory *= math.exp(-dt_s / 60.0)


@final
class PatientTraders:
    """Limit orders further out, each for a while."""

    def __init__(
        self, settings: AgentSettings, units: MarketUnits, ids: OrderIds, dice: Dice
    ) -> None:
        self._settings, self._units, self._ids, self._dice = settings, units, ids, dice
        self._orders: list[tuple[float, int, float, int]] = []  # the last is the side's sign
        self._time_s = 0.0

    def step(self, latent: float, dt_s: float) -> list[Operation]:
        """Cancels the tired and, mostly, the nearly hit; fills up to the usual number."""
        self._time_s += dt_s
        near, now_s = self._settings.patient_from_bps * BASIS_POINT * 0.5, self._time_s
        operations: list[Operation] = []
        kept, bids = [], 0
        for order in self._orders:
            until_s, order_id, price, sign = order
            distance = sign * (latent - price) / latent
            is_scared = distance < near and self._dice.random() < 0.75
            if until_s < now_s or is_scared:
                operations.append(Cancel(order_id))
            else:
                kept.append(order)
                bids += sign > 0
        self._orders = kept
        missing = self._settings.patient_orders - len(kept)
        for _ in range(missing):
            side = Side.BUY if bids * 2 < self._settings.patient_orders else Side.SELL
            bids += side is Side.BUY
            operations.append(self._place(side, latent))
        return operations

    def _place(self, side: Side, latent: float) -> Operation:
        settings, dice = self._settings, self._dice
        off = settings.patient_from_bps + dice.expovariate(1.0 / settings.patient_mean_bps)
        price = latent * (1.0 - side.sign * off * BASIS_POINT)
        ticks = self._units.bid(price) if side is Side.BUY else self._units.ask(price)
        lots = self._units.lots(settings.patient_size * dice.lognormvariate(-0.3, 0.8), price)
        order_id = self._ids.next()
        until_s = self._time_s + dice.expovariate(1.0 / settings.patient_life_s)
        self._orders.append((until_s, order_id, price, side.sign))
        return Place(order_id, 0, side, lots, ticks, OrderType.POST_ONLY)


@final
class Takers:
    """Market orders: arrivals excite arrivals on their side; they lean with the last move."""

    def __init__(
        self, settings: AgentSettings, units: MarketUnits, ids: OrderIds, dice: Dice
    ) -> None:
        self._settings, self._units, self._ids, self._dice = settings, units, ids, dice
        self._excited = {Side.BUY: 0.0, Side.SELL: 0.0}
        self._trend = 0.0
        self._last_latent = 0.0

    def step(self, latent: float, dt_s: float) -> list[Operation]:
        """The arrivals of `dt_s`, in time order within each side."""
        settings = self._settings
        if self._last_latent:
            move = math.log(latent / self._last_latent) / BASIS_POINT
            self._trend += (move - self._trend) * min(1.0, dt_s)
        self._last_latent = latent
        operations: list[Operation] = []
        for side in (Side.BUY, Side.SELL):
            lean = math.exp(max(-1.5, min(1.5, settings.momentum * side.sign * self._trend)))
            rate = settings.taker_rate * lean + self._excited[side]
            self._excited[side] *= math.exp(-settings.taker_decay * dt_s)
            for _ in range(self._arrivals(rate * dt_s)):
                self._excited[side] += settings.taker_excitation
                operations.append(self._take(side, latent))
        return operations

    def _take(self, side: Side, latent: float) -> Operation:
        size = self._settings.taker_size * self._dice.lognormvariate(-0.5, 1.2)
        lots = self._units.lots(size, latent)
        return Place(self._ids.next(), 0, side, lots, None, OrderType.MARKET)

    def _arrivals(self, mean: float) -> int:
        """Poisson, by inversion: means are small."""
        left, probability, count = self._dice.random(), math.exp(-min(mean, 20.0)), 0
        while left > probability and count < 100:
            left -= probability
            count += 1
            probability *= mean / count
        return count


@final
class SymbolAgents:
    """Everybody in one market."""

    def __init__(self, settings: AgentSettings, units: MarketUnits, dice: Dice) -> None:
        ids = OrderIds()
        self._units, self._ids, self._settings = units, ids, settings
        self._makers = [Maker(owner, settings, units, ids, dice) for owner in (-1, -2)]
        self._patient = PatientTraders(settings, units, ids, dice)
        self._takers = Takers(settings, units, ids, dice)

    def step(self, latent: float, dt_s: float) -> list[Operation]:
        """What they do in `dt_s` seconds at this latent price."""
        operations: list[Operation] = []
        for maker in self._makers:
            maker.fade_inventory(dt_s)
            operations += maker.withdraw(latent)
        operations += self._patient.step(latent, dt_s)
        operations += self._informed(latent)
        for maker in self._makers:
            operations += maker.quote(latent)
        return operations + self._takers.step(latent, dt_s)

    def observe(self, events: Iterable[Event]) -> None:
        """What the engine made of it: the makers' inventories."""
        for event in events:
            if isinstance(event, Trade) and event.maker_owner < 0:
                maker = self._makers[-event.maker_owner - 1]
                sign = 1.0 if event.is_buyer_maker else -1.0
                maker.inventory += sign * self._units.notional(event.price, event.lots)

    def _informed(self, latent: float) -> list[Operation]:
        """Takes everything on the wrong side of the latent price."""
        margin = self._settings.half_spread_bps * BASIS_POINT * 0.3
        buy, sell = self._units.bid(latent * (1 - margin)), self._units.ask(latent * (1 + margin))
        lots = self._units.lots(1e9, latent)
        kind, tif = OrderType.LIMIT, TimeInForce.IOC
        return [
            Place(self._ids.next(), 0, Side.BUY, lots, buy, kind, tif),
            Place(self._ids.next(), 0, Side.SELL, lots, sell, kind, tif),
        ]
