"""The commands that look at data instead of trading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import click

from bot3.app.cli_options import CONFIG, JSON, USERDIR, VERBOSE, guard


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Bars (CSV, Parquet, Feather), or a CSV with one column `value`, a return a row.",
)
@click.option(
    "--states",
    type=click.IntRange(2, 5),
    help="States of volatility.  [default: 2, or as --params has]",
)
@click.option(
    "--emission",
    type=click.Choice(["gaussian", "t"]),
    default="gaussian",
    show_default=True,
    help="Returns within a state; t has 4 degrees of freedom.",
)
@click.option(
    "--params",
    type=click.Path(path_type=Path),
    help="JSON or TOML: transitions (rows: P(to | from)), volatilities, perhaps means and "
    "degrees_of_freedom. Then the filter is exact and learns nothing.",
)
@JSON
@VERBOSE
def regimes(
    *,
    data: Path,
    states: int | None,
    emission: str,
    params: Path | None,
    is_json: bool,
    is_verbose: bool,
) -> None:
    """Filtered regimes of recorded returns, row by row, and where the series changed.

    Probabilities are those of each row given the rows up to it, states by rising volatility; what
    is learned is learned from earlier rows only. Change points are those of the whole series.
    """

    def action() -> int:
        from bot3.app.research.regimes import RegimesOptions, show_regimes

        return show_regimes(RegimesOptions(data, states, emission, params, is_json))

    guard(action, is_verbose=is_verbose)


@click.command()
@click.option("--quick", "is_quick", is_flag=True, help="Fewer worlds: a minute instead of many.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=1_000,
    show_default=True,
    help="Of the first simulated world.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Where recorded and published series are.  [default: the variable BOT3_DATA]",
)
@click.option("--only", multiple=True, help="Rows whose system or name has this word.")
@JSON
@VERBOSE
def science(
    *,
    is_quick: bool,
    seed: int,
    data: Path | None,
    only: tuple[str, ...],
    is_json: bool,
    is_verbose: bool,
) -> None:
    """Measure again what the methods are known to reach; exit 1 where one does not.

    Each row has a target from a paper, a library or an oracle. Rows whose data or library is not
    here are skipped and say so.
    """

    def action() -> int:
        from bot3.app.science.command import ScienceOptions, run_science

        return run_science(ScienceOptions(is_quick, seed, data, only, is_json))

    guard(action, is_verbose=is_verbose)


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Recorded bars.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True)
@click.option(
    "--candidates",
    type=click.IntRange(1, 500),
    default=60,
    show_default=True,
    help="How many features are made up and judged.",
)
@JSON
@VERBOSE
def discover(*, data: Path, seed: int, candidates: int, is_json: bool, is_verbose: bool) -> None:
    """Search recorded bars for features that foretell the next return.

    Candidates of a grammar (lags, changes, products, ratios) are judged beside the known features
    by knockoffs on purged folds. What is found here is not proven to pay.
    """

    def action() -> int:
        from bot3.app.research.discover import show_features

        return show_features(data, seed, candidates, is_json=is_json)

    guard(action, is_verbose=is_verbose)


@click.command()
@click.option(
    "--equity",
    type=click.Path(path_type=Path),
    help="Equity or returns by time (CSV, JSON, Parquet, Feather), or a list of trades.",
)
@click.option("--trades", type=click.Path(path_type=Path), help="Profits of closed trades.")
@click.option(
    "--trials",
    type=click.IntRange(1, 10_000_000),
    default=1,
    show_default=True,
    help="How many were tried before this one was chosen: deflates the Sharpe ratio.",
)
@click.option(
    "--trials-file",
    type=click.Path(path_type=Path),
    help="Their returns, a column each: their spread, and the probability of overfitting.",
)
@click.option(
    "--daily-volume",
    type=click.FloatRange(min=0, min_open=True),
    help="The market's, in the unit of equity: says how much capital could trade like this.",
)
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True)
@CONFIG
@USERDIR
@JSON
@VERBOSE
def stats(*, config: Path | None, userdir: Path | None, is_verbose: bool, **given: Any) -> None:
    """Statistics of an equity curve or of trades, with 95 % intervals.

    On daily equity (the last of each UTC day), annualized by 365 from 90 days on. Sharpe, Sortino,
    Calmar, expected shortfall, drawdown, probabilistic and deflated Sharpe; of trades profit
    factor, expectancy and system quality number. Without a file: of this journal.
    """

    def action() -> int:
        from bot3.app.operate.directory import state_directory
        from bot3.app.research.stats import StatsOptions, show_stats

        is_file = given["equity"] or given["trades"] or given["trials_file"]
        directory = None if is_file else state_directory(config, userdir, os.environ)
        return show_stats(StatsOptions(directory=directory, **given))

    guard(action, is_verbose=is_verbose)


@click.command("allocate")
@click.option(
    "--returns",
    type=click.Path(path_type=Path),
    required=True,
    help="A column of returns net of costs a strategy, a row a day (CSV, JSON, Parquet, Feather).",
)
@click.option(
    "--day-share",
    type=click.FloatRange(min=0, max=31, min_open=True),
    default=1.0,
    show_default=True,
    help="How much of a day a row is: 0.0416667 for an hour.",
)
@click.option("--target-apy", type=click.FloatRange(min=0), help="[default: as configured]")
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True)
@CONFIG
@JSON
@VERBOSE
def allocate_command(
    *,
    returns: Path,
    day_share: float,
    target_apy: float | None,
    seed: int,
    config: Path | None,
    is_json: bool,
    is_verbose: bool,
) -> None:
    """Share capital among strategies by a lower bound of their growth after costs.

    Under the configured limits: max_position_size each, max_total_exposure in all,
    max_expected_shortfall of a day, max_drawdown. Growth is that of weights made without the rows
    they are judged on. Says whether the target is supported.
    """

    def action() -> int:
        from attrs import evolve

        from bot3.app.config import load_config
        from bot3.app.research.allocate import AllocateOptions, show_allocation
        from bot3.app.risk_wiring import allocation_limits_of

        limits = allocation_limits_of(load_config(config, os.environ).config)
        if target_apy is not None:
            limits = evolve(limits, target_apy=target_apy)
        return show_allocation(AllocateOptions(returns, day_share, limits, seed, is_json))

    guard(action, is_verbose=is_verbose)


RESEARCH_COMMANDS: Final = (regimes, discover, science, stats, allocate_command)
