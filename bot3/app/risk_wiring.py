"""From the configuration to what risk and allocation are told.

Invariant: every key of [risk], [protections], [reinvestment] and [allocation] has its place here.
"""

from __future__ import annotations

from bot3.app.beside import EstimationPlan
from bot3.app.fees import taker_fee_rate
from bot3.app.settings import Config
from bot3.domain.values import InstrumentId, Symbol, VenueName, decimal_of
from bot3.portfolio.allocation import AllocationLimits
from bot3.portfolio.reinvestment import Compounding, ReinvestmentSettings
from bot3.portfolio.sleeves import Sleeve, SleeveBook
from bot3.risk.adaptive.ladder import LadderSettings
from bot3.risk.adaptive.settings import AdaptiveSettings
from bot3.risk.edge import KellySettings
from bot3.risk.limits import RiskLimits
from bot3.services.estimation import EstimationBeat
from bot3.services.sleeve_file import SleeveFile
from bot3.strategies.evolved import EvolvedStrategy
from bot3.strategies.hybrid import HybridStrategy
from bot3.strategies.ml import MLStrategy
from bot3.strategies.ta import TAStrategy
from supervisors.entropy import Entropy

RATE_WINDOW_S = 60.0
SIMULATED_PACE = 10.0


def instruments_of(config: Config) -> tuple[InstrumentId, ...]:
    """Every symbol on every active venue."""
    return tuple(
        InstrumentId(VenueName(venue), Symbol(symbol))
        for venue in config.exchanges.active
        for symbol in config.exchanges.symbols
    )


def limits_of(config: Config) -> RiskLimits:
    """The gate's limits."""
    risk, given = config.risk, config.protections
    return RiskLimits(
        position_fraction_max=risk.max_position_size,
        exposure_fraction_max=risk.max_total_exposure,
        asset_fraction_max=risk.max_asset_exposure,
        venue_fraction_max=risk.max_venue_exposure,
        drawdown_max=risk.max_drawdown,
        daily_loss_max=risk.max_daily_loss,
        book_age_max_s=risk.max_book_age_s,
        price_collar_bps=risk.price_collar_bps,
        # The gate's is from the mid, the planner's from the far touch.
        exit_collar_bps=config.execution.urgent_collar_bps + risk.price_collar_bps,
        order_rate_max=risk.max_orders_per_minute,
        order_rate_window_s=RATE_WINDOW_S,
        order_notional_max=decimal_of(risk.max_order_notional),
        is_flattened_at_limit=risk.flatten_at_limit,
        stop_loss=risk.stop_loss,
        stop_pause_s=risk.stop_pause_s,
        trailing_stop=given.trailing_stop,
        trailing_from=given.trailing_from,
        take_profit=given.take_profit,
        holding_max_s=given.max_holding_s,
        cooldown_s=given.cooldown_s,
        stop_guard_stops=given.stop_guard_stops,
        stop_guard_window_s=given.stop_guard_window_s,
        stop_guard_pause_s=given.stop_guard_pause_s,
        open_trades_max=given.max_open_trades,
        pair_volume_min=given.min_pair_volume,
        pair_spread_max_bps=given.max_pair_spread_bps,
        pair_age_min_days=given.min_pair_age_days,
    )


def _pace(config: Config) -> float:
    """Seconds of a market that pass in one: a hurried recording moves in a second as its market did
    in a minute or a day, and our simulated one as bitcoin does in ten.
    """
    modes = {getattr(config.venues, name).mode for name in config.exchanges.active}
    if config.simulation.replay:
        return config.simulation.replay_speed or 1.0
    return SIMULATED_PACE if modes <= {"embedded", "simulated"} else 1.0


def adaptive_of(config: Config) -> AdaptiveSettings:
    """How limits follow the market and our results."""
    risk = config.risk
    kelly = KellySettings(
        fraction=risk.kelly_fraction,
        cap=risk.max_position_size,
        cost_bps=taker_fee_rate(config) * 1e4,
        rebalance_band=config.execution.rebalance_band,
    )
    ladder = LadderSettings(
        drawdown_max=risk.max_drawdown,
        steps=risk.drawdown_steps,
        reopen_after_s=risk.reopen_after_s,
        reopens_max=risk.max_reopens,
        reopen_scale=risk.reopen_scale,
    )
    pace = _pace(config)
    settings = AdaptiveSettings(
        bar_s=config.market.bar_interval_s * pace,
        volatility_target=risk.volatility_target,
        shortfall_max=risk.max_expected_shortfall,
        volatile_multiplier=risk.volatile_multiplier,
        loss_streak=risk.loss_streak,
        loss_multiplier=risk.loss_multiplier,
        full_size_spread_bps=risk.full_size_spread_bps,
        touch_multiple_max=risk.max_touch_multiple,
        ladder=ladder,
        is_kelly_used=risk.use_kelly_criterion,
        is_allocated=config.allocation.mode == "apply",
        blend=HybridStrategy.name,
        kelly=kelly,
    )
    return settings if risk.adaptive else settings.neutral()


def reinvestment_of(config: Config) -> ReinvestmentSettings:
    """What sizes are made from."""
    given = config.reinvestment
    return ReinvestmentSettings(
        compounding=Compounding(given.compounding),
        gain_min=given.min_gain,
        sweep=given.sweep,
        protected_share=given.protected_share,
        protection_multiple=given.protection_multiple,
    )


def allocation_limits_of(config: Config) -> AllocationLimits:
    """Under which limits capital is allocated."""
    risk = config.risk
    return AllocationLimits(
        cap=risk.max_position_size,
        total=risk.max_total_exposure,
        shortfall_max=risk.max_expected_shortfall,
        drawdown_max=risk.max_drawdown,
        target_apy=config.system.target_apy,
    )


def sleeves_of(config: Config) -> SleeveBook:
    """An empty book of what may be allocated to: each strategy and their blend, in each instrument
    on each venue.
    """
    interval_s = config.market.bar_interval_s
    strategies = [TAStrategy.name, MLStrategy.name, HybridStrategy.name]
    if config.evolution.enabled:
        strategies.append(EvolvedStrategy.name)
    return SleeveBook(
        [Sleeve(name, key) for name in strategies for key in instruments_of(config)],
        block_ns=max(60 * interval_s, 300) * 1_000_000_000,
        cost_bps=taker_fee_rate(config) * 1e4,
        rebalance_band=config.execution.rebalance_band,
    )


def estimation_of(config: Config, entropy: Entropy, file: SleeveFile) -> EstimationPlan | None:
    """What is estimated beside trading; None where it is not wanted."""
    given = config.allocation
    if given.mode == "off":
        return None
    pause_s = min(EstimationBeat().pause_s, given.interval_s)
    beat = EstimationBeat(interval_s=given.interval_s, pause_s=pause_s)
    dice = entropy.dice("estimation")
    return EstimationPlan(
        lambda: sleeves_of(config),
        allocation_limits_of(config),
        dice,
        beat,
        adaptive_of(config).bar_s,
        file,
    )
