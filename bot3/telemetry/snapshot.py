"""Snapshots of the whole system, from the board and from what runs the process."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol, final

import msgspec
from attrs import frozen

from bot3.domain.values import InstrumentId, VenueName
from bot3.messages.minds import MarketRegimeEstimated, RegimeEstimated
from bot3.messages.risk import RiskScaled
from bot3.portfolio.strategy_books import StrategyBook
from bot3.telemetry.board import Board
from bot3.telemetry.cards import InstrumentCard
from bot3.telemetry.status import (
    ActorStatus,
    InstrumentStatus,
    JournalStatus,
    LatencyStatus,
    Status,
    VenueHealth,
    VenueStatus,
)
from bot3.telemetry.strategies import fees_of, strategies_of
from supervisors.clock import Clock
from supervisors.observe import ActorStatistics

STALE_AFTER_MS = 10_000.0


@frozen
class RunFacts:
    """What does not change while a process runs."""

    run: str
    data_source: str
    config_hash: str
    quote: str
    capital: Decimal
    target_apy: float
    url: str
    started_ns: int


class Gauges(Protocol):
    """What is asked of the running process at each snapshot."""

    def events(self) -> int: ...

    def actors(self) -> Iterable[ActorStatistics]: ...

    def journal(self) -> JournalStatus: ...

    def counts(self, venue: str) -> dict[str, int]: ...

    def health(self, venue: str) -> VenueHealth: ...

    def strategies(self) -> Mapping[str, StrategyBook]:
        """What each made since the journal began."""
        ...

    def notes(self) -> tuple[str, ...]:
        """What else keeps it from trading."""
        ...


@final
class Snapshots:
    """The `StatusSource` of the process."""

    def __init__(
        self,
        board: Board,
        facts: RunFacts,
        clock: Clock,
        gauges: Gauges,
    ) -> None:
        self._board = board
        self._facts = facts
        self._clock = clock
        self._gauges = gauges

    def status(self) -> Status:
        """Now."""
        board, now_ns = self._board, self._clock.now_ns()
        venues: dict[str, VenueStatus] = {name: self._venue(name, now_ns) for name in board.venues}
        reasons = self._reasons(venues)
        actors = tuple(_actor(one) for one in self._gauges.actors())
        return msgspec.structs.replace(
            self._money(now_ns),
            is_ready=not reasons,
            reasons=reasons,
            venues=venues,
            instruments=tuple(
                _instrument(key, card, board.risk.scaled.get(key))
                for key, card in board.instruments.items()
            ),
            recent_orders=tuple(reversed(board.orders.recent.values())),
            recent_fills=tuple(reversed(board.recent_fills)),
            orders_by_status=self._orders_by_status(),
            denials=dict(board.orders.denials),
            restarts={actor.path: actor.restarts for actor in actors if actor.restarts},
            healing=dict(board.healing),
            fills=board.fills,
            events=self._gauges.events(),
            signals=board.signals,
            market_regime=_label(board.minds.market_regime),
            market_regime_probabilities=_probabilities(board.minds.market_regime),
            drifts=dict(board.minds.drifts),
            benched=dict(board.minds.benched),
            judged=dict(board.minds.judged),
            evolved=dict(board.minds.evolved),
            anomalies=board.anomalies,
            stops_hit=dict(board.stops_hit),
            stop=board.stop,
            risk=board.risk.status(),
            balance_mismatches=len(board.mismatches),
            mismatches=tuple(each.words for each in board.unreconciled.values()),
            tick_to_order=self._latency(),
            actors=actors,
            journal=self._gauges.journal(),
        )

    def _money(self, now_ns: int) -> Status:
        """Which run it is, and how it stands."""
        board, facts, marked = self._board, self._facts, self._board.equity
        return Status(
            run=facts.run,
            data_source=facts.data_source,
            ts_ns=now_ns,
            uptime_s=(now_ns - facts.started_ns) / 1e9,
            is_ready=False,
            quote=facts.quote,
            target_apy=facts.target_apy,
            config_hash=facts.config_hash,
            url=facts.url,
            equity_start=facts.capital if board.equity_start is None else board.equity_start,
            equity=None if marked is None else marked.equity,
            fees_paid=board.fees_paid,
            fees=fees_of(self._gauges.strategies()),
            strategies=strategies_of(self._gauges.strategies(), board.instruments, facts.quote),
            drawdown=0.0 if marked is None else marked.drawdown,
            max_drawdown=board.drawdown_max,
            is_halted=board.halted is not None,
            halt_reason="" if board.halted is None else board.halted.reason,
            is_flattening=board.halted is not None and board.halted.is_flattening,
            is_flat=board.flattened is not None,
            arbitrage=board.arbitrage.status(),
            chain=board.chain.status(),
            alerts=board.alerts.status(),
        )

    def _orders_by_status(self) -> dict[str, int]:
        counts = dict(self._board.orders.closed)
        for status in self._board.orders.live.values():
            counts[status.value] = counts.get(status.value, 0) + 1
        return counts

    def _latency(self) -> LatencyStatus:
        p50, p99 = self._board.tick_to_order.quantiles((0.5, 0.99))
        if math.isnan(p50):
            return LatencyStatus()
        return LatencyStatus(p50_us=p50, p99_us=p99, count=self._board.tick_to_order.count)

    def _venue(self, name: VenueName, now_ns: int) -> VenueStatus:
        card = self._board.venues[name]
        return VenueStatus(
            is_feed_connected=card.is_feed_connected,
            is_account_connected=card.is_account_connected,
            book_age_ms=self._board.book_age_ms(name, now_ns),
            detail=card.detail,
            circuit=card.circuit.value,
            sent=dict(card.sent),
            foreign=card.foreign,
            is_dead_man_armed=None if card.dead_man is None else card.dead_man.is_armed,
            dead_man="" if card.dead_man is None else card.dead_man.detail,
            dead_man_canceled=card.dead_man_canceled,
            counts=self._gauges.counts(name),
            health=self._gauges.health(name),
        )

    def _reasons(self, venues: Mapping[str, VenueStatus]) -> tuple[str, ...]:
        """Why it cannot trade yet, or now."""
        reasons = []
        for name, venue in venues.items():
            if not venue.is_feed_connected:
                reasons.append(f"{name}: no market data")
            if not venue.is_account_connected:
                reasons.append(f"{name}: no private stream")
            if venue.book_age_ms is None or venue.book_age_ms > STALE_AFTER_MS:
                reasons.append(f"{name}: no fresh book")
        board = self._board
        if board.equity is None:
            reasons.append("equity is not known yet")
        if not all("hybrid" in card.targets for card in board.instruments.values()):
            reasons.append("signals are not ready")
        return (*reasons, *self._gauges.notes())


def _actor(one: ActorStatistics) -> ActorStatus:
    """By its path below the root."""
    work = one.workload
    return ActorStatus(
        path=one.path.partition("/")[2],
        state=one.state.value,
        restarts=one.restarts,
        handled=work.handled,
        waiting=work.waiting,
        dropped=work.dropped + work.conflated + work.rejected,
        dead_letters=work.dead_letters,
    )


def _instrument(
    key: InstrumentId, card: InstrumentCard, scaled: RiskScaled | None
) -> InstrumentStatus:
    quote = None if card.quote is None else card.quote.quote
    score, regime = card.score, card.regime
    targets = {name: proposed.target for name, proposed in card.targets.items()}
    return InstrumentStatus(
        symbol=key.symbol,
        venue=key.venue,
        bid=None if quote is None else quote.bid,
        ask=None if quote is None else quote.ask,
        bars=card.bars,
        regime=None if regime is None else regime.label.value,
        regime_probabilities=_probabilities(regime),
        ta_target=targets.get("ta"),
        ml_target=targets.get("ml"),
        hybrid_target=targets.get("hybrid"),
        weights=card.weights,
        position=card.held.amount,
        realized=card.held.realized if card.held.cost or card.held.realized else None,
        unrealized=card.unrealized(),
        accuracy=None if score is None else score.accuracy,
        no_change_accuracy=None if score is None else score.no_change_accuracy,
        log_loss=None if score is None else score.log_loss,
        base_rate_log_loss=None if score is None else score.base_rate_log_loss,
        no_change_log_loss=None if score is None else score.no_change_log_loss,
        r_squared=None if score is None else score.r_squared,
        no_change_r_squared=None if score is None else score.no_change_r_squared,
        calibration_error=None if score is None else score.calibration_error,
        model_weights={} if score is None else score.weights,
        labels=0 if score is None else score.labels,
        risk_scale=None if scaled is None else scaled.scale,
        risk_share=None if scaled is None else scaled.share,
        risk_factors={} if scaled is None else scaled.factors,
    )


def _label(regime: MarketRegimeEstimated | None) -> str | None:
    return None if regime is None else regime.label.value


def _probabilities(regime: RegimeEstimated | MarketRegimeEstimated | None) -> dict[str, float]:
    """Of the filter's states, which know volatility only: the calmest first, the wildest last."""
    if regime is None:
        return {}
    shares = regime.probabilities
    names = ["calm", *(f"between {at}" for at in range(1, len(shares) - 1)), "volatile"]
    return dict(zip(names, shares, strict=True))
