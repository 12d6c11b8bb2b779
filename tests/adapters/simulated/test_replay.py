"""Replays: the book is the recorded one, candles are the recorded bars, our orders fill."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from adapters.simulated.bar_file import BarFile
from adapters.simulated.bar_replay import BarReplay
from adapters.simulated.book import Trade
from adapters.simulated.depth_file import DepthFile, TickerRecord
from adapters.simulated.depth_replay import DepthReplay
from adapters.simulated.exchange import Exchange
from adapters.simulated.liquidity import RecordedLiquidity
from adapters.simulated.matching import MatchingEngine
from adapters.simulated.orders import OrderRequest, RecordStatus
from adapters.simulated.recording import Recording, open_replay
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Asset, Side, Symbol, VenueName
from supervisors.clock import ManualClock

REPO_ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("BOT3_SHARED", REPO_ROOT.parent / "shared"))
START_NS = 1_790_401_523_400_000_000
D = Decimal


def recorded(name: str) -> Recording:
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"recorded data is not there: {path}")
    return open_replay(path)


def exchange_of(recording: Recording) -> tuple[Exchange, ManualClock]:
    clock = ManualClock(START_NS)
    fee = D("0.001")
    listed = recording.instrument(VenueName("x"), maker_fee_rate=fee, taker_fee_rate=fee)
    return Exchange([listed], clock), clock


def test_the_rebuilt_book_is_the_recorded_one_at_equal_update_ids() -> None:
    recording = recorded("l2/binance-spot-ethusdt_20240809.zst")
    content = recording.content
    assert isinstance(content, DepthFile)
    tickers = {r.update_id: r for r in content.records() if isinstance(r, TickerRecord)}
    exchange, clock = exchange_of(recording)
    ends: list[None] = []
    replay = DepthReplay(content, exchange, start_ns=START_NS, on_end=lambda: ends.append(None))
    market = exchange.market(recording.symbol)
    assert len(market.candles.of("1s")) > 60
    book_id, compared = replay.book_id, 0
    while replay.next_ns is not None:
        clock.move_to(max(clock.now_ns(), replay.next_ns))
        replay.step(clock.now_ns())
        top = market.top()
        assert top.bid < top.ask
        if replay.book_id != book_id and (found := tickers.get(replay.book_id)):
            compared += 1
            assert (top.bid * content.tick, top.bid_lots * content.lot) == found.bid
            assert (top.ask * content.tick, top.ask_lots * content.lot) == found.ask
        book_id = replay.book_id
    assert compared > 300
    assert (replay.is_over, len(ends)) == (True, 1)


def test_speed_scales_the_recorded_time() -> None:
    recording = recorded("l2/binance-spot-ethusdt_20240808.zst")
    assert isinstance(recording.content, DepthFile)
    exchange, clock = exchange_of(recording)
    replay = DepthReplay(recording.content, exchange, start_ns=START_NS, speed=100.0)
    recorded_s = (recording.content.last_ns - recording.content.first_ns) / 1e9
    clock.move_to(START_NS + int(recorded_s * 0.74 / 100 * 1e9))
    replay.step(clock.now_ns())
    assert not replay.is_over
    clock.move_to(START_NS + int(recorded_s * 0.76 / 100 * 1e9))
    replay.step(clock.now_ns())
    assert replay.is_over


def bar_file(count: int = 40) -> BarFile:
    close = 100 + np.round(np.sin(np.arange(count)) * 3, 2)
    opened = np.roll(close, 1)
    opened[0] = 100.0
    return BarFile(
        name="made",
        symbol=Symbol("BTC/USDT"),
        open_ns=np.arange(count, dtype=np.int64) * 60_000_000_000,
        open=opened,
        high=np.maximum(opened, close) + 0.5,
        low=np.minimum(opened, close) - 0.5,
        close=close,
        volume=np.full(count, 12.345),
        interval_ns=60_000_000_000,
    )


def run_bars(file: BarFile, seconds: float) -> tuple[Exchange, ManualClock, BarReplay]:
    exchange, clock = exchange_of(Recording(Path("made"), file))
    replay = BarReplay(file, exchange, start_ns=START_NS, speed=60.0)
    step(exchange, clock, replay, seconds)
    return exchange, clock, replay


def step(exchange: Exchange, clock: ManualClock, replay: BarReplay, seconds: float) -> None:
    for _ in range(round(seconds / 0.05)):
        clock.move_to(clock.now_ns() + 50_000_000)
        replay.step(clock.now_ns())
        exchange.roll()


@pytest.mark.parametrize("name", ["made", "BTC_USDT-1m-2023", "SOL_USDT-1m-2023"])
def test_candles_are_the_recorded_bars_exactly(name: str) -> None:
    file = bar_file() if name == "made" else recorded(f"ohlcv/binance-{name}.parquet").content
    assert isinstance(file, BarFile)
    exchange, _, replay = run_bars(file, 12)
    market = exchange.market(file.symbol)
    history = min(len(file) // 2, 500)
    candles = market.candles.of("1s")[: history + 11]
    assert not replay.is_over
    for index, candle in enumerate(candles):
        prices = (candle.open, candle.high, candle.low, candle.close)
        exact = [float(market.scale.price(price)) for price in prices]
        row = (file.open[index], file.high[index], file.low[index], file.close[index])
        assert exact == pytest.approx(row, abs=1e-9)
        amount = float(market.scale.amount(candle.lots))
        assert amount == pytest.approx(file.volume[index], abs=1e-6)


def test_a_bar_replay_ends_once_and_the_market_stays_up() -> None:
    exchange, _, replay = run_bars(bar_file(), 30)
    assert (replay.is_over, replay.next_ns) == (True, None)
    market = exchange.market(Symbol("BTC/USDT"))
    assert market.top().bid < market.top().ask
    assert len(market.engine.top(Side.BUY, 30)) >= 20


def test_our_resting_order_fills_when_the_replayed_price_goes_through_it() -> None:
    file = bar_file()
    exchange, clock, replay = run_bars(file, 0.1)
    me = exchange.open_account([(Asset("USDT"), D(10_000))])
    limit = D(str(round(float(file.low[21:30].min()) + 0.2, 2)))
    request = OrderRequest(
        Symbol("BTC/USDT"), Side.BUY, OrderType.POST_ONLY, TimeInForce.GTC, "a", D(1), limit
    )
    order = exchange.place(me, request)
    step(exchange, clock, replay, 12)
    assert order.status is RecordStatus.FILLED
    assert all(fill.price == limit and fill.is_maker for fill in order.fills)


def test_a_recorded_trade_waits_for_the_queue_ahead_of_us() -> None:
    engine = MatchingEngine()
    recorded_book = RecordedLiquidity(engine)
    recorded_book.set_level(Side.BUY, 100, 10)
    engine.place(1, 7, Side.BUY, 5, 100)
    recorded_book.set_level(Side.BUY, 100, 14)

    def ours(lots: int) -> int:
        events = recorded_book.print_trade(100, lots, is_buyer_maker=True)
        trades = [event for event in events if isinstance(event, Trade)]
        assert sum(trade.lots for trade in trades) == lots
        return sum(trade.lots for trade in trades if trade.maker_owner == 7)

    assert [ours(6), ours(3), ours(3), ours(4)] == [0, 0, 2, 3]
    assert recorded_book.lots_at(Side.BUY, 100) == 14
    assert 1 not in engine


def test_a_recorded_trade_below_our_bid_fills_us_first_at_our_price() -> None:
    engine = MatchingEngine()
    recorded_book = RecordedLiquidity(engine)
    recorded_book.set_level(Side.BUY, 98, 10)
    engine.place(1, 7, Side.BUY, 5, 99)
    events = recorded_book.print_trade(98, 8, is_buyer_maker=True)
    trades = [(e.price, e.lots, e.maker_owner) for e in events if isinstance(e, Trade)]
    assert trades == [(99, 5, 7), (98, 3, 0)]


def test_recorded_asks_that_cross_our_bid_trade_with_it() -> None:
    engine = MatchingEngine()
    recorded_book = RecordedLiquidity(engine)
    recorded_book.set_level(Side.BUY, 98, 10)
    engine.place(1, 7, Side.BUY, 5, 100)
    events = recorded_book.set_level(Side.SELL, 97, 6)
    trades = [(e.price, e.lots, e.maker_owner) for e in events if isinstance(e, Trade)]
    assert trades == [(100, 5, 7)]
    assert (engine.top(Side.BUY, 5), engine.top(Side.SELL, 5)) == ([], [(97, 1)])
