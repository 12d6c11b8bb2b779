"""A whole simulated Binance in this process: market, exchange and server on one listener.

Invariant: every number it serves comes from the seed and the clock, or from the recording; and
`data_source` says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import final

import trio
from attrs import evolve, field, frozen, validators

from adapters.simulated.agent_settings import AgentSettings
from adapters.simulated.credential import Credential
from adapters.simulated.drivers import MarketDriver, WorldDriver, replay_driver
from adapters.simulated.engine_queue import EngineQueue
from adapters.simulated.exchange import Exchange
from adapters.simulated.faults import CallLater, VenueFaults
from adapters.simulated.faulty_front import FaultyFront
from adapters.simulated.fronts import TickingFront, fault_dialect, front_kit
from adapters.simulated.http_server import Connections, serve
from adapters.simulated.latent import WorldSettings
from adapters.simulated.leader import LeaderMids
from adapters.simulated.recording import Recording, open_replay
from adapters.simulated.wire import WireFront
from adapters.simulated.world import World, listed_instrument
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, Asset, Symbol, VenueName
from supervisors.clock import Clock
from supervisors.entropy import Dice

_BINANCE = VenueName("binance")
_STEP_MAX_NS = 100_000_000
_STEP_MIN_NS = 2_000_000
_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000


def _default_funding() -> Mapping[Asset, Decimal]:
    return {Asset("USDT"): Decimal(10_000)}


def _nothing() -> None:
    """The default of `on_replay_end`."""


@frozen
class EmbeddedSettings:
    """What is traded, and what moves it: a world of agents, or a recorded file.

    `protocol` is the wire's, by the name of the exchange that speaks it.

    The world has candles of `history_minutes` (eleven at least) when it starts; fewer agents are a
    thinner book that costs less to run. With `replay_path` the one instrument of the recording is
    traded, and nothing of this counts; `replay_speed` is recorded seconds per second (None: a bar a
    second, an order book as it was). Beside a leader, its arbitrageurs see the leader's prices
    `follow_latency_s` late. `capital` is deposited in each quote asset traded that is no market's
    base, besides `funding`.
    """

    venue: VenueName = _BINANCE
    protocol: str = "binance"
    symbols: tuple[Symbol, ...] = (Symbol("BTC/USDT"), Symbol("ETH/USDT"), Symbol("SOL/USDT"))
    world: WorldSettings = field(factory=WorldSettings)
    agents: AgentSettings = field(factory=AgentSettings)
    history_minutes: int = field(default=600, validator=validators.ge(0))
    replay_path: Path | None = None
    replay_symbol: Symbol | None = None
    replay_speed: float | None = field(
        default=None, validator=validators.optional(validators.gt(0.0))
    )
    funding: Mapping[Asset, Decimal] = field(factory=_default_funding)
    capital: Decimal = Decimal(0)
    follow_latency_s: float = field(default=0.01, validator=validators.ge(0.0))
    maker_fee_rate: Decimal = Decimal("0.001")
    taker_fee_rate: Decimal = Decimal("0.001")


@final
class EmbeddedExchange:
    """Builds everything at once; raises `DataError` or `ConfigError` before anything listens."""

    def __init__(
        self,
        settings: EmbeddedSettings,
        *,
        clock: Clock,
        dice_of: Callable[[str], Dice],
        api_key: str,
        api_secret: str,
        passphrase: str = "",
        on_replay_end: Callable[[], None] = _nothing,
        faults: VenueFaults | None = None,
        leader: Exchange | None = None,
    ) -> None:
        self._clock, self._on_replay_end = clock, on_replay_end
        self._rolled_s = 0  # no candle ends within a second
        self._recording = self._open(settings)
        # Ids begin at the time, so that those of a later run never repeat an earlier run's.
        first_id = clock.now_ns() // _NS_PER_MS
        self.exchange = Exchange(self._instruments(settings), clock, first_id=first_id)
        self.connections = Connections()
        self._settings = settings
        self._credentials: dict[str, Credential] = {}
        self.account_id = self.open_account(api_key, api_secret, passphrase)
        self._driver = self._make_driver(settings, dice_of, leader)
        queue = None if faults is None else EngineQueue(self.exchange, faults.call_later)
        self.front: TickingFront = front_kit(settings.protocol).make_front(
            self.exchange,
            self._credentials,
            clock=clock,
            dice=dice_of("venue/ids"),
            place=None if queue is None else queue.place,
        )
        self._served: WireFront = self.front
        if faults is not None and queue is not None:
            dialect = fault_dialect(settings.protocol, lambda: clock.now_ns() // _NS_PER_MS)
            self._served = FaultyFront(self.front, dialect, faults, queue)

    @property
    def served(self) -> WireFront:
        """What clients meet: the front, with its faults."""
        return self._served

    def open_account(self, api_key: str, api_secret: str, passphrase: str = "") -> int:
        """An account of its own behind these keys, with the same means as every other one."""
        account_id = self.exchange.open_account(self._settings.funding.items())
        listed = [market.instrument for market in self.exchange.markets.values()]
        for quote in {each.quote for each in listed} - {each.base for each in listed}:
            self.exchange.accounts.deposit(account_id, quote, self._settings.capital)
        self._credentials[api_key] = Credential(api_secret, account_id, passphrase)
        return account_id

    @property
    def data_source(self) -> str:
        """One line: simulated, or which recording."""
        return self._data_source

    @property
    def pace(self) -> float:
        """Seconds of the market that pass in one; more than one where a recording is hurried."""
        if self._recording is None:
            return 1.0
        return self._settings.replay_speed or self._recording.default_speed

    @property
    def is_replay_over(self) -> bool:
        """True once a recording has ended; the market stays up, nothing moves it any more."""
        return self._driver.is_over

    async def run(
        self, listener: trio.abc.Listener[trio.abc.Stream], *, ready: Callable[[], None]
    ) -> None:
        """Moves the market and serves it until cancelled; `ready` is called once it can serve."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._move)
            ready()
            await self.serve(listener)

    async def serve(self, listener: trio.abc.Listener[trio.abc.Stream]) -> None:
        """Until cancelled; the market is moved by somebody else, see `move_on`."""
        await serve(listener, self._served, self.connections)

    def move_on(self, call_later: CallLater) -> None:
        """A step now, and all later ones by `call_later`: costs no task a step."""

        def move() -> None:
            call_later(self._step(), move)

        move()

    def step(self) -> None:
        """What is due now: the market's moves, then what the streams send by the clock."""
        now_ns = self._clock.now_ns()
        self._driver.step(now_ns)
        second = now_ns // _NS_PER_S
        if second != self._rolled_s:
            self._rolled_s = second
            self.exchange.roll()
        self.front.tick(now_ns)

    async def _move(self) -> None:
        while True:
            wait_s = self._step()
            await trio.sleep(wait_s)

    def _step(self) -> float:
        """Makes a step; in how many seconds the next one is due."""
        self.step()
        next_ns = self._driver.next_ns
        if next_ns is None:
            return _STEP_MAX_NS / _NS_PER_S
        wait_ns = next_ns - self._clock.now_ns()
        if wait_ns > _STEP_MAX_NS:
            wait_ns = _STEP_MAX_NS
        elif wait_ns < _STEP_MIN_NS:
            wait_ns = _STEP_MIN_NS
        return wait_ns / _NS_PER_S

    def _open(self, settings: EmbeddedSettings) -> Recording | None:
        if settings.replay_path is None:
            world = settings.world.world.value
            self._data_source = f"simulated: {', '.join(settings.symbols)}, world {world}"
            return None
        recording = open_replay(settings.replay_path, settings.replay_symbol)
        self._data_source = recording.describe()
        return recording

    def _instruments(self, settings: EmbeddedSettings) -> list[Instrument]:
        maker, taker = settings.maker_fee_rate, settings.taker_fee_rate
        if self._recording is not None:
            recorded = self._recording.instrument(
                settings.venue, maker_fee_rate=maker, taker_fee_rate=taker
            )
            return [recorded]
        listed = [
            listed_instrument(settings.venue, symbol, maker_fee_rate=maker, taker_fee_rate=taker)
            for symbol in settings.symbols
        ]
        if front_kit(settings.protocol).lists_notional:
            return listed
        return [evolve(each, notional_min=ZERO, notional_max=ZERO) for each in listed]

    def _make_driver(
        self,
        settings: EmbeddedSettings,
        dice_of: Callable[[str], Dice],
        leader: Exchange | None,
    ) -> MarketDriver:
        start_ns = self._clock.now_ns()
        if self._recording is not None:
            return replay_driver(
                self._recording,
                self.exchange,
                start_ns=start_ns,
                speed=settings.replay_speed,
                on_end=self._on_replay_end,
            )
        instruments = [market.instrument for market in self.exchange.markets.values()]
        following = None
        if leader is not None:
            following = LeaderMids(leader.markets, settings.follow_latency_s)
        world = World(
            instruments,
            settings.world,
            dice_of("venue/world"),
            agents=settings.agents,
            leader=following,
            agents_dice=None if leader is None else dice_of(f"{settings.venue}/agents"),
        )
        return WorldDriver(world, self.exchange, start_ns, history_minutes=settings.history_minutes)
