"""The commands that search recorded data: for strategies, and for parameters."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from bot3.app.cli_options import JSON, USERDIR, VERBOSE, guard

_MUCH_BYTES: Final = 2_000_000
DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Bars: CSV, Parquet, Feather; once an instrument.",
)
FEE = click.option(
    "--fee",
    type=click.FloatRange(min=0, max=0.5),
    default=0.001,
    show_default=True,
    help="Of an order's worth; add what slips.",
)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    help="Processes.  [default: one a core; of little data one]",
)
CLUSTER = click.option(
    "--cluster", help="A Dask scheduler, tcp://host:8786, in the place of processes."
)
SEED = click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True)
TIMERANGE = click.option("--timerange", help="20230101-20230301, or one side of it.")
REPAIR = click.option(
    "--repair", "is_repaired", is_flag=True, help="Mend the data as `backtest` does."
)
EXPORT = click.option(
    "--export",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write what was found there.",
)


@click.command()
@DATA
@click.option(
    "--population", type=click.IntRange(8, 100_000), default=100, show_default=True,
    help="Strategies a generation, on all islands.",
)  # fmt: skip
@click.option(
    "--mutation-rate", type=click.FloatRange(0, 1), default=0.1, show_default=True,
    help="The chance that a gene of a strategy changes.",
)  # fmt: skip
@click.option("--generations", type=click.IntRange(1, 100_000), default=30, show_default=True)
@SEED
@WORKERS
@CLUSTER
@FEE
@TIMERANGE
@REPAIR
@EXPORT
@USERDIR
@JSON
@VERBOSE
def evolve(
    *,
    data: tuple[Path, ...],
    population: int,
    mutation_rate: float,
    generations: int,
    seed: int,
    workers: int | None,
    cluster: str | None,
    userdir: Path | None,
    is_json: bool,
    is_verbose: bool,
    **given: Any,
) -> None:
    """Breed strategies on recorded bars, and promote those that are shown to be more than luck.

    Searched is in the first 40 % of the time; candidates are selected on the next 30 %, and looked
    at on the last 30 % once: what was looked at stays locked for other searches. Every strategy
    ever tried on the data counts against the best (ledger.jsonl in --userdir). The same command
    goes on where it was interrupted; the same seed gives the same result.
    """

    def action() -> int:
        from bot3.app.search.evolve import EvolveOptions, run_evolve
        from bot3.evolution.engine import EvolutionSettings

        settings = EvolutionSettings(
            population=population, generations=generations, mutation_rate=mutation_rate, seed=seed
        )
        count = workers or _workers(data)
        directory = userdir or Path("user_data")
        options = EvolveOptions(
            data=data, settings=settings, workers=count, cluster=cluster, directory=directory,
            is_json=is_json, **given,
        )  # fmt: skip
        with _progress(generations) as tell:
            return run_evolve(options, tell)

    guard(action, is_verbose=is_verbose)


@click.command()
@DATA
@click.option("--strategy", required=True, help="ema_cross, or a file like mine.py.")
@click.option(
    "--space",
    default="default",
    show_default=True,
    help="A TOML or JSON file: fast = [5, 50]; default: all that the strategy declares.",
)
@click.option("--trials", type=click.IntRange(1, 1_000_000), default=100, show_default=True)
@click.option(
    "--sampler",
    type=click.Choice(["gp", "tpe", "cmaes"]),
    help="Gaussian process, tree of Parzen estimators, CMA-ES.  [default: gp with torch, else tpe]",
)
@click.option(
    "--objective",
    type=click.Choice(["sharpe", "growth", "timing"]),
    default="sharpe",
    show_default=True,
    help="What is maximized, net of costs.",
)
@click.option(
    "--batch", type=click.IntRange(1, 1024), default=4, show_default=True,
    help="Trials that are asked for at a time.",
)  # fmt: skip
@SEED
@WORKERS
@CLUSTER
@FEE
@TIMERANGE
@REPAIR
@EXPORT
@USERDIR
@JSON
@VERBOSE
def optimize(
    *,
    data: tuple[Path, ...],
    space: str,
    trials: int,
    sampler: str | None,
    objective: str,
    workers: int | None,
    userdir: Path | None,
    is_verbose: bool,
    **given: Any,
) -> None:
    """Tune a strategy's parameters on recorded bars, and say whether the best are proven.

    Zones, gates, ledger and hold-out are those of `evolve`. More --trials, or the same command
    after an interruption, go on where the trials ended.
    """

    def action() -> int:
        from importlib.util import find_spec

        from bot3.app.search.optimize import OptimizeOptions, run_optimize
        from bot3.optimize.bayesian import Sampler
        from bot3.optimize.trial import Objective

        usual = Sampler.TPE if find_spec("torch") is None else Sampler.GP
        options = OptimizeOptions(
            data=data, space=None if space == "default" else Path(space), trials=trials,
            sampler=usual if sampler is None else Sampler(sampler), objective=Objective(objective),
            workers=workers or _workers(data), directory=userdir or Path("user_data"), **given,
        )  # fmt: skip
        with _progress(trials) as tell:
            return run_optimize(options, tell)

    guard(action, is_verbose=is_verbose)


@click.command()
@DATA
@click.option("--fast", default="5:50:5", show_default=True, help="Bars: 10, 5:14 or 5:50:5.")
@click.option("--slow", default="20:200:20", show_default=True, help="Bars, likewise.")
@click.option(
    "--cash", type=click.FloatRange(min=0, min_open=True), default=10_000.0, show_default=True
)
@FEE
@TIMERANGE
@REPAIR
@USERDIR
@JSON
@VERBOSE
def grid(*, userdir: Path | None, is_verbose: bool, **given: Any) -> None:
    """Every pair of moving averages over recorded bars, by compiled loops: a map of what they made.

    It shows how much a result hangs on its parameters. Looked at are the first 40 % of the time, as
    in a search; every pair counts in the ledger. --json has equity, drawdown, Sharpe ratio and
    orders of each.
    """

    def action() -> int:
        from bot3.app.search.grid import GridOptions, run_grid

        return run_grid(GridOptions(userdir=userdir or Path("user_data"), **given))

    guard(action, is_verbose=is_verbose)


def _workers(data: tuple[Path, ...]) -> int:
    """Processes take seconds to start: they are worth it where there is much to do."""
    size = sum(path.stat().st_size for path in data if path.is_file())
    return len(os.sched_getaffinity(0)) if size > _MUCH_BYTES else 1


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar on standard error, where somebody looks at it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=total)

        def tell(done: int, tried: int, best: float) -> None:
            words = f"{tried:,} tried, the best {best:.3g}"
            progress.update(task, completed=done, description=words)

        yield tell


SEARCH_COMMANDS: Final = (evolve, optimize, grid)
