"""Publishes a `Status` as metrics, at scrape time: nothing on the order path pays for it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import final

from bot3.messages.control import StopKind
from bot3.messages.healing import CircuitState, HealingAction
from bot3.telemetry.alert_card import AlertStatus
from bot3.telemetry.arbitrage import ArbitrageStatus
from bot3.telemetry.chain import ChainStatus
from bot3.telemetry.metrics import Registry
from bot3.telemetry.status import InstrumentStatus, RiskStatus, Status, VenueStatus

CIRCUITS = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


@final
class StatusMetrics:
    """Sets gauges and counters of a registry from snapshots."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def publish(self, status: Status) -> None:
        """Takes over one snapshot; what is not known yet is NaN."""
        gauge = self._gauge
        gauge("bot3_uptime_seconds", "Time since the start.", status.uptime_s)
        gauge("bot3_ready", "1 where it can trade.", status.is_ready)
        gauge("bot3_halted", "1 where the gate is shut.", status.is_halted)
        text = "Assets whose venue and ledger differ for good: no entries there."
        gauge("bot3_reconcile_mismatches", text, len(status.mismatches))
        gauge("bot3_flattening", "1 while positions are being sold.", status.is_flattening)
        gauge("bot3_equity", "Equity in the quote asset.", status.equity)
        gauge("bot3_equity_start", "Equity at the start.", status.equity_start)
        gauge("bot3_fees_paid", "Fees paid, in the quote asset.", status.fees_paid)
        gauge("bot3_drawdown_ratio", "Fall of equity from its peak.", status.drawdown)
        gauge("bot3_drawdown_max_ratio", "Deepest fall of this run.", status.max_drawdown)
        latency = status.tick_to_order
        text = "Market event to order, of the last ones."
        name = "bot3_tick_to_order_microseconds"
        gauge(name, text, latency.p50_us, quantile="0.5")
        gauge(name, text, latency.p99_us, quantile="0.99")
        self._totals(status)
        self._made(status)
        for venue, state in status.venues.items():
            self._venue(venue, state)
        for instrument in status.instruments:
            self._instrument(instrument)
        self._system(status)
        self._risk(status.risk)
        self._arbitrage(status.arbitrage)
        self._alerts(status.alerts)
        if status.chain.is_heard is not None:
            self._chain(status.chain)

    def _alerts(self, alerts: AlertStatus) -> None:
        text = "Alerts that the operator's webhook took."
        for kind, count in alerts.sent.items():
            self._counter("bot3_alerts_total", text, count, kind=kind)
        text = "Alerts that it did not take, after the last try."
        self._counter("bot3_alerts_failed_total", text, alerts.failed)

    def _chain(self, chain: ChainStatus) -> None:
        gauge, counter = self._gauge, self._counter
        gauge("bot3_chain_heard", "1 where the chain's node is heard.", chain.is_heard)
        gauge("bot3_chain_block", "Its last block.", chain.block)
        counter("bot3_chain_blocks_total", "Blocks seen.", chain.blocks)
        counter("bot3_chain_undone_total", "Blocks that reorganizations undid.", chain.undone)
        for kind, count in chain.mev.items():
            counter("bot3_mev_total", "What others took from blocks.", count, kind=kind)
        text = "What others took that could be priced, and what miners got of it, in ether."
        gauge("bot3_mev_ether", text, chain.profit, whose="takers")
        gauge("bot3_mev_ether", text, chain.miner, whose="miners")
        for symbol, gap in chain.gaps_bps.items():
            text = "The pools' price above the venues' middles."
            gauge("bot3_dex_gap_bps", text, gap, symbol=symbol)
            text = "Times that it was wider than configured."
            counter("bot3_dex_gap_wide_total", text, chain.wide.get(symbol, 0), symbol=symbol)
            text = "Base bought and sold from pools."
            gauge("bot3_dex_flow", text, chain.bought[symbol], symbol=symbol, side="buy")
            gauge("bot3_dex_flow", text, chain.sold[symbol], symbol=symbol, side="sell")

    def _arbitrage(self, arbitrage: ArbitrageStatus) -> None:
        text = "Loops that cleared all costs, at most one a second for the same books."
        for kind, count in arbitrage.seen.items():
            self._counter("bot3_arbitrage_seen_total", text, count, kind=kind)
        text = "Groups of legs, by how they ended."
        for outcome, count in arbitrage.groups.items():
            self._counter("bot3_arbitrage_groups_total", text, count, outcome=outcome)
        gauge, name = self._gauge, "bot3_arbitrage_profit"
        text = "Of all groups, in the quote asset: as planned, and as it came."
        gauge(name, text, arbitrage.planned, what="planned")
        gauge(name, text, arbitrage.realized, what="realized")
        text = "The most that was open on one side of a group, in the quote asset."
        gauge("bot3_arbitrage_exposure_max", text, arbitrage.exposure_max)
        text = "The longest that anything was."
        gauge("bot3_arbitrage_exposed_max_seconds", text, arbitrage.exposed_s_max)

    def _risk(self, risk: RiskStatus) -> None:
        gauge = self._gauge
        text = "Share of the size that the drawdown ladder leaves."
        gauge("bot3_risk_ladder_scale", text, risk.ladder_scale)
        gauge("bot3_capital", "What sizes are made from, in the quote asset.", risk.capital)
        gauge("bot3_reserve", "Profits set aside, in the quote asset.", risk.reserve)
        text = "Growth of a year that the results support, with its 95 % interval."
        gauge("bot3_supported_apy_ratio", text, risk.apy, bound="estimate")
        gauge("bot3_supported_apy_ratio", text, risk.apy_low, bound="low")
        gauge("bot3_supported_apy_ratio", text, risk.apy_high, bound="high")
        text = "1 where the results support the target of a year's growth."
        gauge("bot3_target_apy_supported", text, risk.is_target_supported)
        text = "Share of the capital that the allocation gives a sleeve; the rest is cash."
        for sleeve, weight in risk.weights.items():
            gauge("bot3_allocation_ratio", text, weight, sleeve=sleeve)

    def _venue(self, venue: str, state: VenueStatus) -> None:
        gauge = self._gauge
        text = "1 where the connection is up."
        name = "bot3_venue_connected"
        gauge(name, text, state.is_feed_connected, venue=venue, connection="feed")
        gauge(name, text, state.is_account_connected, venue=venue, connection="account")
        text = "Age of the venue's oldest book."
        gauge("bot3_book_age_milliseconds", text, state.book_age_ms, venue=venue)
        text = "From an order to its acknowledgement, the median of the last ones."
        health, name = state.health, "bot3_ack_latency_milliseconds"
        gauge(name, text, health.ack_latency_ms, venue=venue)
        text = "Share of the last calls of order entry that were not answered."
        gauge("bot3_call_error_ratio", text, health.error_rate, venue=venue)
        text = "Share of the rate budget that is left."
        gauge("bot3_budget_left_ratio", text, health.budget_left, venue=venue)
        text = "Entries there: 0 pass, 1 one may try, 2 are denied."
        circuit = CIRCUITS[CircuitState(state.circuit)]
        gauge("bot3_circuit_state", text, circuit, venue=venue)
        text = "Orders on the account that are not ours, left alone."
        gauge("bot3_foreign_orders", text, len(state.foreign), venue=venue)
        if state.is_dead_man_armed is not None:
            text = "1 where the venue cancels entries by itself should it hear nothing of us."
            gauge("bot3_dead_man_armed", text, state.is_dead_man_armed, venue=venue)
            text = "Orders of ours that the venue canceled because it heard nothing of us."
            count = state.dead_man_canceled
            self._counter("bot3_dead_man_canceled_total", text, count, venue=venue)
        text = "Orders sent there by type: post_only rests, limit crosses."
        for kind, count in state.sent.items():
            self._counter("bot3_orders_sent_total", text, count, venue=venue, type=kind)
        text = "What its adapter counts."
        for what, count in state.counts.items():
            gauge("bot3_venue_counts", text, count, venue=venue, what=what)

    def _made(self, status: Status) -> None:
        text = "Fees paid since the journal began, by the asset charged."
        for asset, fee in status.fees.items():
            self._gauge("bot3_fees", text, fee, asset=asset)
        text = "Profit of a strategy since the journal began, in the quote asset."
        name = "bot3_strategy_profit"
        for strategy, state in status.strategies.items():
            self._gauge(name, text, state.realized, strategy=strategy, kind="realized")
            self._gauge(name, text, state.unrealized, strategy=strategy, kind="unrealized")

    def _totals(self, status: Status) -> None:
        counter = self._counter
        counter("bot3_market_events_total", "Market events handled.", status.events)
        counter("bot3_signals_total", "Targets decided.", status.signals)
        counter("bot3_fills_total", "Fills.", status.fills)
        counter("bot3_tick_to_order_total", "Latencies measured.", status.tick_to_order.count)
        for reason, count in status.denials.items():
            counter("bot3_denials_total", "Orders refused by the gate.", count, reason=reason)
        text = "Protective exits that were met."
        for kind in StopKind:
            count = status.stops_hit.get(kind.value, 0)
            counter("bot3_stops_hit_total", text, count, kind=kind.value)
        for actor, count in status.restarts.items():
            counter("bot3_restarts_total", "Restarts of actors.", count, actor=actor)
        text = "What was healed by more than a restart."
        for action in HealingAction:
            count = status.healing.get(action.value, 0)
            counter("bot3_healing_actions_total", text, count, action=action.value)
        for state, count in status.orders_by_status.items():
            self._gauge("bot3_orders", "Orders of this run.", count, status=state)

    def _system(self, status: Status) -> None:
        gauge, counter, journal = self._gauge, self._counter, status.journal
        for actor in status.actors:
            path = actor.path
            text = "Messages that wait for it."
            gauge("bot3_actor_waiting", text, actor.waiting, actor=path)
            text = "1 where it runs."
            gauge("bot3_actor_running", text, actor.state == "running", actor=path)
            counter("bot3_actor_handled_total", "Messages handled.", actor.handled, actor=path)
            text = "Messages refused, dropped or replaced by newer ones."
            counter("bot3_actor_dropped_total", text, actor.dropped, actor=path)
            text = "Messages that killed it."
            counter("bot3_actor_dead_letters_total", text, actor.dead_letters, actor=path)
        counter("bot3_journal_records_total", "Records written.", journal.records)
        counter("bot3_journal_commits_total", "Group commits.", journal.commits)
        counter("bot3_journal_failures_total", "Commits that failed.", journal.failures)
        name, text = "bot3_journal_commit_milliseconds", "Group commit, of the last ones."
        gauge(name, text, journal.commit_p50_ms, quantile="0.5")
        gauge(name, text, journal.commit_p99_ms, quantile="0.99")
        text = "Probability of the regime of all instruments together."
        for regime, share in status.market_regime_probabilities.items():
            gauge("bot3_market_regime_probability", text, share, regime=regime)
        text = "Changes found, by detector."
        for detector, count in status.drifts.items():
            counter("bot3_drifts_total", text, count, detector=detector)
        text = "Times that a learner was benched, by reason."
        for reason, count in status.benched.items():
            counter("bot3_benched_total", text, count, reason=reason)
        text = "Feature sets judged against the ones in use, by what became of them."
        for verdict, count in status.judged.items():
            counter("bot3_features_judged_total", text, count, verdict=verdict)
        text = "Strategies evolved beside trading: tried, promoted, or rejected at a gate."
        for what, count in status.evolved.items():
            counter("bot3_strategies_evolved_total", text, count, what=what)
        text = "News that an order could not take, or of orders that are not ours."
        counter("bot3_order_anomalies_total", text, status.anomalies)
        text = "Assets of which the venue says another total than our books."
        gauge("bot3_balance_mismatches", text, status.balance_mismatches)

    def _instrument(self, instrument: InstrumentStatus) -> None:
        gauge = self._gauge
        where = {"symbol": instrument.symbol, "venue": instrument.venue}
        gauge("bot3_bid", "Best bid.", instrument.bid, **where)
        gauge("bot3_ask", "Best ask.", instrument.ask, **where)
        gauge("bot3_position", "Held, in the base asset.", instrument.position, **where)
        for strategy, target in (
            ("ta", instrument.ta_target),
            ("ml", instrument.ml_target),
            ("hybrid", instrument.hybrid_target),
        ):
            gauge("bot3_target", "Target in [-1, 1].", target, strategy=strategy, **where)
        for strategy, weight in instrument.weights.items():
            gauge("bot3_weight", "Weight in the blend.", weight, strategy=strategy, **where)
        for regime, share in instrument.regime_probabilities.items():
            text = "Probability of the regime."
            gauge("bot3_regime_probability", text, share, regime=regime, **where)
        self._learner(instrument, where)
        text = "Share of the configured position limit that risk allows now, and why."
        gauge("bot3_risk_scale", text, instrument.risk_scale, factor="all", **where)
        for factor, scale in instrument.risk_factors.items():
            gauge("bot3_risk_scale", text, scale, factor=factor, **where)

    def _learner(self, instrument: InstrumentStatus, where: dict[str, str]) -> None:
        """Each score beside that of forecasts which need no learning."""
        gauge, one = self._gauge, instrument
        text = "Prequential accuracy: the share of directions called right."
        for forecast, accuracy in (
            ("learner", one.accuracy),
            ("no_change", one.no_change_accuracy),
        ):
            gauge("bot3_accuracy_ratio", text, accuracy, forecast=forecast, **where)
        text = "Prequential log loss in nats."
        for forecast, loss in (
            ("learner", one.log_loss),
            ("no_change", one.no_change_log_loss),
            ("base_rate", one.base_rate_log_loss),
        ):
            gauge("bot3_log_loss_nats", text, loss, forecast=forecast, **where)
        text = "Prequential R2 of the expected returns, beside always saying their mean."
        for forecast, share in (
            ("learner", one.r_squared),
            ("no_change", one.no_change_r_squared),
        ):
            gauge("bot3_r_squared_ratio", text, share, forecast=forecast, **where)
        text = "Mean distance of what was forecast from what came."
        gauge("bot3_calibration_error_ratio", text, one.calibration_error, **where)
        text = "Weight of a model in the learner's blend."
        for model, weight in instrument.model_weights.items():
            gauge("bot3_model_weight", text, weight, model=model, **where)

    def _gauge(self, name: str, text: str, value: float | Decimal | None, **labels: str) -> None:
        known = math.nan if value is None else float(value)
        self._registry.gauge(name, text, labels).set(known)

    def _counter(self, name: str, text: str, total: int, **labels: str) -> None:
        self._registry.counter(name, text, labels).reach(total)
