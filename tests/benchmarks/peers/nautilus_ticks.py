"""An EMA of trades by nautilus_trader, an order about every 1,000 ticks: figures as one JSON line.

Run by `tests.benchmarks.backtest` with the interpreter that BOT3_PEERS names; the file has prices.
"""

import json
import sys
import time

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.identifiers import TradeId, Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

FAST, SLOW = 1_000, 2_000


class CrossConfig(StrategyConfig, frozen=True):
    instrument_id: str


class Cross(Strategy):
    def on_start(self):
        self.instrument = self.cache.instrument(TestInstrumentProvider.btcusdt_binance().id)
        self.seen, self.fast, self.slow, self.is_long, self.orders = 0, 0.0, 0.0, False, 0
        self.subscribe_trade_ticks(self.instrument.id)

    def on_trade_tick(self, tick):
        price = float(tick.price)
        self.seen += 1
        if self.seen == 1:
            self.fast = self.slow = price
        self.fast += 2 / (FAST + 1) * (price - self.fast)
        self.slow += 2 / (SLOW + 1) * (price - self.slow)
        if self.seen < SLOW:
            return
        wants = self.fast > self.slow
        if wants != self.is_long:
            self.is_long = wants
            side = OrderSide.BUY if wants else OrderSide.SELL
            amount = Quantity(1.0, self.instrument.size_precision)
            order = self.order_factory.market(self.instrument.id, side, amount)
            self.submit_order(order)
            self.orders += 1


def main():
    prices = np.load(sys.argv[1])
    instrument = TestInstrumentProvider.btcusdt_binance()
    start, digits = 1_600_000_000_000_000_000, instrument.price_precision
    amount = Quantity(1000.0, instrument.size_precision)
    ticks = [
        TradeTick(
            instrument.id,
            Price(round(price, digits), digits),
            amount,
            AggressorSide.BUYER,
            TradeId(str(at)),
            start + at * 1_000_000,
            start + at * 1_000_000,
        )
        for at, price in enumerate(prices[:, 3].tolist())
    ]
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        Venue("BINANCE"),
        OmsType.NETTING,
        AccountType.CASH,
        starting_balances=[Money(10_000_000, USDT), Money(1_000, BTC)],
        base_currency=None,
    )
    engine.add_instrument(instrument)
    engine.add_data(ticks)
    strategy = Cross(CrossConfig(instrument_id=str(instrument.id)))
    engine.add_strategy(strategy)
    started = time.process_time()
    engine.run()
    took = time.process_time() - started
    print(json.dumps({"events_per_s": len(ticks) / took, "orders": strategy.orders, "s": took}))


if __name__ == "__main__":
    main()
