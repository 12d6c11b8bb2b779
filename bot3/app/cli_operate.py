"""The operator's commands: each finds the process by its state directory."""

from __future__ import annotations

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import click

from bot3.app.cli_options import CONFIG, JSON, USERDIR, VERBOSE, guard

_REASON = click.option("--reason", default="", help="What the journal and the display say.")


def _directory(config: Path | None, userdir: Path | None) -> Path:
    from bot3.app.operate.directory import state_directory

    return state_directory(config, userdir, os.environ)


@click.command()
@CONFIG
@USERDIR
@_REASON
@JSON
@VERBOSE
def halt(
    *, config: Path | None, userdir: Path | None, reason: str, is_json: bool, is_verbose: bool
) -> None:
    """Deny every entry from now on and cancel what rests; positions stay.

    Holds until `resume`, also through a restart, and where nothing runs it halts the next start.
    The same by hand: put a file named HALT into the state directory.
    """

    def action() -> int:
        from bot3.app.operate import commands

        return commands.halt(
            _directory(config, userdir), reason or "halted by an operator", is_json=is_json
        )

    guard(action, is_verbose=is_verbose)


@click.command()
@CONFIG
@USERDIR
@_REASON
@JSON
@VERBOSE
def resume(
    *, config: Path | None, userdir: Path | None, reason: str, is_json: bool, is_verbose: bool
) -> None:
    """Trade again after a halt; drawdown and daily loss count anew from here."""

    def action() -> int:
        from bot3.app.operate import commands

        return commands.resume(
            _directory(config, userdir), reason or "resumed by an operator", is_json=is_json
        )

    guard(action, is_verbose=is_verbose)


@click.command()
@CONFIG
@USERDIR
@_REASON
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds to wait until everything is sold; it goes on behind.",
)
@JSON
@VERBOSE
def flatten(
    *,
    config: Path | None,
    userdir: Path | None,
    reason: str,
    wait_s: float,
    is_json: bool,
    is_verbose: bool,
) -> None:
    """Halt, cancel what rests, and sell every position across the spread, down to dust."""

    def action() -> int:
        from bot3.app.operate import commands

        directory = _directory(config, userdir)
        words = reason or "flattened by an operator"
        return commands.flatten(directory, words, wait_s=wait_s, is_json=is_json)

    guard(action, is_verbose=is_verbose)


@click.command()
@CONFIG
@USERDIR
@JSON
@VERBOSE
def status(*, config: Path | None, userdir: Path | None, is_json: bool, is_verbose: bool) -> None:
    """How the running process stands; exit 3 where none runs."""

    def action() -> int:
        from bot3.app.operate import commands

        return commands.show_status(_directory(config, userdir), is_json=is_json)

    guard(action, is_verbose=is_verbose)


@click.command()
@CONFIG
@USERDIR
@JSON
@VERBOSE
def report(*, config: Path | None, userdir: Path | None, is_json: bool, is_verbose: bool) -> None:
    """What the journal holds: orders, fills, positions, balances, equity, profit by strategy.

    Works beside a running process and without one.
    """

    def action() -> int:
        from bot3.app.operate.journal import encode_report, read_report
        from bot3.app.operate.report_table import report_table

        found = read_report(_directory(config, userdir))
        click.echo(encode_report(found) if is_json else report_table(found))
        return 0

    guard(action, is_verbose=is_verbose)


@click.command()
@click.option("--side", type=click.Choice(["buy", "sell"]), required=True)
@click.option("--symbol", required=True, help="BTC/USDT")
@click.option("--amount", required=True, help="In base asset.")
@click.option("--unfunded", "is_unfunded", is_flag=True, help="As if every venue had the funds.")
@CONFIG
@JSON
@VERBOSE
def route(*, side: str, amount: str, is_verbose: bool, **given: Any) -> None:
    """Where an amount would trade now over the active venues, and at what cost; sends nothing."""
    wanted = _amount(amount)

    def action() -> int:
        from bot3.app.route_command import RouteOptions, show_route
        from bot3.domain.values import Side

        options = RouteOptions(side=Side(side), amount=wanted, **given)
        return show_route(options, os.environ)

    guard(action, is_verbose=is_verbose)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not (amount.is_finite() and amount > 0):
        raise click.UsageError(f"--amount {text!r}: want a number above zero")
    return amount


COMMANDS: Final = (halt, resume, flatten, status, report, route)
