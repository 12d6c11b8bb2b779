"""The EMA cross by nautilus_trader, in an environment of its own: figures as one JSON line.

Run by `tests.benchmarks.backtest` with the interpreter that BOT3_PEERS names; the bars are a file
of open, high, low and close.
"""

import json
import sys
import time

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

FAST, SLOW = 10, 20


class CrossConfig(StrategyConfig, frozen=True):
    instrument_id: str
    bar_type: str


class Cross(Strategy):
    def on_start(self):
        self.instrument = self.cache.instrument(TestInstrumentProvider.btcusdt_binance().id)
        self.seen, self.fast, self.slow, self.is_long, self.orders = 0, 0.0, 0.0, False, 0
        self.subscribe_bars(BarType.from_str(self.config.bar_type))

    def on_bar(self, bar):
        close = float(bar.close)
        self.seen += 1
        if self.seen == 1:
            self.fast = self.slow = close
        self.fast += 2 / (FAST + 1) * (close - self.fast)
        self.slow += 2 / (SLOW + 1) * (close - self.slow)
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
    table = np.load(sys.argv[1])
    instrument = TestInstrumentProvider.btcusdt_binance()
    kind = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    minute, start = 60_000_000_000, 1_600_000_000_000_000_000
    volume = Quantity(1000.0, instrument.size_precision)
    digits = instrument.price_precision
    bars = [
        Bar(kind, *(Price(round(value, digits), digits) for value in row), volume, at, at)
        for row, at in zip(
            table.tolist(), range(start, start + minute * len(table), minute), strict=True
        )
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
    engine.add_data(bars)
    strategy = Cross(CrossConfig(instrument_id=str(instrument.id), bar_type=str(kind)))
    engine.add_strategy(strategy)
    started = time.process_time()
    engine.run()
    took = time.process_time() - started
    print(json.dumps({"events_per_s": len(bars) / took, "orders": strategy.orders, "s": took}))


if __name__ == "__main__":
    main()
