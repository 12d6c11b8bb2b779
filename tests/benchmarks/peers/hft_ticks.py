"""Averages of trades by hftbacktest, an order at each cross: figures as one JSON line.

Run by `tests.benchmarks.backtest` with the interpreter that BOT3_PEERS names; the file has open,
high, low and close of each trade. Its trades are of a deep book around the first price, so that
orders are filled; the strategy is compiled, as its documentation wants it.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

FAST, SLOW = 1_000, 2_000
FEED = 2


@njit
def cross(hbt):
    seen, fast, slow, is_long, orders = 0, 0.0, 0.0, False, 0
    while hbt.wait_next_feed(False, 10**15) == FEED:
        for trade in hbt.last_trades(0):
            price = trade.px
            seen += 1
            if seen == 1:
                fast = slow = price
            fast += 2 / (FAST + 1) * (price - fast)
            slow += 2 / (SLOW + 1) * (price - slow)
            if seen >= SLOW and (fast > slow) != is_long:
                is_long = fast > slow
                orders += 1
                if is_long:
                    hbt.submit_buy_order(0, orders, price, 1.0, GTC, MARKET, False)
                else:
                    hbt.submit_sell_order(0, orders, price, 1.0, GTC, MARKET, False)
        hbt.clear_last_trades(0)
        hbt.clear_inactive_orders(0)
    return seen, orders


def events_of(prices):
    both = EXCH_EVENT | LOCAL_EVENT
    out = np.zeros(len(prices) + 2, dtype=event_dtype)
    out["exch_ts"] = out["local_ts"] = 1_600_000_000_000_000_000 + np.arange(len(out)) * 1_000_000
    out["ev"][2:] = TRADE_EVENT | BUY_EVENT | both
    out["px"][2:], out["qty"][2:] = prices, 1000.0
    for at, (side, price) in enumerate(((BUY_EVENT, prices[0] - 0.1), (SELL_EVENT, prices[0]))):
        out[at]["ev"], out[at]["px"], out[at]["qty"] = DEPTH_EVENT | side | both, price, 1e9
    return out


def backtest_of(events):
    asset = (
        BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.001, 0.001)
        .tick_size(0.01)
        .lot_size(0.001)
        .last_trades_capacity(16)
    )
    return HashMapMarketDepthBacktest([asset])


def peak_mb():
    """Of this process alone: what getrusage tells begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main():
    events = events_of(np.round(np.load(sys.argv[1])[:, 3], 2))
    cross(backtest_of(events[:5_000]))  # compiles
    best, told = 0.0, (0, 0)
    for _ in range(3):
        hbt = backtest_of(events)
        started = time.process_time()
        told = cross(hbt)
        best = max(best, told[0] / (time.process_time() - started))
        fills = hbt.state_values(0).num_trades
        hbt.close()
    print(
        json.dumps(
            {
                "events_per_s": best,
                "ticks": told[0],
                "orders": told[1],
                "filled": int(fills),
                "peak_mb": peak_mb(),
            }
        )
    )


if __name__ == "__main__":
    main()
