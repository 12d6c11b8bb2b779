"""The configuration's sections and keys, as frozen records; `config/default.toml` explains each.

Invariant: every key has a rule, and its default is in `config/default.toml` only; the one key that
may be absent is `system.seed`, which the operating system then chooses.
"""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from bot3.app.alerts.section import AlertsSection
from bot3.app.chances import ArbitrageSection, MevSection
from bot3.app.rules import SYMBOL_PATTERN, Flag, ListOf, Number, OneOf, Text, Url, Whole, WholeOf
from bot3.execution.parent import ScheduleKind
from bot3.learning.labels import LabelKind
from bot3.learning.models import MODELS
from bot3.portfolio.reinvestment import Compounding

_SHARE = Number(0, 1)
_POSITIVE_SHARE = Number(0, 1, is_above=True)
_HOST = Text(r"[A-Za-z0-9.:\-]{1,253}", "a host name or an address")
_VARIABLE = Text(
    r"[A-Z][A-Z0-9_]{0,59}",
    "the name of an environment variable (capitals, digits, _), never the key itself",
)
_PORT = Whole(0, 65535)

# What Binance's klines serve, in seconds: warm-up bars come from there.
_BAR_INTERVALS = WholeOf((1, 60, 180, 300, 900, 1800, 3600))


@frozen
class SystemSettings:
    """`[system]`."""

    target_apy: Annotated[float, Number(0, 10)]
    risk_tolerance: Annotated[str, OneOf(("conservative", "balanced", "aggressive"))]
    capital: Annotated[float, Number(0, 1e12, is_above=True)]
    quote: Annotated[str, Text(r"[A-Z0-9]{2,10}", 'an asset like "USDT"')]
    keys_file: Annotated[str, Text(r"[^\x00-\x1f]{0,4096}", "a path, or empty")]
    log_level: Annotated[str, OneOf(("debug", "info", "warning", "error"))]
    seed: Annotated[int | None, Whole(0, 2**63 - 1)] = None


@frozen
class TaMlSplitSettings:
    """`[ta_ml_split]`."""

    ta_weight: Annotated[float, _SHARE]
    ml_weight: Annotated[float, _SHARE]
    adaptive: Annotated[bool, Flag()]


@frozen
class ExchangesSettings:
    """`[exchanges]`."""

    active: Annotated[tuple[str, ...], ListOf(OneOf(("binance", "okx", "bybit")), 3)]
    arbitrage_enabled: Annotated[bool, Flag()]
    symbols: Annotated[tuple[str, ...], ListOf(Text(SYMBOL_PATTERN, 'like "BTC/USDT"'), 20)]


@frozen
class EvolutionSettings:
    """`[evolution]`."""

    enabled: Annotated[bool, Flag()]
    mutation_rate: Annotated[float, _SHARE]
    population_size: Annotated[int, Whole(8, 100_000)]


@frozen
class RiskSettings:
    """`[risk]`."""

    max_position_size: Annotated[float, _POSITIVE_SHARE]
    max_drawdown: Annotated[float, _POSITIVE_SHARE]
    use_kelly_criterion: Annotated[bool, Flag()]
    kelly_fraction: Annotated[float, _POSITIVE_SHARE]
    max_total_exposure: Annotated[float, _POSITIVE_SHARE]
    max_asset_exposure: Annotated[float, _POSITIVE_SHARE]
    max_venue_exposure: Annotated[float, _POSITIVE_SHARE]
    max_daily_loss: Annotated[float, _POSITIVE_SHARE]
    flatten_at_limit: Annotated[bool, Flag()]
    max_order_notional: Annotated[float, Number(0, 1e12, is_above=True)]
    max_orders_per_minute: Annotated[int, Whole(1, 6000)]
    max_book_age_s: Annotated[float, Number(0.01, 60)]
    price_collar_bps: Annotated[float, Number(0, 1000, is_above=True)]
    stop_loss: Annotated[float, Number(0, 0.99)]
    stop_pause_s: Annotated[float, Number(1, 604_800)]
    adaptive: Annotated[bool, Flag()]
    volatility_target: Annotated[float, Number(0, 100)]
    max_expected_shortfall: Annotated[float, _SHARE]
    volatile_multiplier: Annotated[float, _SHARE]
    loss_streak: Annotated[int, Whole(0, 1000)]
    loss_multiplier: Annotated[float, _SHARE]
    full_size_spread_bps: Annotated[float, Number(0, 10_000)]
    max_touch_multiple: Annotated[float, Number(0, 1e9)]
    drawdown_steps: Annotated[int, Whole(0, 20)]
    reopen_after_s: Annotated[float, Number(0, 31_536_000)]
    max_reopens: Annotated[int, Whole(0, 100)]
    reopen_scale: Annotated[float, _POSITIVE_SHARE]


