"""From `[arbitrage]` to what its actor and execution are told."""

from __future__ import annotations

from bot3.actors.arbitrage import ArbitrageSettings
from bot3.app.chances import ArbitrageSection
from bot3.app.settings import Config
from bot3.arbitrage.matrix import MatrixSettings
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName
from bot3.execution.group import GroupSettings, Sending


def crosses_of(config: Config) -> tuple[Symbol, ...]:
    """Cross symbols, where arbitrage is wanted."""
    given = config.arbitrage.cross_symbols if config.exchanges.arbitrage_enabled else ()
    return tuple(map(Symbol, given))


def listed_of(config: Config) -> tuple[Symbol, ...]:
    """Every symbol that the venues are asked for."""
    return (*map(Symbol, config.exchanges.symbols), *crosses_of(config))


def cross_instruments_of(config: Config) -> tuple[InstrumentId, ...]:
    """Every cross symbol on every active venue."""
    return tuple(
        InstrumentId(VenueName(venue), symbol)
        for venue in config.exchanges.active
        for symbol in crosses_of(config)
    )


def arbitrage_of(config: Config) -> ArbitrageSettings:
    """What is looked for, where it is wanted."""
    given = config.arbitrage
    matrix = MatrixSettings(
        size_max=given.max_size,
        age_max_s=config.risk.max_book_age_s,
        profit_bps_min=given.min_profit_bps,
        leg_failure_rate=given.leg_failure_rate,
        quotes=(Asset(config.system.quote),),
    )
    is_enabled = config.exchanges.arbitrage_enabled
    return ArbitrageSettings(
        is_enabled=is_enabled,
        currency=Asset(config.system.quote),
        crosses=cross_instruments_of(config),
        matrix=matrix,
        pause_s=given.pause_s,
    )


def group_of(given: ArbitrageSection) -> GroupSettings:
    """How groups are worked."""
    return GroupSettings(
        sending=Sending(given.sending), sent_s=given.legs_within_s, mend_s=given.mend_within_s
    )
