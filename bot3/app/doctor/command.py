"""Examines every active venue and tells what was found; exit 1 where something is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import trio
from attrs import asdict

from adapters.net.network import SocketNetwork
from bot3.app.arbitrage.wiring import listed_of
from bot3.app.config import load_config
from bot3.app.console import configure_logging
from bot3.app.doctor.examine import Examination, Finding
from bot3.app.live import with_keys_file
from bot3.app.run import embedded_of, new_run_id
from bot3.app.settings import Config
from bot3.app.venues import EmbeddedVenue, Surroundings, build_venue, closing
from bot3.domain.errors import ConfigError
from bot3.domain.values import VenueName
from supervisors.clock import SystemClock
from supervisors.entropy import Entropy


def examine_all(
    path: Path | None, environ: Mapping[str, str], deadline_s: float, *, is_json: bool
) -> int:
    """The exit code; raises what `report_error` turns into a line."""
    config = load_config(path, environ).config
    configure_logging("critical", None, None)
    findings = trio.run(_examine, config, with_keys_file(config, environ), deadline_s)
    is_good = all(finding.is_good for finding in findings)
    if is_json:
        body: dict[str, Any] = {"is_good": is_good, "findings": [asdict(f) for f in findings]}
        print(json.dumps(body))
    else:
        for finding in findings:
            print(finding.line())
        print("everything is there" if is_good else "not everything is there")
    return 0 if is_good else 1


async def _examine(config: Config, environ: Mapping[str, str], deadline_s: float) -> list[Finding]:
    clock, entropy, network = SystemClock(), Entropy(config.system.seed), SocketNetwork()
    run = new_run_id(clock.now_ns())
    embedded = await embedded_of(config, run, network=network, clock=clock, entropy=entropy)
    around = Surroundings(network, clock, entropy, environ)
    findings = [Finding("-", "configuration", is_good=True, detail="read, and without a problem")]
    async with trio.open_nursery() as nursery:
        if embedded is not None:
            config = embedded.config
            for exchange, listener in zip(embedded.exchanges, embedded.listeners, strict=True):
                nursery.start_soon(partial(exchange.run, listener, ready=_nothing))
        names = [VenueName(name) for name in config.exchanges.active]
        found: dict[VenueName, list[Finding]] = {}

        async def examine(name: VenueName) -> None:
            served = None if embedded is None else embedded.venues[name]
            found[name] = await _examined(name, config, served, around, deadline_s)

        async with trio.open_nursery() as venues:  # side by side: one that is not there takes long
            for name in names:
                venues.start_soon(examine, name)
        findings += [finding for name in names for finding in found[name]]
        nursery.cancel_scope.cancel()
    return findings


async def _examined(
    name: VenueName,
    config: Config,
    served: EmbeddedVenue | None,
    around: Surroundings,
    deadline_s: float,
) -> list[Finding]:
    """One venue's."""
    try:
        access = build_venue(name, config, served, around)
    except ConfigError as error:
        advice = "see the [venues] sections of show-config"
        return [Finding(name, "keys and URLs", is_good=False, detail=str(error), advice=advice)]
    symbols = listed_of(config)
    limit = config.risk.max_order_notional
    async with closing({name: access}):
        examination = Examination(name, access, symbols, limit, around.clock, deadline_s)
        return await examination.run()


def _nothing() -> None:
    """Nobody waits for the exchange: its listener is there already."""
