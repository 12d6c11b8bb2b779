"""Many seeds: `python -m tests.simulation --seeds 1-200 --seconds 180 --faults storm`.

Every failing seed is printed with the command that repeats it; `--mutant NAME` plants a bug, and
then a seed that finds it is what is wanted.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Iterable, Iterator
from functools import partial

import attrs

from bot3.app.console import configure_logging
from bot3.app.heavy import import_heavy_libraries
from bot3.app.simulation.command import load_busy_config
from bot3.app.simulation.report import SimulationResult
from bot3.app.simulation.scenario import FaultLevel, FaultPlan, Scenario
from bot3.app.simulation.simulate import simulate
from tests.simulation.mutants import planted


@attrs.frozen
class Sweep:
    """What every seed is run with."""

    seconds: float
    level: FaultLevel
    mutant: str | None = None
    own_plan: FaultPlan | None = None
    ends_at: str | None = None
    keys: tuple[tuple[str, str], ...] = ()
    is_one_venue: bool = False  # by the seed, one after the other


_ACTIVE = "BOT3__EXCHANGES__ACTIVE"
_VENUES = ("binance", "okx", "bybit")

# Large holdings on three venues, and whatever clears the fees is traded, triangles among it.
ARBITRAGE = tuple(
    (f"BOT3__{key}", value)
    for key, value in {
        "EXCHANGES__ACTIVE": '["binance", "okx", "bybit"]',
        "EXCHANGES__ARBITRAGE_ENABLED": "true",
        "ARBITRAGE__MIN_PROFIT_BPS": "0",
        "ARBITRAGE__LEG_FAILURE_RATE": "0",
        "ARBITRAGE__PAUSE_S": "0",
        "ARBITRAGE__MAX_SIZE": "300",
        "ARBITRAGE__CROSS_SYMBOLS": '["ETH/BTC"]',
        "SIMULATION__WORLD": '"planted"',
        "RISK__ADAPTIVE": "false",
        "RISK__MAX_ORDERS_PER_MINUTE": "6000",
        "RISK__MAX_POSITION_SIZE": "0.25",
        "RISK__MAX_TOTAL_EXPOSURE": "0.9",
        "RISK__MAX_ASSET_EXPOSURE": "0.9",
        "RISK__MAX_VENUE_EXPOSURE": "0.9",
        "RISK__MAX_DAILY_LOSS": "0.9",
        "RISK__MAX_DRAWDOWN": "0.9",
    }.items()
)

# Three fees are more than most gaps of a cross market: those of a large account are less.
TRIANGLES = (*ARBITRAGE, ("BOT3__SIMULATION__TAKER_FEE_RATE", "0.0002"))


def run_seed(sweep: Sweep, seed: int) -> SimulationResult:
    """One simulation, in this process."""
    configure_logging("critical", None, None)
    scenario = Scenario(
        seed=seed,
        duration_s=sweep.seconds,
        level=sweep.level,
        own_plan=sweep.own_plan,
        ends_at=sweep.ends_at,
    )
    if sweep.mutant is None:
        venue = {_ACTIVE: f'["{_VENUES[seed % len(_VENUES)]}"]'} if sweep.is_one_venue else {}
        return simulate(scenario, load_busy_config(None, {**dict(sweep.keys), **venue}, seed))
    # Bugs are planted in one adapter, and most of the faults that show them strike requests.
    loaded = load_busy_config(None, {"BOT3__EXCHANGES__ACTIVE": '["binance"]'}, seed)
    with planted(sweep.mutant):
        return simulate(scenario, loaded, order_socket_share=0.0)


def run_seeds(sweep: Sweep, seeds: Iterable[int], jobs: int) -> Iterator[SimulationResult]:
    """In the order of their ends, over so many processes."""
    if jobs <= 1:
        yield from map(partial(run_seed, sweep), seeds)
        return
    import_heavy_libraries()
    context = multiprocessing.get_context("fork")
    with context.Pool(jobs) as pool:
        yield from pool.imap_unordered(partial(run_seed, sweep), seeds)


def spare_jobs() -> int:
    """As many processes as there are processors."""
    return len(os.sched_getaffinity(0))


def fresh_seeds(count: int) -> list[int]:
    """Other ones in each run, the same in all processes that share one run of the tests."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or os.urandom(8)
    first = random.Random(run).randrange(1_000, 1_000_000_000)
    return [first + number for number in range(count)]
