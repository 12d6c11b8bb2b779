"""The command that trades the past."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from bot3.app.cli_options import JSON, VERBOSE, guard


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Bars or trades: CSV (also Binance's kline dumps), Parquet, Feather; one an instrument"
    " (several may follow). One symbol of several venues: binance/FILE okx/FILE, or"
    " okx:BTC/USDT=FILE. Or one recorded order book (`<ns> <frame>` a line, .zst or plain).",
)
@click.argument("more", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--strategy",
    required=True,
    help="hybrid (what trades live), buy_and_hold, ema_cross, or a file like mine.py; of a book"
    " join_bid, buy_and_hold, or a file.",
)
@click.option("--set", "given", multiple=True, help="A parameter: fast=10.")
@click.option(
    "--cash", type=click.FloatRange(min=0, min_open=True), default=10_000.0, show_default=True
)
@click.option(
    "--fee",
    type=click.FloatRange(min=0, max=0.5),
    default=0.001,
    show_default=True,
    help="Of an order's worth.",
)
@click.option(
    "--slippage-bps",
    type=click.FloatRange(min=0, max=1000),
    default=0.0,
    show_default=True,
    help="How far beyond the open an order fills.",
)
@click.option(
    "--latency-ms",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="From a close (or a trade) to the venue; filled at the first open (or trade) after it.",
)
@click.option(
    "--lot-size",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Amounts are multiples of it; 0: they are not rounded.",
)
@click.option(
    "--funding",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A perpetual's funding rates (timestamp, rate), or okx:BTC/USDT=FILE for one of several.",
)
@click.option("--timerange", help="20230101-20230301, or one side of it.")
@click.option(
    "--repair",
    "is_repaired",
    is_flag=True,
    help="Sort rows, keep the first of doubles, leave out rows without sound prices.",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write equity and trades (Parquet, CSV) and report.html there.",
)
@JSON
@VERBOSE
def backtest(
    *,
    data: tuple[Path, ...],
    more: tuple[Path, ...],
    strategy: str,
    given: tuple[str, ...],
    cash: float,
    fee: float,
    slippage_bps: float,
    latency_ms: float,
    lot_size: float,
    funding: tuple[Path, ...],
    timerange: str | None,
    is_repaired: bool,
    export: Path | None,
    is_json: bool,
    is_verbose: bool,
) -> None:
    """Trade recorded bars by a strategy, fees in every figure.

    Decided at each close, filled at the next open; the cash is shared equally among instruments. A
    strategy of your own is a class with `name`, `parameters` and `targets(bars)`; see the README.
    `hybrid` runs the decision actors of a live run, risk and execution included, by the
    configuration of the environment; --slippage-bps is then half of the spread.
    """

    def action() -> int:
        from bot3.app.backtest.command import BacktestOptions, run_backtest
        from bot3.backtest.settings import BacktestSettings

        settings = BacktestSettings(
            cash=cash, fee=fee, slippage=slippage_bps / 1e4, latency_s=latency_ms / 1e3,
            lot_size=lot_size,
        )  # fmt: skip
        every = (*data, *more)
        rest = (funding, timerange, is_repaired, export, is_json)
        return run_backtest(BacktestOptions(every, strategy, given, settings, *rest), os.environ)

    guard(action, is_verbose=is_verbose)


BACKTEST_COMMANDS: Final = (backtest,)
