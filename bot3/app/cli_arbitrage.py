"""Commands that look for what prices leave lying: on chains, and between books."""

from __future__ import annotations

from pathlib import Path

import click

from bot3.app.cli_options import VERBOSE, guard

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


ARBITRAGE_COMMANDS = (mev,)
