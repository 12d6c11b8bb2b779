"""What moves the simulated market: a world of agents, or a recording."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, final

from adapters.simulated.bar_file import BarFile
from adapters.simulated.bar_replay import BarReplay
from adapters.simulated.depth_replay import DepthReplay
from adapters.simulated.exchange import Exchange
from adapters.simulated.recording import Recording
from adapters.simulated.world import World

_NS_PER_MS = 1_000_000


class MarketDriver(Protocol):
    """Moves the markets of one exchange on."""

    @property
    def next_ns(self) -> int | None:
        """When it wants to be stepped next, on the exchange's clock; None: never again."""
        ...

    @property
    def is_over(self) -> bool:
        """True where nothing more will come."""
        ...

    def step(self, now_ns: int) -> None:
        """Does everything that is due."""
        ...


@final
class WorldDriver:
    """Steps a world as often as its agents look; it never ends."""

    is_over = False

    def __init__(
        self, world: World, exchange: Exchange, start_ns: int, *, history_minutes: int = 600
    ) -> None:
        self._world, self._exchange = world, exchange
        self.next_ns = start_ns
        world.warm_up(exchange.markets, start_ns, minutes=history_minutes)
        for symbol, market in exchange.markets.items():
            market.watch(partial(world.observe, symbol))
        self.step(start_ns)

    def step(self, now_ns: int) -> None:
        if now_ns < self.next_ns:
            return
        self.next_ns = now_ns + self._world.look_ms * _NS_PER_MS
        for symbol, operations in self._world.step(now_ns):
            self._exchange.apply(symbol, operations)


def replay_driver(
    recording: Recording,
    exchange: Exchange,
    *,
    start_ns: int,
    speed: float | None,
    on_end: Callable[[], None],
) -> MarketDriver:
    """The driver for this kind of recording; `speed` None is the recording's default."""
    pace = recording.default_speed if speed is None else speed
    content = recording.content
    if isinstance(content, BarFile):
        return BarReplay(content, exchange, start_ns=start_ns, speed=pace, on_end=on_end)
    return DepthReplay(content, exchange, start_ns=start_ns, speed=pace, on_end=on_end)