@frozen
class ProtectionsSettings:
    """`[protections]`."""

    trailing_stop: Annotated[float, Number(0, 0.99)]
    trailing_from: Annotated[float, Number(0, 100)]
    take_profit: Annotated[float, Number(0, 100)]
    max_holding_s: Annotated[float, Number(0, 31_536_000)]
    cooldown_s: Annotated[float, Number(0, 31_536_000)]
    stop_guard_stops: Annotated[int, Whole(0, 100)]
    stop_guard_window_s: Annotated[float, Number(1, 31_536_000)]
    stop_guard_pause_s: Annotated[float, Number(1, 31_536_000)]
    max_open_trades: Annotated[int, Whole(0, 1000)]
    min_pair_volume: Annotated[float, Number(0, 1e15)]
    max_pair_spread_bps: Annotated[float, Number(0, 10_000)]
    min_pair_age_days: Annotated[int, Whole(0, 40)]


@frozen
class ReinvestmentSection:
    """`[reinvestment]`."""

    compounding: Annotated[str, OneOf(tuple(each.value for each in Compounding))]
    min_gain: Annotated[float, Number(0, 0.99)]
    sweep: Annotated[float, _SHARE]
    protected_share: Annotated[float, Number(0, 0.99)]
    protection_multiple: Annotated[float, Number(1, 100)]


@frozen
class AllocationSection:
    """`[allocation]`."""

    mode: Annotated[str, OneOf(("off", "report", "apply"))]
    interval_s: Annotated[float, Number(10, 604_800)]


@frozen
class RegimesSettings:
    """`[regime]`."""

    states: Annotated[int, Whole(2, 5)]
    emission: Annotated[str, OneOf(("gaussian", "t"))]


@frozen
class LearningSettings:
    """`[learning]`."""

    online_learning: Annotated[bool, Flag()]
    meta_learning: Annotated[bool, Flag()]
    feature_discovery: Annotated[bool, Flag()]
    horizon_bars: Annotated[int, Whole(1, 1000)]
    models: Annotated[tuple[str, ...], ListOf(OneOf(tuple(MODELS)), len(MODELS))]
    labels: Annotated[str, OneOf(tuple(kind.value for kind in LabelKind))]
    latency_budget_ms: Annotated[float, Number(0.01, 1000)]
    bench_s: Annotated[float, Number(1, 86_400)]


@frozen
class MarketSettings:
    """`[market]`."""

    bar_interval_s: Annotated[int, _BAR_INTERVALS]
    warm_up_bars: Annotated[int, Whole(0, 1000)]
    timer_interval_s: Annotated[float, Number(0.01, 10)]


@frozen
class ExecutionSettings:
    """`[execution]`."""

    maker_patience_s: Annotated[float, Number(0, 600)]
    rebalance_band: Annotated[float, _SHARE]
    taker_collar_bps: Annotated[float, Number(0, 1000)]
    urgent_collar_bps: Annotated[float, Number(0, 1000)]
    reprice_bps: Annotated[float, Number(0, 1000)]
    waiting_bps_per_s: Annotated[float, Number(0, 100)]
    schedule: Annotated[str, OneOf(tuple(kind.value for kind in ScheduleKind))]
    schedule_s: Annotated[float, Number(1, 86_400)]
    participation: Annotated[float, _POSITIVE_SHARE]
    iceberg_notional: Annotated[float, Number(0, 1e12)]
    risk_aversion: Annotated[float, Number(0, 1)]
    order_lifetime_s: Annotated[float, Number(0.1, 60)]
    paper_latency_s: Annotated[float, Number(0, 10)]
    adopt_orders: Annotated[bool, Flag()]
    adopt_balances: Annotated[bool, Flag()]


