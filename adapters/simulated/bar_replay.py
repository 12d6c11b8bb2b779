"""Replays recorded bars: a synthetic book around the path inside each bar.

The path of a bar is open, low, high, close where it rose, else open, high, low, close; eight trades
print on it, so the candles of the exchange are the recorded bars exactly (while nobody else
trades). A recorded bar becomes a bar of `interval / speed`, on the exchange's own clock, aligned to
it; gaps in the recording are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from adapters.simulated.bar_file import BarFile
from adapters.simulated.book import Event
from adapters.simulated.exchange import Exchange
from adapters.simulated.liquidity import RecordedLiquidity
from bot3.domain.values import Side

_NS_PER_S = 1_000_000_000
_TICKS_PER_BAR = 8
_LEVELS = 24
_HISTORY_BARS = 500
_LEVEL_STEP = 0.5e-4  # of the price
_SIZE_SHARE = 0.02  # of a usual bar's volume, at the best level
_STEPS_MAX = 20_000


def _nothing() -> None:
    """The default of `on_end`."""


@final
class BarReplay:
    """Steps through a `BarFile`; its first half, 500 bars at most, is history."""

    def __init__(
        self,
        file: BarFile,
        exchange: Exchange,
        *,
        start_ns: int,
        speed: float,
        on_end: Callable[[], None] = _nothing,
    ) -> None:
        self._file, self._exchange, self._on_end = file, exchange, on_end
        self._market = exchange.market(file.symbol)
        self._liquidity = RecordedLiquidity(self._market.engine)
        self._bar_ns = max(int(file.interval_ns / speed), _TICKS_PER_BAR)
        self._first_bar = min(len(file) // 2, _HISTORY_BARS)
        self._start_ns = start_ns - start_ns % self._bar_ns
        self._step = 0
        self._levels: dict[tuple[Side, int], int] = {}
        usual = float(file.volume[: self._first_bar + 1].mean()) or 1.0
        self._size = max(self._lots(usual * _SIZE_SHARE), 1)
        self._last_price = 0
        self.is_over = False
        self._warm_up()

    @property
    def next_ns(self) -> int | None:
        """When, on the exchange's clock, the next point is due; None at the end."""
        return None if self.is_over else self._due_ns(self._step)

    def step(self, now_ns: int) -> None:
        """Trades and quotes of every point that is due."""
        for _ in range(_STEPS_MAX):
            if self.is_over or self._due_ns(self._step) > now_ns:
                return
            bar, point = divmod(self._step, _TICKS_PER_BAR)
            self._step += 1
            if self._first_bar + bar >= len(self._file):
                self.is_over = True
                self._on_end()
                return
            self._exchange.process(self._market, self._trade(self._first_bar + bar, point))

    def _due_ns(self, step: int) -> int:
        return self._start_ns + step * self._bar_ns // _TICKS_PER_BAR

    def _warm_up(self) -> None:
        for bar in range(self._first_bar):
            for point, (price, lots) in enumerate(self._points(bar)):
                step = (bar - self._first_bar) * _TICKS_PER_BAR + point
                is_sell = price < self._last_price
                self._last_price = price
                if lots:
                    self._market.warm_up(self._due_ns(step), price, lots, is_buyer_maker=is_sell)
        self._exchange.process(self._market, self._quote(self._points(self._first_bar)[0][0]))

    def _trade(self, bar: int, point: int) -> list[Event]:
        price, lots = self._points(bar)[point]
        is_sell = price < self._last_price
        self._last_price = price
        events: list[Event] = []
        if lots:
            events += self._liquidity.print_trade(price, lots, is_buyer_maker=is_sell)
        return events + self._quote(price)

    def _points(self, bar: int) -> list[tuple[int, int]]:
        """(ticks, lots) of the eight trades of a bar; no lots in a bar without volume."""
        file = self._file
        opened, closed = float(file.open[bar]), float(file.close[bar])
        low = min(float(file.low[bar]), opened, closed)
        high = max(float(file.high[bar]), opened, closed)
        first, second = (low, high) if closed >= opened else (high, low)
        third = (second - first) / 3
        path = [opened, (opened + first) / 2, first, first + third, second - third, second]
        path += [(second + closed) / 2, closed]
        volume = self._lots(float(file.volume[bar]))
        share, rest = divmod(volume, _TICKS_PER_BAR)
        is_thin = file.volume[bar] > 0 and not share
        sizes = [1 if is_thin else share] * (_TICKS_PER_BAR - 1)
        sizes.append(1 if is_thin else share + rest)
        return [(self._ticks(price), lots) for price, lots in zip(path, sizes, strict=True)]

    def _quote(self, price: int) -> list[Event]:
        """A new book around `price`: the old levels go first, so nothing crosses but our orders."""
        gap = max(round(price * _LEVEL_STEP), 1)
        levels = {
            (side, price - side.sign * gap * level): self._size * (2 + level) // 2
            for level in range(1, _LEVELS + 1)
            for side in (Side.BUY, Side.SELL)
            if price - side.sign * gap * level > 0
        }
        events: list[Event] = []
        for side, ticks in self._levels:
            if (side, ticks) not in levels:
                events += self._liquidity.set_level(side, ticks, 0)
        for (side, ticks), lots in levels.items():
            events += self._liquidity.set_level(side, ticks, lots)
        self._levels = levels
        return events

    def _ticks(self, price: float) -> int:
        return max(round(price / float(self._market.scale.tick_size)), 1)

    def _lots(self, amount: float) -> int:
        return round(amount / float(self._market.scale.lot_size))
