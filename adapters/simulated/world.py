"""The simulated market's world: latent prices, and agents who make a market of them.

Invariant: the same settings, dice and engine answers give the same operations; the history that
`warm_up` writes ends at the price where the live market begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from operator import sub
from typing import final

from adapters.simulated.agent_settings import AgentSettings, MarketUnits
from adapters.simulated.agents import SymbolAgents
from adapters.simulated.book import OrderEvent
from adapters.simulated.crosses import CrossGap, legs_of
from adapters.simulated.latent import LatentPrices, WorldSettings
from adapters.simulated.leader import LeaderMids
from adapters.simulated.market import Market, Operation
from bot3.domain.errors import ConfigError
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName
from supervisors.entropy import Dice

_NS_PER_S = 1_000_000_000
_STEP_MAX_S = 1.0
_FINE_S = 0.25
_COARSE_S = 5.0

_OPENING_S = 40.0  # of the history belong to the first phases, so that they can be seen
# symbol: first price, tick size, lot size, largest amount, least notional; of a cross symbol that
# has both assets beside it, the first price is theirs, and what is paid fits eight digits
_LISTED = {
    "BTC/USDT": ("60000", "0.01", "0.00001", "9000", "5"),
    "ETH/USDT": ("2500", "0.01", "0.0001", "9000", "5"),
    "SOL/USDT": ("150", "0.01", "0.001", "90000", "5"),
    "ETH/BTC": ("0.041666", "0.000001", "0.01", "9000", "0.0001"),
    "SOL/ETH": ("0.06", "0.000001", "0.01", "90000", "0.002"),
}


def listed_instrument(
    venue: VenueName, symbol: Symbol, *, maker_fee_rate: Decimal, taker_fee_rate: Decimal
) -> Instrument:
    """An instrument of the simulated market; raises `ConfigError` for a symbol it has not."""
    if symbol not in _LISTED:
        raise ConfigError(
            f"symbol {symbol}: the simulated market trades {', '.join(_LISTED)}; choose of these"
        )
    _, tick, lot, amount_max, notional_min = _LISTED[symbol]
    base, quote = symbol.split("/")
    return Instrument(
        id=InstrumentId(venue, symbol),
        base=Asset(base),
        quote=Asset(quote),
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        price_min=Decimal(tick),
        price_max=Decimal(1_000_000),
        amount_min=Decimal(lot),
        amount_max=Decimal(amount_max),
        notional_min=Decimal(notional_min),
        notional_max=Decimal(9_000_000),
        maker_fee_rate=maker_fee_rate,
        taker_fee_rate=taker_fee_rate,
    )


@final
class World:
    """Steps every market by the same clock.

    With a `leader`, prices are the leader's as its arbitrageurs see them, and `agents_dice` are the
    dice of whoever trades here; the history, which `dice` make, is then the leader's.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        settings: WorldSettings,
        dice: Dice,
        *,
        agents: AgentSettings | None = None,
        leader: LeaderMids | None = None,
        agents_dice: Dice | None = None,
    ) -> None:
        self._symbols = [instrument.id.symbol for instrument in instruments]
        homes = [each for each in self._symbols if legs_of(each, self._symbols) is None]
        self._legs = {each: legs_of(each, homes) for each in self._symbols if each not in homes}
        self._places = {symbol: at for at, symbol in enumerate(homes)}
        self._gaps = {symbol: CrossGap(settings, dice) for symbol in self._legs}
        self._instruments = list(instruments)
        self._dice = dice
        self._leader = leader
        self._latent = LatentPrices(settings, len(homes), dice)
        self._starts = [float(_LISTED[symbol][0]) for symbol in homes]
        self._last_ns = 0
        self._agents: dict[Symbol, SymbolAgents] = {}
        agent_settings = agents if agents is not None else AgentSettings()
        self.look_ms = agent_settings.look_ms
        for instrument in instruments:
            units = self._units(instrument.id.symbol, instrument.tick_size, instrument.lot_size)
            own = SymbolAgents(agent_settings, units, agents_dice or dice)
            self._agents[instrument.id.symbol] = own

    def latent(self, symbol: Symbol) -> float:
        """The efficient price now."""
        return self._price(symbol, self._latent.logs)

    def _price(self, symbol: Symbol, logs: Sequence[float]) -> float:
        legs = self._legs.get(symbol)
        if legs is None:
            at = self._places[symbol]
            return self._starts[at] * math.exp(logs[at])
        base, quote = legs
        ratio = self._starts[base] / self._starts[quote]
        return ratio * math.exp(logs[base] - logs[quote] + self._gaps[symbol].log)

    def _units(self, symbol: Symbol, tick_size: Decimal, lot_size: Decimal) -> MarketUnits:
        legs = self._legs.get(symbol)
        quote_value = 1.0 if legs is None else self._starts[legs[1]]
        return MarketUnits(float(tick_size), float(lot_size), quote_value)

    def warm_up(
        self,
        markets: Mapping[Symbol, Market],
        now_ns: int,
        *,
        minutes: int = 600,
        seconds: int = 600,
    ) -> None:
        """Writes a history up to `now_ns` into the candles: `minutes` of it, the last `seconds`
        in fine steps. The path is moved so that it ends where the live market starts.
        """
        fine = int((seconds + 60) / _FINE_S)
        coarse = int((minutes * 60 - fine * _FINE_S) / _COARSE_S)
        steps = [_COARSE_S] * max(coarse, 0) + [_FINE_S] * fine
        opening = len(steps) - int(_OPENING_S / _FINE_S)
        path = []
        for number, dt_s in enumerate(steps):
            if number == opening:
                self._latent.open_scene()
            path.append(tuple(self._latent.step(dt_s)))
        end = path[-1]
        moved = [tuple(map(sub, logs, end)) for logs in path]
        start_ns = now_ns - round(sum(steps) * _NS_PER_S)
        for symbol in self._symbols:
            self._write_history(markets[symbol], steps, moved, start_ns, now_ns)
        self._latent.logs = [0.0] * len(self._starts)

    def _write_history(
        self,
        market: Market,
        steps: Sequence[float],
        path: Sequence[Sequence[float]],
        start_ns: int,
        end_ns: int,
    ) -> None:
        """A trade after each step, at its price."""
        symbol, dice, ts_ns, to_come = market.symbol, self._dice, start_ns, len(steps)
        units = self._units(symbol, market.scale.tick_size, market.scale.lot_size)
        for dt_s, logs in zip(steps, path, strict=True):
            ts_ns += round(dt_s * _NS_PER_S)
            to_come -= 1
            price = self._price(symbol, logs)
            size = 2_500.0 * dt_s * dice.lognormvariate(0.0, 1.0)
            is_sell = dice.random() < 0.5
            market.warm_up(
                min(ts_ns, end_ns),
                units.bid(price),
                units.lots(size, price),
                is_buyer_maker=is_sell,
                to_come=to_come,
            )

    def step(self, now_ns: int) -> list[tuple[Symbol, list[Operation]]]:
        """What everybody does since the last step (one second at most counts)."""
        dt_s = (now_ns - self._last_ns) / _NS_PER_S if self._last_ns else 0.1
        self._last_ns = now_ns
        dt_s = min(dt_s, _STEP_MAX_S)
        if dt_s <= 0:
            return []
        prices = self._prices(now_ns, dt_s)
        activity = self._latent.activity
        return [
            (symbol, self._agents[symbol].step(price, dt_s, activity))
            for symbol, price in prices.items()
        ]

    def _prices(self, now_ns: int, dt_s: float) -> Mapping[Symbol, float]:
        """By symbol: what the agents take for the price."""
        if self._leader is not None:
            self._latent.stir(dt_s)
            return self._leader.step(now_ns)
        self._latent.step(dt_s)
        for gap in self._gaps.values():
            gap.step(dt_s)
        return {symbol: self.latent(symbol) for symbol in self._symbols}

    def observe(self, symbol: Symbol, events: Iterable[OrderEvent]) -> None:
        """What the engine answered to the operations of this symbol, and to everybody else's."""
        self._agents[symbol].observe(events)