@frozen
class HealingSettings:
    """`[healing]`."""

    stale_book_s: Annotated[float, Number(0.5, 3600)]
    max_resyncs_per_minute: Annotated[int, Whole(1, 60)]
    circuit_failures: Annotated[int, Whole(1, 1000)]
    circuit_window_s: Annotated[float, Number(1, 3600)]
    circuit_open_s: Annotated[float, Number(0.1, 3600)]
    circuit_open_max_s: Annotated[float, Number(0.1, 86_400)]
    max_crashes_on_same_state: Annotated[int, Whole(1, 100)]
    crash_window_s: Annotated[float, Number(1, 86_400)]
    shed_data_above: Annotated[float, _POSITIVE_SHARE]
    resume_data_below: Annotated[float, _POSITIVE_SHARE]


@frozen
class VenueSection:
    """`[venues.NAME]`."""

    mode: Annotated[
        str, OneOf(("embedded", "paper", "simulated", "custom", "testnet", "demo", "live"))
    ]
    rest_url: Annotated[str, Url(("http", "https"))]
    ws_url: Annotated[str, Url(("ws", "wss"))]
    private_ws_url: Annotated[str, Url(("ws", "wss"))]
    trade_ws_url: Annotated[str, Url(("ws", "wss"))]
    key_env: Annotated[str, _VARIABLE]
    secret_env: Annotated[str, _VARIABLE]
    passphrase_env: Annotated[str, _VARIABLE]
    recv_window_ms: Annotated[int, Whole(1, 60_000)]  # Binance refuses more than 60,000
    request_timeout_s: Annotated[float, Number(0.05, 60)]
    maker_fee_rate: Annotated[float, Number(-0.01, 0.1)]
    taker_fee_rate: Annotated[float, Number(0, 0.1)]
    dead_man_s: Annotated[int, Whole(0, 300)]


@frozen
class VenuesSettings:
    """`[venues]`: one section per exchange."""

    binance: VenueSection
    okx: VenueSection
    bybit: VenueSection


@frozen
class SimulationSettings:
    """`[simulation]`."""

    world: Annotated[str, OneOf(("null", "planted", "regime", "thin"))]
    replay: Annotated[str, Text(r"[^\x00-\x1f]{0,4096}", "a path, or empty")]
    replay_speed: Annotated[float, Number(0, 10_000)]
    maker_fee_rate: Annotated[float, Number(-0.01, 0.1)]
    taker_fee_rate: Annotated[float, Number(0, 0.1)]
    host: Annotated[str, _HOST]
    port: Annotated[int, _PORT]


@frozen
class TelemetrySettings:
    """`[telemetry]`."""

    enabled: Annotated[bool, Flag()]
    host: Annotated[str, _HOST]
    port: Annotated[int, _PORT]
    refresh_interval_s: Annotated[float, Number(0.25, 60)]
    summary_interval_s: Annotated[float, Number(0.5, 3600)]


@frozen
class JournalSettings:
    """`[journal]`."""

    directory: Annotated[str, Text(r"[^\x00-\x1f]{1,4096}", "the path of a directory")]


@frozen
class Config:
    """Everything bot3 is told; immutable for the life of the process."""

    system: SystemSettings
    ta_ml_split: TaMlSplitSettings
    exchanges: ExchangesSettings
    arbitrage: ArbitrageSection
    mev: MevSection
    evolution: EvolutionSettings
    risk: RiskSettings
    protections: ProtectionsSettings
    reinvestment: ReinvestmentSection
    allocation: AllocationSection
    regime: RegimesSettings
    learning: LearningSettings
    market: MarketSettings
    execution: ExecutionSettings
    healing: HealingSettings
    venues: VenuesSettings
    simulation: SimulationSettings
    telemetry: TelemetrySettings
    alerts: AlertsSection
    journal: JournalSettings
