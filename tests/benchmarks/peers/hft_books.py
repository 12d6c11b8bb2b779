"""The best bid joined for two seconds at a time, by hftbacktest: figures as one JSON line.

Run by `tests.benchmarks.books` with the interpreter that BOT3_PEERS names: a file of rows (kind,
side, time, price, amount), the tick and the lot.
"""

import json
import sys
import time

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EXCH_EVENT,
    GTC,
    LIMIT,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

KINDS = np.array(
    [DEPTH_CLEAR_EVENT, DEPTH_SNAPSHOT_EVENT, DEPTH_EVENT, TRADE_EVENT], dtype=np.uint64
)
STEP_NS, WAIT_NS = 10_000_000, 2_000_000_000


@njit
def join_bid(hbt, lot):
    number, filled = 0, 0
    while hbt.elapse(STEP_NS) == 0:
        bid = hbt.depth(0).best_bid
        if not bid > 0.0:
            continue
        number += 1
        hbt.submit_buy_order(0, number, bid, lot, GTC, LIMIT, False)
        until = hbt.current_timestamp + WAIT_NS
        while hbt.current_timestamp < until and hbt.position(0) == 0.0:
            if hbt.elapse(STEP_NS) != 0:
                return number, filled
        if hbt.position(0) == 0.0:
            hbt.cancel(0, number, False)
        else:
            filled += 1
            if hbt.elapse(WAIT_NS) != 0:
                return number, filled
            hbt.submit_sell_order(0, 1_000_000 + number, bid, lot, GTC, MARKET, False)
            hbt.elapse(STEP_NS)
        hbt.clear_inactive_orders(0)
    return number, filled


def events_of(rows):
    events = np.zeros(len(rows), dtype=event_dtype)
    side = np.where(rows["side"] > 0, BUY_EVENT, SELL_EVENT).astype(np.uint64)
    both = np.uint64(EXCH_EVENT | LOCAL_EVENT)
    events["ev"] = KINDS[rows["kind"]] | side | both
    events["exch_ts"] = events["local_ts"] = rows["ts"]
    events["px"], events["qty"] = rows["px"], rows["qty"]
    return events


def backtest_of(events, tick, lot):
    asset = (
        BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .power_prob_queue_model(3.0)
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(tick)
        .lot_size(lot)
        .last_trades_capacity(0)
    )
    return HashMapMarketDepthBacktest([asset])


def main():
    rows, tick, lot = np.load(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    events = events_of(rows)  # the engine reads it in place: it has to stay
    join_bid(backtest_of(events, tick, lot), lot)  # compiles
    best, told = 1e9, (0, 0)
    for _ in range(2):
        hbt = backtest_of(events, tick, lot)
        started = time.process_time()
        told = join_bid(hbt, lot)
        best = min(best, time.process_time() - started)
        hbt.close()
    print(json.dumps({"s": best, "rows": len(rows), "rested": told[0],
                      "fill_rate": round(told[1] / max(told[0], 1), 4)}))  # fmt: skip


if __name__ == "__main__":
    main()
