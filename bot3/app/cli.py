"""The command line. Each command imports what it needs when it runs, so `--help` is quick."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import click

from bot3.app.cli_arbitrage import ARBITRAGE_COMMANDS
from bot3.app.cli_backtest import BACKTEST_COMMANDS
from bot3.app.cli_operate import COMMANDS
from bot3.app.cli_options import CONFIG, JSON, USERDIR, VERBOSE, WORLD, guard
from bot3.app.cli_research import RESEARCH_COMMANDS
from bot3.app.cli_search import SEARCH_COMMANDS
from bot3.app.options import RunOptions, VenueOptions

F = TypeVar("F", bound=Callable[..., Any])


def _version() -> str:
    try:
        return version("bot3")
    except PackageNotFoundError:
        return "from an uninstalled checkout"


def _run_options(command: F) -> F:
    for option in (
        VERBOSE,
        click.option(
            "--replay",
            type=click.Path(path_type=Path),
            help="Drive the embedded exchange from recorded data (L2 lines or OHLCV bars).",
        ),
        WORLD,
        click.option(
            "--check-replay",
            "is_checked",
            is_flag=True,
            help="Decide all again at the end, from what was told; other words are an error.",
        ),
        JSON,
        click.option(
            "--duration",
            "duration_s",
            type=click.FloatRange(min=0, min_open=True),
            help="Stop in order after so many seconds.",
        ),
        USERDIR,
        CONFIG,
    ):
        command = option(command)
    return command


def _trade(options: RunOptions) -> None:
    def action() -> int:
        from bot3.app.run import trade

        return trade(options, os.environ)

    guard(action, is_verbose=options.is_verbose)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@_run_options
@click.version_option(_version(), prog_name="bot3")
@click.pass_context
def cli(context: click.Context, /, **given: Any) -> None:
    """Trades crypto spot markets; with no command, on an embedded simulated exchange.

    No keys, no internet, no real money. Every configuration key can also be set as an environment
    variable: BOT3__RISK__MAX_DRAWDOWN=0.1 sets max_drawdown in [risk].

    Exit codes: 0 ok, 1 error, 2 usage, 3 not running, 4 bad configuration, 5 not done in time.
    """
    if context.invoked_subcommand is None:
        _trade(RunOptions(**given))
    elif any(given.values()):
        raise click.UsageError(f"options go after the command: bot3 {context.invoked_subcommand} …")


@cli.command()
@click.option("--live", "is_live", is_flag=True, help="Trade with real money; asks first.")
@click.option("--yes", "is_confirmed", is_flag=True, help="With --live: do not ask.")
@_run_options
def trade(**given: Any) -> None:
    """The same as no command: trade until Ctrl-C, or for --duration seconds.

    -c config/paper.toml: real market data, modelled fills. -c config/live.toml --live: real money.
    """
    _trade(RunOptions(**given))


@cli.command("show-config")
@CONFIG
@JSON
@VERBOSE
def show_config(config: Path | None, *, is_json: bool, is_verbose: bool) -> None:
    """Print the resolved configuration and where each value came from."""

    def action() -> int:
        from bot3.app.config import describe, describe_json, load_config

        loaded = load_config(config, os.environ)
        if is_json:
            click.echo(describe_json(loaded))
        else:
            for line in describe(loaded):
                click.echo(line)
        return 0

    guard(action, is_verbose=is_verbose)


@cli.command()
@CONFIG
@JSON
@VERBOSE
@WORLD
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Absent: a new one, told.")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True, max=10_000),
    default=0.05,
    show_default=True,
    help="Virtual hours with faults; a settling phase follows.",
)
@click.option(
    "--faults",
    type=click.Choice(["none", "calm", "storm", "hurricane"]),
    default="storm",
    show_default=True,
    help="How much goes wrong.",
)
@click.option(
    "--check-twice",
    "is_checked_twice",
    is_flag=True,
    help="Run again in another process with another hash seed; other digests are an error.",
)
@click.option(
    "--replay",
    "is_replayed",
    is_flag=True,
    help="Decide every process's session again from what it was told; other words are an error.",
)
def simulate(*, seed: int | None, is_verbose: bool, **given: Any) -> None:
    """The whole bot in virtual time, with faults, from one seed; exit 1 on a broken invariant.

    The same tree, adapters and wire protocol as a live run, over in-memory streams against the
    simulated exchange. The same seed gives the same journal and the same trace, bit for bit. The
    strategies follow every signal, since many orders find faults; with --world they decide as
    configured, and the equity says what came of it.
    """

    def action() -> int:
        from bot3.app.simulation.command import SimulateOptions, run_simulation
        from supervisors.entropy import Entropy

        chosen = Entropy().seed % 1_000_000 if seed is None else seed
        options = SimulateOptions(seed=chosen, is_verbose=is_verbose, **given)
        return run_simulation(options, os.environ)

    guard(action, is_verbose=is_verbose)


@cli.command()
@CONFIG
@JSON
@VERBOSE
@click.option(
    "--deadline",
    "deadline_s",
    type=click.FloatRange(min=0.1, max=600),
    default=15.0,
    show_default=True,
    help="The longest that one check may take, in seconds.",
)
def doctor(config: Path | None, *, deadline_s: float, is_json: bool, is_verbose: bool) -> None:
    """Check configuration, clock, filters, keys and connections of each active venue.

    Nothing is traded. Says what to do where something is wrong; exit 1 then.
    """

    def action() -> int:
        from bot3.app.doctor.command import examine_all

        return examine_all(config, os.environ, deadline_s, is_json=is_json)

    guard(action, is_verbose=is_verbose)


@cli.command()
@click.option(
    "--venue",
    type=click.Choice(["binance", "okx", "bybit"]),
    required=True,
    help="Whose frames they are.",
)
@click.option(
    "--public/--private",
    "is_public",
    default=None,
    help="Which stream it was; the frames say so themselves.",
)
@click.option(
    "--book", "has_books", is_flag=True, help="Rebuild the books; print their top at each update."
)
@click.argument("file", type=click.Path(path_type=Path))
@VERBOSE
def decode(
    *, venue: str, is_public: bool | None, has_books: bool, file: Path, is_verbose: bool
) -> None:
    """Read recorded frames, one a line, and print one normalized event a line as JSON.

    FILE is plain, .gz or .zst. A line is the frame, `<timestamp> <frame>`, or a recorder's row
    {"t":"recv"|"http","ts","data"}. Counts go to standard error; no bad line stops it.
    """
    del is_public

    def action() -> int:
        from bot3.app.decode.command import decode_file

        return decode_file(venue, file, has_books=has_books)

    guard(action, is_verbose=is_verbose)


@cli.command()
@click.option("--host", help="The address to listen on.  [default: this machine only]")
@click.option("--binance-port", type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--okx-port", type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--bybit-port", type=click.IntRange(0, 65535), help="0: any free one.")
@WORLD
@click.option(
    "--replay", type=click.Path(path_type=Path), help="Recorded data instead (L2 lines or bars)."
)
@click.option(
    "--write-config",
    type=click.Path(path_type=Path),
    help="Write the configuration with which `bot3 trade -c FILE` trades here.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Of the market's moves.")
@click.option("--key", multiple=True, help="An API key; each one is an account.  [default: demo]")
@click.option("--secret-env", multiple=True, help="The environment variable with its secret.")
@JSON
@CONFIG
@VERBOSE
def venue(
    *, binance_port: int | None, okx_port: int | None, bybit_port: int | None, **given: Any
) -> None:
    """Serve the simulated exchange for any other client until Ctrl-C.

    It speaks the spot protocols of Binance, OKX and Bybit, REST and websockets, trades what the
    configuration names, and its accounts start with the capital named there. The other markets
    follow the first. Prints addresses and keys once it serves.
    """
    asked = {"binance": binance_port, "okx": okx_port, "bybit": bybit_port}
    ports = {name: port for name, port in asked.items() if port is not None}
    options = VenueOptions(ports=ports, **given)

    def action() -> int:
        from bot3.app.venue_command import serve_venue

        return serve_venue(options, os.environ)

    guard(action, is_verbose=options.is_verbose)


_ROOMS = (COMMANDS, RESEARCH_COMMANDS, BACKTEST_COMMANDS, SEARCH_COMMANDS, ARBITRAGE_COMMANDS)
for each in (command for room in _ROOMS for command in room):
    cli.add_command(each)
