"""What the commands of the command line share: options, and how an error ends one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from bot3.app.console import report_error

EXIT_INTERRUPTED = 130

CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help="A TOML file laid over the defaults.",
)
USERDIR = click.option(
    "--userdir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where journal, log and lock are kept.  [default: ./user_data]",
)
JSON = click.option(
    "--json", "is_json", is_flag=True, help="Print one JSON object as the last line of output."
)
WORLD = click.option(
    "--world",
    type=click.Choice(["null", "planted", "regime", "thin"]),
    help="What moves the simulated market.  [default: as configured]",
)
VERBOSE = click.option("-v", "--verbose", "is_verbose", is_flag=True, help="Show tracebacks.")


def guard(action: Callable[[], int], *, is_verbose: bool) -> None:
    """Runs `action` and exits with its code; an error becomes one line and its exit code."""
    try:
        code = action()
    except Exception as error:  # the outermost edge: it becomes a line and an exit code
        code = report_error(error, is_verbose=is_verbose)
    except BaseException as error:
        if not _is_interrupt(error):
            raise
        click.echo("interrupted: what rests at a venue is resolved at the next start", err=True)
        code = EXIT_INTERRUPTED
    sys.stdout.flush()
    sys.exit(code)


def _is_interrupt(error: BaseException) -> bool:
    """Ctrl-C, also inside the groups in which nurseries raise it."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(KeyboardInterrupt) is not None
    return isinstance(error, KeyboardInterrupt)
