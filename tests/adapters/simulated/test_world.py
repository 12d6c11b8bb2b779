"""The world: the same seed gives the same market, and the market looks like one."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from decimal import Decimal

import pytest

from adapters.simulated.agent_settings import AgentSettings
from adapters.simulated.drivers import WorldDriver
from adapters.simulated.exchange import Exchange
from adapters.simulated.latent import LatentPrices, WorldKind, WorldSettings
from adapters.simulated.orders import OrderRequest
from adapters.simulated.world import World, listed_instrument
from bot3.domain.errors import ConfigError
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Asset, Side, Symbol, VenueName
from supervisors.clock import ManualClock
from supervisors.entropy import Entropy

SYMBOLS = (Symbol("BTC/USDT"), Symbol("ETH/USDT"), Symbol("SOL/USDT"))
FEE = Decimal("0.001")
START_NS = 1_790_401_523_400_000_000
LOOK_NS = AgentSettings().look_ms * 1_000_000
TENTH_NS = 100_000_000


class Market:
    """A world running on a clock that the test moves."""

    def __init__(
        self,
        seed: int,
        settings: WorldSettings | None = None,
        symbols: Sequence[Symbol] = SYMBOLS,
    ) -> None:
        self.clock = ManualClock(START_NS)
        instruments = [
            listed_instrument(VenueName("x"), symbol, maker_fee_rate=FEE, taker_fee_rate=FEE)
            for symbol in symbols
        ]
        self.exchange = Exchange(instruments, self.clock)
        dice = Entropy(seed).dice("world")
        self.world = World(instruments, settings or WorldSettings(), dice)
        self.driver = WorldDriver(self.world, self.exchange, START_NS)

    def run(self, tenths: int) -> None:
        """So many tenths of a second."""
        for _ in range(tenths * TENTH_NS // LOOK_NS):
            self.clock.move_to(self.clock.now_ns() + LOOK_NS)
            self.driver.step(self.clock.now_ns())
            self.exchange.roll()

    def state(self) -> list[object]:
        return [
            (market.engine.update_id, market.engine.top(Side.BUY, 50), list(market.tape))
            for market in self.exchange.markets.values()
        ]


def test_the_same_seed_is_the_same_market() -> None:
    one, two, other = Market(5), Market(5), Market(6)
    for market in (one, two, other):
        market.run(100)
    assert one.state() == two.state()
    assert one.state() != other.state()


def test_spread_depth_trades_and_volatility_are_like_a_market() -> None:
    market, seconds = Market(3), 200
    spreads: dict[Symbol, list[float]] = {symbol: [] for symbol in SYMBOLS}
    mids: dict[Symbol, list[float]] = {symbol: [] for symbol in SYMBOLS}
    trades_before = {s: market.exchange.market(s).engine.trade_id for s in SYMBOLS}
    for step in range(seconds * 10):
        market.run(1)
        for symbol in SYMBOLS:
            book = market.exchange.market(symbol)
            top = book.top()
            assert top.bid < top.ask
            spreads[symbol].append(2e4 * (top.ask - top.bid) / (top.ask + top.bid))
            assert len(book.engine.top(Side.BUY, 20)) == len(book.engine.top(Side.SELL, 20)) == 20
            if step % 10 == 0:
                mids[symbol].append((top.bid + top.ask) / 2)
    for symbol in SYMBOLS:
        returns = [
            1e4 * math.log(b / a) for a, b in zip(mids[symbol], mids[symbol][1:], strict=False)
        ]
        trades = market.exchange.market(symbol).engine.trade_id - trades_before[symbol]
        tick_bps = 1e4 / mids[symbol][-1]
        assert statistics.median(spreads[symbol]) == pytest.approx(tick_bps, rel=0.02)
        assert 1.5 < statistics.pstdev(returns) < 7.0
        assert 1.0 < trades / seconds < 8.0


def test_history_is_contiguous_and_joins_the_live_price() -> None:
    market = Market(11)
    for symbol in SYMBOLS:
        book = market.exchange.market(symbol)
        for interval, length_ms in (("1s", 1_000), ("1m", 60_000)):
            candles = book.candles.of(interval)
            assert len(candles) >= 600
            opens = [candle.open_ms for candle in candles]
            assert opens == list(range(opens[0], opens[-1] + 1, length_ms))
            assert opens[-1] <= START_NS // 1_000_000 < opens[-1] + length_ms
            last, top = candles[-1].close, book.top()
            assert abs(last / ((top.bid + top.ask) / 2) - 1) < 20e-4
            assert all(
                c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in candles
            )
        moves = [c for c in book.candles.of("1s")[-600:] if c.open != c.close]
        assert len(moves) > 500


def drifts(kind: WorldKind, edge: float = 2.0) -> float:
    """The correlation of one five-second return with the next."""
    settings = WorldSettings(world=kind, edge=edge, jump_bps=0.0, trend_bps=2.0)
    latent = LatentPrices(settings, 1, Entropy(4).dice("drift"))
    bars = []
    for _ in range(3_000):
        before = latent.logs[0]
        for _ in range(5):
            latent.step(1.0)
        bars.append(latent.logs[0] - before)
    return statistics.correlation(bars[:-1], bars[1:])


def test_only_the_planted_worlds_can_be_predicted() -> None:
    assert abs(drifts(WorldKind.NULL)) < 0.06
    assert abs(drifts(WorldKind.PLANTED, edge=0.0)) < 0.06
    assert drifts(WorldKind.PLANTED) > 0.3
    assert drifts(WorldKind.REGIME) > 0.1
    assert drifts(WorldKind.THIN) < 0.15


def test_our_order_moves_the_market_and_it_recovers() -> None:
    market = Market(8)
    market.run(20)
    symbol = SYMBOLS[0]
    me = market.exchange.open_account([(Asset("USDT"), Decimal(10_000_000))])
    book = market.exchange.market(symbol)
    before = book.top()
    order = market.exchange.place(
        me,
        OrderRequest(
            symbol, Side.BUY, OrderType.MARKET, TimeInForce.GTC, "a", quote_amount=Decimal(300_000)
        ),
    )
    assert len(order.fills) > 3
    after = book.top()
    assert after.ask > before.ask + 100
    latent = market.world.latent(symbol)
    market.run(10)
    mid = (book.top().bid + book.top().ask) / 200
    assert abs(mid / latent - 1) < 30e-4


def test_an_unlisted_symbol_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="DOGE/USDT"):
        listed_instrument(
            VenueName("x"), Symbol("DOGE/USDT"), maker_fee_rate=FEE, taker_fee_rate=FEE
        )


def test_a_cross_market_is_worth_its_assets_but_for_planted_gaps() -> None:
    crossed = (*SYMBOLS[:2], Symbol("ETH/BTC"))
    still, pushed = (
        Market(4, WorldSettings(gap_bps=gap, gap_mean_s=0.5), crossed) for gap in (0.0, 60.0)
    )

    def gaps(market: Market) -> list[float]:
        found: list[float] = []
        for _ in range(60):
            market.run(1)
            tops = {symbol: market.exchange.market(symbol) for symbol in crossed}
            bitcoin, ether, cross = (
                float(each.scale.price(each.top().bid + each.top().ask)) for each in tops.values()
            )
            found.append(1e4 * abs(cross * bitcoin / ether / 2 - 1))
        return found

    assert max(gaps(still)) < 10.0
    assert max(gaps(pushed)) > 30.0
    candles = pushed.exchange.market(crossed[2]).candles.of("1m")
    assert len(candles) >= 600
    last, top = candles[-1].close, pushed.exchange.market(crossed[2]).top()
    assert abs(last / ((top.bid + top.ask) / 2) - 1) < 100e-4
