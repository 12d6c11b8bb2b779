"""`make bench`: every benchmark once, as JSON; or those named on the command line."""

from __future__ import annotations

import json
import sys

from tests.benchmarks import (
    arbitrage,
    backtest,
    books,
    decision_core,
    evolution,
    first_signal,
    ingest,
    minds,
    order_path,
    simulated_exchange,
    simulation,
    websocket_ingest,
)

BENCHMARKS = {
    "arbitrage": arbitrage.run,
    "backtest": backtest.run,
    "books": books.run,
    "decision_core": decision_core.run,
    "evolution": evolution.run,
    "first_signal": first_signal.run,
    "ingest": ingest.run,
    "minds": minds.run,
    "order_path": order_path.run,
    "simulated_exchange": simulated_exchange.run,
    "simulation": simulation.run,
    "websocket_ingest": websocket_ingest.run,
}

if __name__ == "__main__":
    names = sys.argv[1:] or list(BENCHMARKS)
    print(json.dumps({name: BENCHMARKS[name]() for name in names}, indent=2))
