"""From the configuration to what each room is told: every key, in one place."""

from __future__ import annotations

from collections.abc import Callable

from bot3.actors.core_settings import CoreSettings
from bot3.actors.minds import MindSettings
from bot3.app.arbitrage.wiring import arbitrage_of, cross_instruments_of, group_of
from bot3.app.fees import taker_fee_rate
from bot3.app.risk_wiring import adaptive_of, instruments_of, limits_of, reinvestment_of
from bot3.app.settings import Config
from bot3.domain.ids import RunId
from bot3.domain.values import Asset, decimal_of
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
from bot3.regime.detector import RegimeSettings
from bot3.regime.hamilton import HamiltonSettings
from bot3.services.evolution import EvolutionPlan
from supervisors.entropy import Entropy

STUDENT_T_DEGREES = 4.0  # of returns of seconds to minutes: Cont 2001, tail indices of 3 to 5


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
        crosses=frozenset(cross_instruments_of(config)),
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
