"""A recorded order book beside hftbacktest: the best bid joined for two seconds at a time.

The same events, decoded before: local times alone, no latency, the power model of queues. Needs the
recorded data beside this checkout (or BOT3_DATA), and the peers' environment (see `backtest`).
"""

from __future__ import annotations

import json
import os
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from adapters.simulated.depth_file import UNITS, DepthFile, read_depth
from bot3.app.backtest.book_run import book_events
from bot3.backtest.book_events import MarketEvent, TradeEvent
from bot3.backtest.book_strategies import JoinBid
from bot3.backtest.books import BookBacktest
from bot3.backtest.settings import BacktestSettings
from bot3.domain.values import Side
from bot3.execution.fill_model import FillSettings
from tests.benchmarks.calibration import calibration_ms
from tests.benchmarks.peer import asked
from tests.bot3.app.processes import SHARED

FILE = Path(os.environ.get("BOT3_DATA", SHARED / "data")) / "l2/binance-usdm-btcusdt_20240808.zst"
CLEAR, SNAPSHOT, DEPTH, TRADE = range(4)
ROW = np.dtype([("kind", "i8"), ("side", "i8"), ("ts", "i8"), ("px", "f8"), ("qty", "f8")])
SHARE = 0.007  # of the cash: one lot


def _rows(events: list[MarketEvent]) -> np.ndarray:
    """For the peer: a row a level and a trade."""
    rows: list[tuple[int, int, int, float, float]] = []
    for event in events:
        if isinstance(event, TradeEvent):
            sign = 1 if event.aggressor is Side.BUY else -1
            rows.append((TRADE, sign, event.ts_ns, event.price, event.amount))
            continue
        kind = SNAPSHOT if event.is_snapshot else DEPTH
        for sign, levels in ((1, event.bids), (-1, event.asks)):
            if event.is_snapshot:
                rows.append((CLEAR, sign, event.ts_ns, levels[-1][0], 0.0))
            rows += [(kind, sign, event.ts_ns, price, amount) for price, amount in levels]
    return np.array(rows, dtype=ROW)


def _ours(file: DepthFile, events: list[MarketEvent]) -> dict[str, Any]:
    best, run = 0.0, None
    for _ in range(2):
        lot = Decimal(file.lot) / UNITS
        engine = BookBacktest(str(file.symbol), lot, BacktestSettings(fee=0.0), FillSettings())
        started = time.process_time()
        run = engine.run(JoinBid(share=SHARE), iter(events))
        best = max(best, len(events) / (time.process_time() - started))
    assert run is not None
    rate = run.rested_filled / run.rested
    return {"events": len(events), "events_per_s": round(best), "rested": run.rested,
            "fill_rate": round(rate, 4)}  # fmt: skip


def _theirs(file: DepthFile, events: list[MarketEvent]) -> dict[str, Any] | str:
    found = asked("hft_books", _rows(events), str(file.tick / UNITS), str(file.lot / UNITS))
    if isinstance(found, dict):
        found["events_per_s"] = round(len(events) / found["s"])
    return found


def run() -> dict[str, Any] | str:
    """Figures of both: recorded events a second, and what was filled."""
    if not FILE.exists():
        return f"not run: {FILE.name} is not beside this checkout"
    before_ms, file = calibration_ms(), read_depth(FILE)
    events = list(book_events(file))
    found = {"bot3": _ours(file, events), "hftbacktest": _theirs(file, events)}
    return {**found, "calibration_ms": [before_ms, calibration_ms()]}


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
