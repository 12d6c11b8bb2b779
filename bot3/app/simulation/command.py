"""`python -m bot3 simulate`: runs a scenario, perhaps twice, and tells what came of it.

Invariant: the exit code is 0 where nothing was broken and both runs agree, else 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from bot3.app.config import LoadedConfig, load_config
from bot3.app.console import close_logging, configure_logging
from bot3.app.layers import DEFAULT_SOURCE
from bot3.app.simulation.report import SimulationResult
from bot3.app.simulation.scenario import BUSY, FaultLevel, Scenario
from bot3.app.simulation.simulate import simulate
from bot3.domain.errors import Bot3Error

# Bybit is never alone: it has no bars of a second, so that a crash costs its signals their past.
VENUES: Final = (["binance"], ["okx"], ["okx", "bybit"], ["binance", "okx", "bybit"])
_S_PER_HOUR: Final = 3_600.0
_DIGESTS: Final = ("journal_sha256", "trace_sha256")
_OTHER_HASH_SEED: Final = "4242"


@frozen(kw_only=True)
class SimulateOptions:
    """What the user asked for, as given."""

    config: Path | None
    seed: int
    hours: float
    faults: str
    is_json: bool
    is_checked_twice: bool
    is_replayed: bool
    is_verbose: bool
    world: str | None = None


def run_simulation(options: SimulateOptions, environ: Mapping[str, str]) -> int:
    """The exit code; prints the report."""
    scenario = Scenario(
        seed=options.seed,
        duration_s=options.hours * _S_PER_HOUR,
        level=FaultLevel(options.faults),
        world=options.world,
    )
    loaded = load_busy_config(options.config, environ, scenario.seed, options.world)
    configure_logging("debug" if options.is_verbose else "critical", sys.stderr, None)
    try:
        result = simulate(scenario, loaded, is_taped=options.is_replayed)
    finally:
        close_logging()
    body = result.to_json()
    is_same = True
    if options.is_checked_twice:
        second = _in_another_process(options)
        is_same = all(body[name] == second[name] for name in _DIGESTS)
        body["is_reproducible"] = is_same
    _tell(options, result, body)
    return 0 if result.is_good and is_same else 1


def load_busy_config(
    path: Path | None, environ: Mapping[str, str], seed: int, world: str | None = None
) -> LoadedConfig:
    """The user's configuration, with many orders where the user says nothing of it.

    The seed chooses the venues then too. In a `world` that was asked for minds decide as ever.
    """
    sources = load_config(path, environ).sources
    wanted = {**BUSY, "exchanges.active": VENUES[seed % len(VENUES)]}
    if world is not None:
        wanted = {"telemetry.enabled": False, "simulation.world": world}
    busy = {key: value for key, value in wanted.items() if sources[key] == DEFAULT_SOURCE}
    return load_config(path, environ, {**busy, "system.seed": seed})


def _tell(options: SimulateOptions, result: SimulationResult, body: dict[str, object]) -> None:
    people = sys.stderr if options.is_json else sys.stdout
    for line in result.lines():
        print(line, file=people)
    if options.is_checked_twice:
        is_same = body["is_reproducible"]
        told = "the same digests" if is_same else "OTHER DIGESTS: not a function of the seed"
        print(f"  a second process with another hash seed: {told}", file=people)
    if options.is_json:
        print(json.dumps(body))


def _in_another_process(options: SimulateOptions) -> dict[str, object]:
    """The same simulation with another hash seed; raises `Bot3Error` where it gives no result."""
    command = [sys.executable, "-m", "bot3", "simulate", "--json"]
    command += ["--seed", str(options.seed), "--hours", repr(options.hours)]
    command += ["--faults", options.faults]
    if options.world is not None:
        command += ["--world", options.world]
    if options.config is not None:
        command += ["--config", str(options.config)]
    done = subprocess.run(  # noqa: S603  (our own command, no shell)
        command,
        env={**os.environ, "PYTHONHASHSEED": _OTHER_HASH_SEED},
        capture_output=True,
        check=False,
        text=True,
    )
    try:
        body: dict[str, object] = json.loads(done.stdout.strip().rpartition("\n")[2])
    except ValueError:
        raise Bot3Error(f"the second run gave no result:\n{done.stderr.strip()}") from None
    return body
