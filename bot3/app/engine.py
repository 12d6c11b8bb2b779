"""All actors of a process, made from its configuration and from what its journal says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot3.actors.memory import Memory
from bot3.app.arbitrage.wiring import listed_of
from bot3.app.beside import Beside
from bot3.app.made_beside import resumed_models
from bot3.app.settings import Config
from bot3.app.tree import EngineSettings, TradingEngine, open_desk
from bot3.app.venues import VenueAccess
from bot3.app.wiring import core_settings
from bot3.domain.ids import RunId
from bot3.domain.values import VenueName
from bot3.portfolio.recovery import Recovery
from bot3.services.journal import Disk
from bot3.services.kill_switch import KillSwitch
from supervisors.clock import Clock
from supervisors.dispatch import RunQueue
from supervisors.spec import EdgeSpec


def recovered(disk: Disk, account: str) -> Recovery:
    """What the journal says of this account; raises `DataError` for a damaged file."""
    recovery = Recovery(account)
    store = disk.open_store()
    try:
        recovery.fold(stored.record for stored in store.read_all())
    finally:
        store.close()
    return recovery


def memories_of(
    config: Config, disk: Disk, account: str, directory: Path, *, is_twice: bool
) -> tuple[Memory, Memory | None]:
    """What this process begins with; twice where it is to be decided again."""
    bars_kept = config.market.warm_up_bars
    memory = Memory(recovered(disk, account), bars_kept=bars_kept)
    if not is_twice:
        return memory, None
    began = Memory(recovered(disk, account), bars_kept=bars_kept)
    resumed_models(directory, config, began)
    return memory, began


def make_engine(
    config: Config,
    run: RunId,
    memory: Memory,
    clock: Clock,
    access: Mapping[VenueName, VenueAccess],
    disk: Disk,
    exchanges: tuple[EdgeSpec, ...],
    switch: KillSwitch | None = None,
    beside: Beside | None = None,
    began: Memory | None = None,
) -> TradingEngine:
    """All actors, not started."""
    settings = EngineSettings(
        core=core_settings(config, run),
        bar_interval_s=config.market.bar_interval_s,
        warm_up_bars=config.market.warm_up_bars,
        timer_interval_s=config.market.timer_interval_s,
    )
    symbols = len(listed_of(config))
    desks = {name: open_desk(name, each, symbols) for name, each in access.items()}
    runs = RunQueue(clock)
    return TradingEngine(
        settings,
        memory,
        clock,
        runs,
        disk,
        desks,
        exchanges,
        switch,
        beside or Beside(),
        began,
    )
