"""`python -m bot3`: from the command line's options to a session, and its summary.

Invariant: everything that can be refused is refused before anything is started.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio
from attrs import asdict, field, frozen

from adapters.net.network import SocketNetwork
from bot3.app.arbitrage.wiring import listed_of
from bot3.app.config import LoadedConfig, load_config
from bot3.app.console import close_logging, configure_logging
from bot3.app.engine import make_engine, memories_of
from bot3.app.heavy import import_heavy_libraries
from bot3.app.live import confirm_live, with_keys_file
from bot3.app.made_beside import beside_of
from bot3.app.options import RunOptions
from bot3.app.session import Faces, Gauges, Session
from bot3.app.settings import Config
from bot3.app.taping import Replayed
from bot3.app.tree import TradingEngine
from bot3.app.venues import Surroundings, VenueAccess, build_venues, cancel_own_rests, closing
from bot3.domain.ids import RunId, run_id
from bot3.domain.values import VenueName
from bot3.messages.control import SessionStarted
from bot3.services.control_file import ControlFile, remove_control_file
from bot3.services.kill_switch import KillSwitch
from bot3.services.lock import StateLock
from bot3.services.storage import FileDisk
from bot3.telemetry.controls import Controls
from bot3.telemetry.http import bind, url_of
from bot3.telemetry.snapshot import RunFacts, Snapshots
from bot3.telemetry.status import Status
from bot3.telemetry.summary import closing_summary
from supervisors.clock import Clock, SystemClock
from supervisors.entropy import Entropy, fresh_secret
from supervisors.observe import Observer
from supervisors.spec import EdgeSpec

if TYPE_CHECKING:
    from bot3.app.embedded import Embedded

JOURNAL_NAME = "journal.sqlite"
# The token of commands by HTTP; absent, a new one each run, in the control file.
CONTROL_VARIABLE = "BOT3_CONTROL_TOKEN"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@frozen
class Prepared:
    """What was checked and opened before Trio starts."""

    loaded: LoadedConfig
    options: RunOptions
    directory: Path
    listener: socket.socket | None
    token: str = field(repr=False)
    environ: Mapping[str, str]


def trade(options: RunOptions, environ: Mapping[str, str]) -> int:
    """Runs a session; returns the exit code. Raises what `report_error` turns into a line."""
    overrides: dict[str, object] = {}
    if options.replay is not None:
        overrides["simulation.replay"] = str(options.replay)
    if options.world is not None:
        overrides["simulation.world"] = options.world
    if options.userdir is not None:
        overrides["journal.directory"] = str(options.userdir)
    loaded = load_config(options.config, environ, overrides)
    config = loaded.config
    environ = with_keys_file(config, environ)
    confirm_live(config, options)
    directory = Path(config.journal.directory)
    with ExitStack() as held:
        held.enter_context(StateLock(directory))
        listener = None
        if config.telemetry.enabled:
            listener = bind(config.telemetry.host, config.telemetry.port)
            held.callback(listener.close)
        configure_logging(config.system.log_level, None, directory)
        held.callback(close_logging)
        import_heavy_libraries(is_betting=config.risk.use_kelly_criterion)
        token = environ.get(CONTROL_VARIABLE) or fresh_secret()
        url = "" if listener is None else url_of(listener)
        ControlFile(url, token, os.getpid()).write(directory)
        held.callback(remove_control_file, directory)
        prepared = Prepared(loaded, options, directory, listener, token, environ)
        status, engine = trio.run(_session, prepared)
    replayed = engine.replayed()
    _sum_up(status, options, replayed)
    return 0 if replayed is None or replayed.is_same else 1


async def _session(given: Prepared) -> tuple[Status, TradingEngine]:
    config = given.loaded.config
    clock, entropy, network = SystemClock(), Entropy(config.system.seed), SocketNetwork()
    run = new_run_id(clock.now_ns())
    embedded = await embedded_of(config, run, network=network, clock=clock, entropy=entropy)
    config = config if embedded is None else embedded.config
    around = Surroundings(network, clock, entropy, given.environ)
    access = build_venues(config, {} if embedded is None else embedded.venues, around)
    account = ",".join(sorted(each.venue.account for each in access.values()))
    switch = KillSwitch(given.directory)
    specs = () if embedded is None else embedded.specs
    engine = _engine(given, config, run, around, access, account, specs, switch)
    data_source = modes_of(config) if embedded is None else embedded.data_source
    gauges = Gauges(engine, lambda: bool(embedded and embedded.is_replay_over))
    snapshots = Snapshots(
        engine.board, facts_of(given, config, run, data_source, clock), clock, gauges
    )
    controls = Controls(given.token, engine.core.risk, switch)
    faces = Faces(config, given.options, given.listener, snapshots, controls)
    started = SessionStarted(run, account, given.loaded.hash, data_source, clock.now_ns())
    async with closing(access):
        try:
            session = Session(
                engine,
                faces.specs,
                snapshots,
                started,
                clock,
                entropy,
                Observer(clock),
                gauges,
                given.options.duration_s,
            )
            return await session.run(), engine
        except Exception:
            if embedded is None:  # the embedded exchange has ended with the tree
                await cancel_own_rests(access, listed_of(config))
            raise


def _engine(
    given: Prepared,
    config: Config,
    run: RunId,
    around: Surroundings,
    access: Mapping[VenueName, VenueAccess],
    account: str,
    specs: tuple[EdgeSpec, ...],
    switch: KillSwitch,
) -> TradingEngine:
    disk = FileDisk(given.directory / JOURNAL_NAME)
    memory, began = memories_of(
        config, disk, account, given.directory, is_twice=given.options.is_checked
    )
    beside = beside_of(given.directory, config, memory, around)
    return make_engine(
        config, run, memory, around.clock, access, disk, specs, switch, beside, began
    )


async def embedded_of(
    config: Config, run: RunId, *, network: SocketNetwork, clock: Clock, entropy: Entropy
) -> Embedded | None:
    """The built-in exchanges, where the configuration asks for them."""
    if {getattr(config.venues, name).mode for name in config.exchanges.active} != {"embedded"}:
        return None
    from bot3.app.embedded import embed  # a tenth of a start, and live ones have none

    return await embed(config, run, network=network, clock=clock, entropy=entropy)


def modes_of(config: Config) -> str:
    """What stands beside every result of venues that are not ours."""
    modes = {name: getattr(config.venues, name).mode for name in config.exchanges.active}
    told = ", ".join(f"{mode} {name}" for name, mode in modes.items())
    return f"live market data, modelled fills: {told}" if "paper" in modes.values() else told


def new_run_id(now_ns: int) -> RunId:
    """Milliseconds in base 36: eight digits until the year 2059, a new one each run."""
    left, digits = now_ns // 1_000_000, ""
    for _ in range(8):
        left, digit = divmod(left, 36)
        digits = _DIGITS[digit] + digits
    return run_id(digits)


def facts_of(
    given: Prepared, config: Config, run: RunId, data_source: str, clock: Clock
) -> RunFacts:
    """What the user is told about this run; `config` is what the market made of the given one."""
    return RunFacts(
        run=run,
        data_source=data_source,
        config_hash=given.loaded.hash,
        quote=config.system.quote,
        capital=Decimal(repr(config.system.capital)),
        target_apy=config.system.target_apy,
        url="" if given.listener is None else url_of(given.listener),
        started_ns=clock.now_ns(),
    )


def _sum_up(status: Status, options: RunOptions, replayed: Replayed | None) -> None:
    """The closing table for people; with --json that goes to stderr, and one object to stdout."""
    people = sys.stderr if options.is_json else sys.stdout
    print(closing_summary(status, is_colored=people.isatty()), file=people)
    if replayed is not None:
        print(replayed.words, file=people)
    if options.is_json:
        told = {} if replayed is None else {"replayed": asdict(replayed)}
        print(json.dumps(summary_of(status) | told), flush=True)


def summary_of(status: Status) -> dict[str, Any]:
    """The machine's summary of a run."""
    equity = status.equity_start if status.equity is None else status.equity
    return {
        "run": status.run,
        "data_source": status.data_source,
        "config_hash": status.config_hash,
        "uptime_s": round(status.uptime_s, 3),
        "events": status.events,
        "signals": status.signals,
        "orders": status.orders_by_status,
        "fills": status.fills,
        "denials": status.denials,
        "stops_hit": status.stops_hit,
        "allocation": status.risk.allocation,
        "equity_start": float(status.equity_start),
        "equity_end": float(equity),
        "fees_paid": float(status.fees_paid),
        "max_drawdown": status.max_drawdown,
        "restarts": status.restarts,
        "healing": status.healing,
        "tick_to_order_us": {
            "p50": status.tick_to_order.p50_us,
            "p99": status.tick_to_order.p99_us,
            "count": status.tick_to_order.count,
        },
        "venues": {
            name: {
                "connected": venue.is_feed_connected and venue.is_account_connected,
                "book_age_ms": venue.book_age_ms,
            }
            for name, venue in status.venues.items()
        },
    }
