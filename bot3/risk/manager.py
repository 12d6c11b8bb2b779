"""Risk as its actor asks it: news in, sized targets and answers of the gate out.

Invariant: once halted, it stays so until `resume`, or `reopen` where a rule allows that; every
approved intent is counted before the answer leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import final

from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.book import Quote
from bot3.domain.fill import Fill
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, InstrumentId, Price, Symbol, VenueName
from bot3.messages.account import OrderClosed, ReconcileMatched, ReconcileMismatch
from bot3.messages.control import PeakRaised, StopHit, TradingHalted, TradingResumed
from bot3.messages.healing import CircuitChanged, CircuitState
from bot3.messages.minds import RegimeEstimated, TargetProposed
from bot3.messages.orders import OrderApproved, OrderDenied, ProposeOrder, TargetSized
from bot3.messages.risk import (
    AllocationSolved,
    CapitalChanged,
    LadderMoved,
    PairExamined,
    RiskScaled,
    VolatilityFitted,
)
from bot3.portfolio.drawdown import DrawdownWatch
from bot3.portfolio.recovery import LOSING_STOPS, RecoveredOrder
from bot3.portfolio.reinvestment import Reinvestment, ReinvestmentSettings
from bot3.portfolio.round_trips import RoundTrips
from bot3.risk import halts
from bot3.risk.adaptive.manager import AdaptiveRiskManager
from bot3.risk.exits import STOP, exits, is_flat, sellable
from bot3.risk.gate import judge
from bot3.risk.limits import RiskLimits
from bot3.risk.sizing import size_target
from bot3.risk.state import OpenCircuit, RiskState, entered_by
from bot3.risk.stops import hits, over, raise_peaks


@final
class RiskManager:
    """`watch` and `halted` come from recovery, as do `restore_order` and `on_position`."""

    def __init__(
        self,
        limits: RiskLimits,
        *,
        watch: DrawdownWatch | None = None,
        halted: TradingHalted | None = None,
        last_intent_number: int = 0,
        adaptive: AdaptiveRiskManager | None = None,
        reinvestment: Reinvestment | None = None,
    ) -> None:
        self.limits = limits
        self.reinvestment = reinvestment or Reinvestment(ReinvestmentSettings())
        self._is_settled = False
        self.adaptive = adaptive
        self.state = RiskState(
            watch=DrawdownWatch() if watch is None else watch,
            halted=halted,
            last_intent_number=last_intent_number,
        )

    def limits_of(self, instrument: InstrumentId) -> RiskLimits:
        """What binds there now: the configured limits, or what adapts below them."""
        return self.limits if self.adaptive is None else self.adaptive.limits_of(instrument)

    def on_instruments(self, instruments: Iterable[Instrument]) -> None:
        """What may be traded, and by which filters."""
        self.state.instruments.update((instrument.id, instrument) for instrument in instruments)

    def restore_order(self, kept: RecoveredOrder) -> None:
        """An order that recovery found unresolved: it binds funds and counts as exposure."""
        self.state.count(kept.order.intent, kept.open_amount, kept.order.filled.amount)

    def on_quote(self, instrument: InstrumentId, quote: Quote, ts_local_ns: int) -> None:
        """The book's touch."""
        self.state.take_quote(instrument, quote, ts_local_ns)

    def on_book_lost(self, instrument: InstrumentId) -> None:
        """Nothing is approved there until the next quote."""
        self.state.quotes.pop(instrument, None)

    def on_feed_lost(self, venue: VenueName) -> None:
        """All its books are lost."""
        for instrument in [key for key in self.state.quotes if key.venue == venue]:
            self.on_book_lost(instrument)

    def on_account_lost(self, venue: VenueName, reason: str) -> None:
        """We cannot see our orders there: nothing is approved until `on_account_restored`."""
        self.state.venues_down[venue] = reason or "account stream lost"

    def on_account_restored(self, venue: VenueName) -> None:
        """The private stream is up and what was missed has been fetched."""
        self.state.venues_down.pop(venue, None)

    def on_circuit(self, changed: CircuitChanged) -> None:
        """A venue fails, may be tried with one entry, or is sound again."""
        if changed.state is CircuitState.CLOSED:
            self.state.circuits.pop(changed.venue, None)
        else:
            probes = int(changed.state is CircuitState.HALF_OPEN)
            self.state.circuits[changed.venue] = OpenCircuit(changed.reason, probes)

    def on_position(
        self,
        instrument: InstrumentId,
        position: Decimal,
        fill: Fill | None = None,
        entry: Price | None = None,
    ) -> None:
        """The position with the fill that made it (None: from recovery) and its average price."""
        self.state.positions[instrument] = position
        self.state.entries.pop(instrument, None)
        if entry is not None:
            self.state.entries[instrument] = entry.amount
        if fill is not None:
            self.state.take_fill(fill.client_order_id, fill.amount.amount)

    def on_realized(
        self, instrument: InstrumentId, position: Decimal, realized: Decimal, ts_ns: int
    ) -> None:
        """What an instrument has realized in all, after a fill that is new to us."""
        self._is_settled = True
        if self.state.trips.take(instrument, position, realized, ts_ns) is None:
            return
        if self.adaptive is not None:
            self.adaptive.on_losses(self.state.trips.losses)

    def on_allocation(self, solved: AllocationSolved) -> None:
        """How capital should be shared."""
        if self.adaptive is not None:
            self.adaptive.on_allocation(solved)

    def on_pair(self, examined: PairExamined) -> None:
        """What a venue's history says of a market."""
        self.state.pairs[examined.instrument] = examined

    def on_order_closed(self, closed: OrderClosed) -> None:
        """An order is final: its unfilled rest counts no more."""
        self.state.take_close(closed.client_order_id, closed.filled)

    def on_balances(self, balances: Iterable[Balance]) -> None:
        """The venue's absolute figures."""
        self.state.balances.update(((each.venue, each.asset), each) for each in balances)

    def on_reconciled(self, news: ReconcileMismatch | ReconcileMatched) -> None:
        """No entries on a venue whose books and ours differ, until they agree."""
        if isinstance(news, ReconcileMismatch):
            self.state.mismatches[news.venue, news.asset] = news
        else:
            self.state.mismatches.pop((news.venue, news.asset), None)

    def on_bar(self, bar: RegimeEstimated) -> RiskScaled | None:
        """A bar closed: sizes follow. None where nothing adapts, and in a warm-up."""
        if self.adaptive is None:
            return None
        seen = self.state.quotes.get(bar.instrument)
        quote = None if seen is None or bar.features.is_warm_up else seen.quote
        self.adaptive.on_bar(bar, quote, self.state.watch.equity)
        is_told = not bar.features.is_warm_up
        return self.adaptive.scaled(bar.instrument, bar.ts_ns) if is_told else None

    def on_equity(self, equity: Decimal, now_ns: int) -> TradingHalted | None:
        """Halts where drawdown or daily loss reach their limits; reported once."""
        return halts.mark_equity(self.state, self.limits, equity, now_ns)

    def reinvest(self, now_ns: int) -> CapitalChanged | None:
        """At an equity that fills have settled since the last time; told where sizes change."""
        equity = self.state.watch.equity
        if equity is None or not (self._is_settled or not self.reinvestment.base):
            return None
        self._is_settled = False
        self.reinvestment, told = self.reinvestment.settle(equity, now_ns)
        return told

    def climb(self, now_ns: int) -> LadderMoved | None:
        """Sizes follow the drawdown; told where a step was taken or given back."""
        if self.adaptive is None:
            return None
        watch, ladder = self.state.watch, self.adaptive.ladder
        before = ladder.scale
        self.adaptive.on_drawdown(watch.drawdown, watch.reopens)
        if ladder.scale == before:
            return None
        return LadderMoved(now_ns, watch.drawdown, ladder.step, ladder.scale)

    def halt(self, reason: str, now_ns: int) -> TradingHalted | None:
        """Shuts the gate. None where it was shut before: the first reason stands."""
        return halts.halt(self.state, reason, now_ns)

    def flatten(self, reason: str, now_ns: int) -> TradingHalted | None:
        """Shuts the gate for entries alone. None where positions are being flattened already."""
        return halts.flatten(self.state, reason, now_ns)

    def resume(self, operator: str, now_ns: int) -> TradingResumed | None:
        """Opens the gate; None where it was open. See `halts.resume`."""
        return halts.resume(self.state, operator, now_ns)

    def reopen(self, now_ns: int) -> TradingResumed | None:
        """Opens the gate by rule, where one of our own limits had shut it."""
        ladder = None if self.adaptive is None else self.adaptive.ladder
        return None if ladder is None else halts.reopen(self.state, ladder, now_ns)

    def check_stops(self, now_ns: int) -> tuple[StopHit | PeakRaised, ...]:
        """Protective exits that are met now, and peaks to write down; what is over is forgotten."""
        held = sellable(self.state)
        for symbol in over(self.state, held, now_ns):
            del self.state.stops[symbol]
        raised = raise_peaks(self.state, self.limits, held, now_ns)
        found = tuple(hits(self.state, self.limits, held, now_ns))
        for hit in found:
            self.restore_stop(hit)
            if hit.kind in LOSING_STOPS:
                self.state.stops_hit_ns.append(hit.ts_ns)
        return (*raised, *found)

    def restore_stop(self, hit: StopHit) -> None:
        """One that holds; `check_stops` forgets it when it is over."""
        self.state.stops[hit.symbol] = hit

    def restore_trips(
        self, trips: RoundTrips, stops_hit_ns: Iterable[int], peaks: Mapping[Symbol, Decimal]
    ) -> None:
        """Of an earlier life: what is held since when, losses in a row, stops, peaks."""
        self.state.trips = trips
        self.state.stops_hit_ns.extend(stops_hit_ns)
        self.state.peaks.update(peaks)

    def on_fit(self, fitted: VolatilityFitted) -> None:
        """Parameters of an instrument's volatility, fitted beside trading."""
        if self.adaptive is not None:
            self.adaptive.on_fit(fitted)

    def exits(self, now_ns: int) -> tuple[TargetSized, ...]:
        """What is to be sold now."""
        return exits(self.state, now_ns)

    @property
    def is_flat(self) -> bool:
        """Flattening, and nothing is left to do."""
        return is_flat(self.state)

    def size(self, proposed: TargetProposed) -> TargetSized | None:
        """None for a warm-up, while flattening, while instrument, price or equity is not known, and
        for a strategy that is not traded by itself.
        """
        if proposed.is_warm_up or self.state.is_flattening:
            return None
        wanted = proposed if self.adaptive is None else self.adaptive.on_target(proposed)
        instrument = self.state.instruments.get(proposed.instrument)
        price, equity = self.state.mark(proposed.instrument), self.state.watch.equity
        if wanted is None or instrument is None or price is None or equity is None:
            return None
        if self.reinvestment.base:
            equity = self.reinvestment.usable(equity)
        if proposed.instrument.symbol in self.state.stops:
            return TargetSized(proposed.instrument, STOP, ZERO, proposed.ts_ns, 0, is_urgent=True)
        limits = self.limits_of(proposed.instrument)
        position = size_target(
            wanted.target,
            wanted.confidence,
            equity,
            price,
            limits=limits,
            instrument=instrument,
        )
        return TargetSized(
            proposed.instrument,
            proposed.strategy,
            position,
            proposed.ts_ns,
            proposed.origin_ns,
            position_max=size_target(1.0, 1.0, equity, price, limits=limits, instrument=instrument),
        )

    def judge(self, proposal: ProposeOrder, now_ns: int) -> OrderApproved | OrderDenied:
        """The gate's answer; an approved intent counts as an open order from here on."""
        limits = self.limits_of(entered_by(proposal.intent))
        answer = judge(self.state, limits, proposal.intent, now_ns)
        if isinstance(answer, ApprovedOrder):
            self.state.take_order(proposal.intent, now_ns)
            return OrderApproved(answer, proposal.origin_ns)
        return OrderDenied(proposal.intent, answer, now_ns)
