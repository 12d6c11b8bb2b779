"""From the configuration to what each room is told: every key, in one place."""

from __future__ import annotations

from collections.abc import Callable

from bot3.actors.core_settings import CoreSettings
from bot3.actors.minds import MindSettings
from bot3.app.arbitrage.wiring import arbitrage_of, group_of
from bot3.app.beside import EstimationPlan
from bot3.app.fees import taker_fee_rate
from bot3.app.settings import Config
from bot3.domain.ids import RunId
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName, decimal_of
from bot3.evolution.engine import EvolutionSettings
from bot3.execution.parent import ScheduleKind, ScheduleSettings
from bot3.execution.planner import PlannerSettings
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.healing.settings import HealingSettings
from bot3.learning.bench import BenchSettings
from bot3.learning.labels import LabelKind, LabelSettings
from bot3.learning.online import LearnerSettings, OnlineLearner
from bot3.learning.zoo import ZooSettings
from bot3.market.bars import BarSettings
from bot3.market.features import FEATURE_NAMES
from bot3.portfolio.allocation import AllocationLimits
from bot3.portfolio.reinvestment import Compounding, ReinvestmentSettings
from bot3.portfolio.sleeves import Sleeve, SleeveBook
from bot3.regime.detector import RegimeSettings
from bot3.regime.hamilton import HamiltonSettings
from bot3.risk.adaptive.ladder import LadderSettings
from bot3.risk.adaptive.manager import AdaptiveSettings
from bot3.risk.edge import KellySettings
from bot3.risk.limits import RiskLimits
from bot3.services.estimation import EstimationBeat
from bot3.services.evolution import EvolutionPlan
from bot3.services.sleeve_file import SleeveFile
from bot3.strategies.hybrid import HybridStrategy
from supervisors.entropy import Entropy

RATE_WINDOW_S = 60.0
SIMULATED_PACE = 10.0
STUDENT_T_DEGREES = 4.0  # of returns of seconds to minutes: Cont 2001, tail indices of 3 to 5


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
    """An empty book of what may be allocated to."""
    interval_s = config.market.bar_interval_s
    return SleeveBook(
        [Sleeve(HybridStrategy.name, key) for key in instruments_of(config)],
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
        lambda: sleeves_of(config), allocation_limits_of(config), dice, beat, file
    )


def execution_of(config: Config) -> ExecutionSettings:
    """How targets are worked."""
    given = config.execution
    planner = PlannerSettings(
        rebalance_band=given.rebalance_band,
        maker_patience_s=given.maker_patience_s,
        taker_collar_bps=given.taker_collar_bps,
        urgent_collar_bps=given.urgent_collar_bps,
        reprice_bps=given.reprice_bps,
        waiting_bps_per_s=given.waiting_bps_per_s,
        order_notional_max=decimal_of(config.risk.max_order_notional),
    )
    schedule = ScheduleSettings(
        kind=ScheduleKind(given.schedule),
        duration_s=given.schedule_s,
        participation=given.participation,
        shown_notional=decimal_of(given.iceberg_notional),
        risk_aversion=given.risk_aversion,
    )
    return ExecutionSettings(
        planner=planner,
        schedule=schedule,
        order_lifetime_s=given.order_lifetime_s,
        is_adopting_orders=given.adopt_orders,
        group=group_of(config.arbitrage),
    )


def regime_of(states: int, emission: str) -> RegimeSettings:
    """How regimes are told apart."""
    degrees = STUDENT_T_DEGREES if emission == "t" else 0.0
    return RegimeSettings(filter=HamiltonSettings(states=states, degrees_of_freedom=degrees))


def learner_of(config: Config, cost_bps: float) -> LearnerSettings:
    """What is forecast, and by which models; a triple barrier's profit is net of a round trip."""
    given = config.learning
    kind = LabelKind(given.labels)
    pays_bps = 2.0 * cost_bps if kind is LabelKind.TRIPLE_BARRIER else 0.0
    return LearnerSettings(
        labels=LabelSettings(kind, given.horizon_bars, pays_bps),
        zoo=ZooSettings(models=given.models),
    )


def snapshot_check(config: Config) -> Callable[[bytes], None]:
    """Raises `DataError` for a model's snapshot that this configuration cannot resume from."""
    settings = learner_of(config, taker_fee_rate(config) * 1e4)

    def check(snapshot: bytes) -> None:
        OnlineLearner(FEATURE_NAMES, settings).restore(snapshot)

    return check


def mind_of(config: Config, fee_rate: float) -> MindSettings:
    """How opinions are formed."""
    split, learning = config.ta_ml_split, config.learning
    return MindSettings(
        bars=BarSettings(interval_s=config.market.bar_interval_s),
        regime=regime_of(config.regime.states, config.regime.emission),
        learner=learner_of(config, fee_rate * 1e4),
        bench=BenchSettings(
            latency_budget_us=learning.latency_budget_ms * 1e3, bench_s=learning.bench_s
        ),
        is_learning=learning.online_learning,
        ta_weight=split.ta_weight,
        ml_weight=split.ml_weight,
        is_adaptive=split.adaptive and learning.meta_learning,
        cost_bps=fee_rate * 1e4,
        rebalance_band=config.execution.rebalance_band,
        is_evolving=config.evolution.enabled and split.adaptive and learning.meta_learning,
    )


def evolution_of(config: Config, entropy: Entropy) -> EvolutionPlan | None:
    """What is evolved beside trading; None where it is not wanted."""
    given = config.evolution
    if not (given.enabled and config.ta_ml_split.adaptive and config.learning.meta_learning):
        return None  # only weights that adapt can make room for what is promoted
    settings = EvolutionSettings(
        population=given.population_size, mutation_rate=given.mutation_rate
    )
    return EvolutionPlan(settings, taker_fee_rate(config), entropy.dice("evolution"))


def healing_of(config: Config) -> HealingSettings:
    """When more than a restart is needed."""
    given = config.healing
    return HealingSettings(
        stale_book_s=given.stale_book_s,
        resyncs_per_minute_max=given.max_resyncs_per_minute,
        circuit_failures=given.circuit_failures,
        circuit_window_s=given.circuit_window_s,
        circuit_open_s=given.circuit_open_s,
        circuit_open_max_s=given.circuit_open_max_s,
        crashes_max=given.max_crashes_on_same_state,
        crash_window_s=given.crash_window_s,
        shed_data_above=given.shed_data_above,
        resume_data_below=given.resume_data_below,
    )


def core_settings(config: Config, run: RunId) -> CoreSettings:
    """Everything the decision actors are told."""
    return CoreSettings(
        run=run,
        currency=Asset(config.system.quote),
        instruments=instruments_of(config),
        limits=limits_of(config),
        adaptive=adaptive_of(config),
        reinvestment=reinvestment_of(config),
        execution=execution_of(config),
        mind=mind_of(config, taker_fee_rate(config)),
        healing=healing_of(config),
        arbitrage=arbitrage_of(config),
        is_adopting_balances=config.execution.adopt_balances,
    )
