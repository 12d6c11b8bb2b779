"""Commands that look for what prices leave lying: on chains, and between books."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from bot3.app.cli_options import CONFIG, VERBOSE, guard

_LINES = click.option("--json", "is_json", is_flag=True, help="Print one JSON object a line.")
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--blocks", type=_FILE, multiple=True, help="Traced blocks, .json or .gz.")
@click.option("--swaps", type=_FILE, multiple=True, help="Lists of decoded swaps.")
@click.option("--rpc", help="A node's websocket, ws:// or wss://: its blocks as they come.")
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(min=0, min_open=True),
    help="With --rpc: stop after so many seconds.",
)
@click.argument("more", nargs=-1, type=_FILE)
@_LINES
@VERBOSE
def mev(
    *,
    blocks: tuple[Path, ...],
    swaps: tuple[Path, ...],
    rpc: str | None,
    duration_s: float | None,
    more: tuple[Path, ...],
    is_json: bool,
    is_verbose: bool,
) -> None:
    """Find sandwiches, atomic arbitrages and liquidations in blocks, and what they earned.

    --blocks FILE…: trace_block rows with receipts. --swaps FILE…: swaps that are decoded already.
    --rpc URL: a node's new blocks, decoded from logs, with those that a reorganization undid.
    It detects; it neither runs ahead of anybody nor sends anything to a chain.
    """
    if bool(blocks or swaps) == (rpc is not None) or (rpc and more):
        raise click.UsageError("give either --blocks FILE…, --swaps FILE…, or --rpc URL")
    if more and blocks and swaps:
        raise click.UsageError(f"is {more[0]} a block or a list of swaps? repeat the option")

    def action() -> int:
        if rpc is not None:
            from bot3.app.mev.live import MevStream, watch_chain

            return watch_chain(MevStream(rpc, duration_s, is_json=is_json))
        from bot3.app.mev.command import MevFiles, show_mev

        files = MevFiles(
            blocks=(*blocks, *more) if blocks else (),
            swaps=swaps if blocks else (*swaps, *more),
            is_json=is_json,
        )
        return show_mev(files)

    guard(action, is_verbose=is_verbose)


@click.command()
@click.option("--quotes", type=_FILE, help="Books, one a line of JSON, in the place of venues.")
@click.option("--watch", "is_watching", is_flag=True, help="Tell what clears as it comes.")
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(min=0, min_open=True),
    help="With --watch: stop after so many seconds.",
)
@CONFIG
@click.option(
    "--fee", "fee_words", multiple=True, default=("0.001",), show_default="0.001",
    help="The taker's, of an order's worth; okx=0.0008 for one venue.",
)  # fmt: skip
@click.option("--balance", "balance_words", multiple=True, help="binance:USDT=1000 bounds.")
@click.option("--latency-ms", type=click.FloatRange(0, 60_000), default=0.0, show_default=True,
              help="Tell what is left when the orders arrive.")  # fmt: skip
@click.option("--max-age-s", type=click.FloatRange(min=0, min_open=True), default=60.0,
              show_default=True, help="Older books count for nothing.")  # fmt: skip
@click.option("--min-bps", type=float, default=0.0, show_default=True, help="After all fees.")
@click.option("--max-size", type=click.FloatRange(min=0, min_open=True),
              help="Of what goes into a loop or comes back.")  # fmt: skip
@click.option("--max-hops", type=click.IntRange(2, 5), default=4, show_default=True,
              help="Exchanges of a loop.")  # fmt: skip
@_LINES
@VERBOSE
def arbitrage(
    *,
    quotes: Path | None,
    config: Path | None,
    is_watching: bool,
    duration_s: float | None,
    is_json: bool,
    is_verbose: bool,
    **bounds: Any,
) -> None:
    """Find what clears all costs between books: across venues, around three pairs, or both.

    Without a file: the configured venues' books now, each pair of venues by symbol; with --watch
    every loop that clears, as it comes.

    --quotes FILE: {ts_ns, venue, symbol, bids: [[price, amount]…], asks: […]} a line, each a whole
    book. Sizes are over depth and within --balance; profits are after fees. Nothing is traded.
    """

    def action() -> int:
        from bot3.app.arbitrage.command import Bounds, show_quotes

        given = Bounds(**bounds)
        if quotes is not None:
            return show_quotes(given.quotes(quotes), is_json=is_json)
        from bot3.app.arbitrage.live import LiveOptions, show_live

        live = LiveOptions(config, given.matrix(), is_watching, duration_s, is_json=is_json)
        return show_live(live, os.environ)

    guard(action, is_verbose=is_verbose)


ARBITRAGE_COMMANDS = (arbitrage, mev)
