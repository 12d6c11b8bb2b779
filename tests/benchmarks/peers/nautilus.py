"""The EMA cross by nautilus_trader, in an environment of its own: figures as one JSON line.

Run by `tests.benchmarks.backtest` with the interpreter that BOT3_PEERS names: a file of open, high,
low and close, and `bars` of a minute (averages over 10 and 20) or `ticks` of a millisecond (over
1,000 and 2,000 closes).
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import Bar, BarType, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.identifiers import TradeId, Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

PERIODS = {"bars": (10, 20), "ticks": (1_000, 2_000)}
START = 1_600_000_000_000_000_000
INSTRUMENT = TestInstrumentProvider.btcusdt_binance()
BARS = BarType.from_str(f"{INSTRUMENT.id}-1-MINUTE-LAST-EXTERNAL")


class CrossConfig(StrategyConfig, frozen=True):
    kind: str


class Cross(Strategy):
    def on_start(self):
        self.periods = PERIODS[self.config.kind]
        self.seen, self.fast, self.slow, self.is_long, self.orders = 0, 0.0, 0.0, False, 0
        if self.config.kind == "bars":
            self.subscribe_bars(BARS)
        else:
            self.subscribe_trade_ticks(INSTRUMENT.id)

    def on_bar(self, bar):
        self.take(float(bar.close))

    def on_trade_tick(self, tick):
        self.take(float(tick.price))

    def take(self, price):
        fast, slow = self.periods
        self.seen += 1
        if self.seen == 1:
            self.fast = self.slow = price
        self.fast += 2 / (fast + 1) * (price - self.fast)
        self.slow += 2 / (slow + 1) * (price - self.slow)
        if self.seen < slow:
            return
        wants = self.fast > self.slow
        if wants != self.is_long:
            self.is_long = wants
            side = OrderSide.BUY if wants else OrderSide.SELL
            amount = Quantity(1.0, INSTRUMENT.size_precision)
            self.submit_order(self.order_factory.market(INSTRUMENT.id, side, amount))
            self.orders += 1


def data_of(table, kind):
    digits = INSTRUMENT.price_precision
    amount = Quantity(1000.0, INSTRUMENT.size_precision)
    if kind == "bars":
        minute = 60_000_000_000
        times = range(START, START + minute * len(table), minute)
        return [
            Bar(BARS, *(Price(round(value, digits), digits) for value in row), amount, at, at)
            for row, at in zip(table.tolist(), times, strict=True)
        ]
    return [
        TradeTick(
            INSTRUMENT.id,
            Price(round(price, digits), digits),
            amount,
            AggressorSide.BUYER,
            TradeId(str(at)),
            START + at * 1_000_000,
            START + at * 1_000_000,
        )
        for at, price in enumerate(table[:, 3].tolist())
    ]


def peak_mb():
    """Of this process alone: what getrusage tells begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main():
    path, kind = sys.argv[1:]
    data = data_of(np.load(path), kind)
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        Venue("BINANCE"),
        OmsType.NETTING,
        AccountType.CASH,
        starting_balances=[Money(100_000_000, USDT), Money(1_000, BTC)],
        base_currency=None,
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(data)
    strategy = Cross(CrossConfig(kind=kind))
    engine.add_strategy(strategy)
    started = time.process_time()
    engine.run()
    took = time.process_time() - started
    told = {
        "events_per_s": len(data) / took,
        "orders": strategy.orders,
        "s": took,
        "peak_mb": peak_mb(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
