"""Where each key of the configuration arrives, and as what."""

from __future__ import annotations

from typing import Any

from bot3.execution.group import Sending
from bot3.execution.parent import ScheduleKind
from bot3.learning.labels import LabelKind
from bot3.portfolio.reinvestment import Compounding
from tests.bot3.making import d

# Key, another value, where it must arrive, and as what.
ROUTES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"system.risk_tolerance": "conservative"},
        {
            "limits.position_fraction_max": 0.01,
            "limits.exposure_fraction_max": 0.25,
            "limits.asset_fraction_max": 0.5,
            "limits.venue_fraction_max": 0.5,
            "limits.drawdown_max": 0.1,
            "limits.daily_loss_max": 0.03,
            "adaptive.shortfall_max": 0.01,
            "adaptive.volatility_target": 0.4,
            "adaptive.ladder.drawdown_max": 0.1,
            "adaptive.kelly.fraction": 0.25,
            "adaptive.kelly.cap": 0.01,
        },
    ),
    (
        {"system.risk_tolerance": "aggressive"},
        {
            "limits.position_fraction_max": 0.02,
            "limits.exposure_fraction_max": 0.5,
            "limits.asset_fraction_max": 1.0,
            "limits.venue_fraction_max": 1.0,
            "limits.drawdown_max": 0.25,
            "limits.daily_loss_max": 0.08,
            "adaptive.shortfall_max": 0.04,
            "adaptive.volatility_target": 1.6,
            "adaptive.ladder.drawdown_max": 0.25,
            "adaptive.kelly.fraction": 0.75,
            "adaptive.kelly.cap": 0.02,
        },
    ),
    (
        {"system.quote": "EUR", "exchanges.symbols": ["BTC/EUR"]},
        {
            "currency": "EUR",
            "instruments": (("binance", "BTC/EUR"),),
            "arbitrage.matrix.quotes": ("EUR",),
        },
    ),
    (
        {"ta_ml_split.ta_weight": 0.7, "ta_ml_split.ml_weight": 0.3},
        {"mind.ta_weight": 0.7, "mind.ml_weight": 0.3},
    ),
    ({"ta_ml_split.adaptive": False}, {"mind.is_adaptive": False}),
    ({"evolution.enabled": True}, {"mind.is_evolving": True}),
    (
        {
            "exchanges.arbitrage_enabled": True,
            "arbitrage.max_size": 70.0,
            "arbitrage.min_profit_bps": 3.0,
            "arbitrage.leg_failure_rate": 0.2,
            "arbitrage.pause_s": 2.0,
        },
        {
            "arbitrage.is_enabled": True,
            "arbitrage.matrix.size_max": 70.0,
            "arbitrage.matrix.profit_bps_min": 3.0,
            "arbitrage.matrix.leg_failure_rate": 0.2,
            "arbitrage.pause_s": 2.0,
        },
    ),
    ({"arbitrage.sending": "in_order"}, {"execution.group.sending": Sending.IN_ORDER}),
    ({"arbitrage.legs_within_s": 2.0}, {"execution.group.sent_s": 2.0}),
    ({"arbitrage.mend_within_s": 9.0}, {"execution.group.mend_s": 9.0}),
    ({"exchanges.symbols": ["ETH/USDT"]}, {"instruments": (("binance", "ETH/USDT"),)}),
    (
        {"risk.max_position_size": 0.04},
        {"limits.position_fraction_max": 0.04, "adaptive.kelly.cap": 0.04},
    ),
    ({"risk.max_total_exposure": 0.4}, {"limits.exposure_fraction_max": 0.4}),
    ({"risk.max_asset_exposure": 0.4}, {"limits.asset_fraction_max": 0.4}),
    ({"risk.max_venue_exposure": 0.8}, {"limits.venue_fraction_max": 0.8}),
    (
        {"risk.max_drawdown": 0.07},
        {"limits.drawdown_max": 0.07, "adaptive.ladder.drawdown_max": 0.07},
    ),
    ({"risk.use_kelly_criterion": True}, {"adaptive.is_kelly_used": True}),
    ({"risk.kelly_fraction": 0.2}, {"adaptive.kelly.fraction": 0.2}),
    (
        {"risk.adaptive": False},
        {
            "adaptive.volatility_target": 0.0,
            "adaptive.shortfall_max": 0.0,
            "adaptive.volatile_multiplier": 1.0,
            "adaptive.full_size_spread_bps": 0.0,
            "adaptive.ladder.steps": 0,
        },
    ),
    ({"risk.volatility_target": 0.3}, {"adaptive.volatility_target": 0.3}),
    ({"risk.max_expected_shortfall": 0.03}, {"adaptive.shortfall_max": 0.03}),
    ({"risk.volatile_multiplier": 0.9}, {"adaptive.volatile_multiplier": 0.9}),
    ({"risk.loss_streak": 7}, {"adaptive.loss_streak": 7}),
    ({"risk.loss_multiplier": 0.5}, {"adaptive.loss_multiplier": 0.5}),
    ({"risk.full_size_spread_bps": 3.0}, {"adaptive.full_size_spread_bps": 3.0}),
    ({"risk.max_touch_multiple": 4.0}, {"adaptive.touch_multiple_max": 4.0}),
    ({"risk.drawdown_steps": 5}, {"adaptive.ladder.steps": 5}),
    ({"risk.reopen_after_s": 60.0}, {"adaptive.ladder.reopen_after_s": 60.0}),
    ({"risk.max_reopens": 1}, {"adaptive.ladder.reopens_max": 1}),
    ({"risk.reopen_scale": 0.25}, {"adaptive.ladder.reopen_scale": 0.25}),
    ({"reinvestment.compounding": "fixed"}, {"reinvestment.compounding": Compounding.FIXED}),
    ({"reinvestment.min_gain": 0.01}, {"reinvestment.gain_min": 0.01}),
    ({"reinvestment.sweep": 0.5}, {"reinvestment.sweep": 0.5}),
    ({"reinvestment.protected_share": 0.9}, {"reinvestment.protected_share": 0.9}),
    ({"reinvestment.protection_multiple": 2.0}, {"reinvestment.protection_multiple": 2.0}),
    ({"allocation.mode": "apply"}, {"adaptive.is_allocated": True}),
    ({"protections.trailing_stop": 0.02}, {"limits.trailing_stop": 0.02}),
    ({"protections.trailing_from": 0.01}, {"limits.trailing_from": 0.01}),
    ({"protections.take_profit": 0.1}, {"limits.take_profit": 0.1}),
    ({"protections.max_holding_s": 60.0}, {"limits.holding_max_s": 60.0}),
    ({"protections.cooldown_s": 60.0}, {"limits.cooldown_s": 60.0}),
    ({"protections.stop_guard_stops": 2}, {"limits.stop_guard_stops": 2}),
    ({"protections.stop_guard_window_s": 60.0}, {"limits.stop_guard_window_s": 60.0}),
    ({"protections.stop_guard_pause_s": 60.0}, {"limits.stop_guard_pause_s": 60.0}),
    ({"protections.max_open_trades": 2}, {"limits.open_trades_max": 2}),
    ({"protections.min_pair_volume": 5.0}, {"limits.pair_volume_min": 5.0}),
    ({"protections.max_pair_spread_bps": 5.0}, {"limits.pair_spread_max_bps": 5.0}),
    ({"protections.min_pair_age_days": 5}, {"limits.pair_age_min_days": 5}),
    ({"risk.stop_loss": 0.08}, {"limits.stop_loss": 0.08}),
    ({"risk.stop_pause_s": 60.0}, {"limits.stop_pause_s": 60.0}),
    ({"risk.flatten_at_limit": False}, {"limits.is_flattened_at_limit": False}),
    ({"risk.max_daily_loss": 0.03}, {"limits.daily_loss_max": 0.03}),
    (
        {"risk.max_order_notional": 250.5},
        {
            "limits.order_notional_max": d("250.5"),
            "execution.planner.order_notional_max": d("250.5"),
        },
    ),
    (
        {"risk.max_orders_per_minute": 7},
        {"limits.order_rate_max": 7},
    ),
    (
        {"risk.max_book_age_s": 0.5},
        {"limits.book_age_max_s": 0.5, "arbitrage.matrix.age_max_s": 0.5},
    ),
    (
        {"risk.price_collar_bps": 33.0},
        {"limits.price_collar_bps": 33.0, "limits.exit_collar_bps": 133.0},
    ),
    (
        {"execution.urgent_collar_bps": 60.0},
        {"execution.planner.urgent_collar_bps": 60.0, "limits.exit_collar_bps": 110.0},
    ),
    ({"learning.online_learning": False}, {"mind.is_learning": False}),
    ({"learning.meta_learning": False}, {"mind.is_adaptive": False}),
    ({"learning.horizon_bars": 3}, {"mind.learner.labels.horizon_bars": 3}),
    ({"learning.models": ["logistic"]}, {"mind.learner.zoo.models": ("logistic",)}),
    (
        {"learning.labels": "triple_barrier"},
        {
            "mind.learner.labels.kind": LabelKind.TRIPLE_BARRIER,
            "mind.learner.labels.threshold_bps": 20.0,
        },
    ),
    ({"learning.latency_budget_ms": 2.0}, {"mind.bench.latency_budget_us": 2_000.0}),
    ({"learning.bench_s": 60.0}, {"mind.bench.bench_s": 60.0}),
    ({"regime.states": 3}, {"mind.regime.filter.states": 3}),
    ({"regime.emission": "t"}, {"mind.regime.filter.degrees_of_freedom": 4.0}),
    ({"market.bar_interval_s": 60}, {"mind.bars.interval_s": 60, "adaptive.bar_s": 600.0}),
    ({"execution.maker_patience_s": 7.5}, {"execution.planner.maker_patience_s": 7.5}),
    (
        {"execution.rebalance_band": 0.2},
        {
            "execution.planner.rebalance_band": 0.2,
            "mind.rebalance_band": 0.2,
            "adaptive.kelly.rebalance_band": 0.2,
        },
    ),
    ({"execution.taker_collar_bps": 4.0}, {"execution.planner.taker_collar_bps": 4.0}),
    ({"execution.reprice_bps": 3.0}, {"execution.planner.reprice_bps": 3.0}),
    ({"execution.waiting_bps_per_s": 0.5}, {"execution.planner.waiting_bps_per_s": 0.5}),
    ({"execution.schedule": "pov"}, {"execution.schedule.kind": ScheduleKind.POV}),
    ({"execution.schedule_s": 90.0}, {"execution.schedule.duration_s": 90.0}),
    ({"execution.participation": 0.2}, {"execution.schedule.participation": 0.2}),
    ({"execution.iceberg_notional": 50.5}, {"execution.schedule.shown_notional": d("50.5")}),
    ({"execution.risk_aversion": 1e-5}, {"execution.schedule.risk_aversion": 1e-5}),
    ({"execution.order_lifetime_s": 2.5}, {"execution.order_lifetime_s": 2.5}),
    ({"healing.stale_book_s": 3.0}, {"healing.stale_book_s": 3.0}),
    ({"healing.max_resyncs_per_minute": 9}, {"healing.resyncs_per_minute_max": 9}),
    ({"healing.circuit_failures": 2}, {"healing.circuit_failures": 2}),
    ({"healing.circuit_window_s": 7.0}, {"healing.circuit_window_s": 7.0}),
    ({"healing.circuit_open_s": 2.0}, {"healing.circuit_open_s": 2.0}),
    ({"healing.circuit_open_max_s": 77.0}, {"healing.circuit_open_max_s": 77.0}),
    ({"healing.max_crashes_on_same_state": 2}, {"healing.crashes_max": 2}),
    ({"healing.crash_window_s": 60.0}, {"healing.crash_window_s": 60.0}),
    ({"healing.shed_data_above": 0.7}, {"healing.shed_data_above": 0.7}),
    ({"healing.resume_data_below": 0.1}, {"healing.resume_data_below": 0.1}),
    (
        {"simulation.taker_fee_rate": 0.002},
        {"mind.cost_bps": 20.0, "adaptive.kelly.cost_bps": 20.0},
    ),
]

# Keys that no decision depends on: they are told to venues, edges, faces and the process.
ELSEWHERE = {
    "allocation.interval_s",
    "exchanges.active",  # there is one
    "evolution.mutation_rate",
    "evolution.population_size",
    "execution.paper_latency_s",
    "learning.feature_discovery",
    "market.timer_interval_s",
    "market.warm_up_bars",
    "simulation.host",
    "simulation.maker_fee_rate",
    "simulation.port",
    "simulation.replay",
    "simulation.replay_speed",
    "simulation.world",
    "system.capital",
    "system.keys_file",
    "system.log_level",
    "system.seed",
    "system.target_apy",
}
ELSEWHERE_SECTIONS = {"venues", "telemetry", "journal"}
