"""Backtests of order books beside what hftbacktest makes of the same minutes."""

from __future__ import annotations

from typing import Final

from bot3.app.backtest.book_run import run_book
from bot3.app.science.rows import Effort, Measured, Row
from bot3.backtest.settings import BacktestSettings

_FILE: Final = "l2/binance-usdm-btcusdt_20240808.zst"
# hftbacktest's queue models fill 66 to 75 of 138 orders; the mid is then .95 bps lower.
_RATES: Final = (66 / 138 - 0.05, 75 / 138 + 0.05)
_ADVERSE_BPS: Final = (-0.95 * 1.15, -0.95 * 0.85)
_ONE_LOT: Final = 0.007  # of the cash


def _joined(effort: Effort) -> Measured:
    given = {"share": _ONE_LOT}
    found = run_book(effort.file(_FILE), "join_bid", given, BacktestSettings(fee=0.0))
    rate, adverse = found.figures["fill_rate"], found.figures["adverse_bps"]
    is_good = _RATES[0] <= rate <= _RATES[1] and _ADVERSE_BPS[0] <= adverse <= _ADVERSE_BPS[1]
    figures = {"orders": found.figures["rested"], "fill_rate": rate, "adverse_bps": adverse}
    return Measured(figures, is_good)


ROWS: Final = (
    Row(
        "backtest",
        "best bid of a BTC perpetual joined for two seconds",
        "replayed",
        "fill rate .48 to .54 of hftbacktest ± .05, adverse move -.95 bps ± 15 %",
        _joined,
    ),
)
