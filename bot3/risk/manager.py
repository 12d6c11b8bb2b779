"""Risk as its actor asks it: news in, sized targets and answers of the gate out.

Invariant: once halted, it stays so until `resume`; every approved intent is counted before the
answer leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import final

from bot3.domain.account import Balance
from bot3.domain.approval import ApprovedOrder
from bot3.domain.book import Quote
from bot3.domain.fill import Fill
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, InstrumentId, Price, VenueName
from bot3.messages.account import OrderClosed, ReconcileMatched, ReconcileMismatch
from bot3.messages.control import StopHit, TradingHalted, TradingResumed
from bot3.messages.healing import CircuitChanged, CircuitState
from bot3.messages.minds import TargetProposed
from bot3.messages.orders import OrderApproved, OrderDenied, ProposeOrder, TargetSized
from bot3.portfolio.drawdown import DrawdownWatch
from bot3.portfolio.recovery import RecoveredOrder
from bot3.risk.gate import judge
from bot3.risk.limits import RiskLimits
from bot3.risk.sizing import size_target
from bot3.risk.state import OpenCircuit, RiskState
from bot3.risk.stops import hits, over

FLATTEN, STOP = "flatten", "stop"  # in the place of a strategy's name
_DUST = Decimal("1.01")


@final
class RiskManager:
    """`watch` and `halted_reason` come from recovery, as do `restore_order` and `on_position`."""

    def __init__(
        self,
        limits: RiskLimits,
        *,
        watch: DrawdownWatch | None = None,
        halted_reason: str | None = None,
        is_flattening: bool = False,
        last_intent_number: int = 0,
    ) -> None:
        self.limits = limits
        self.state = RiskState(
            watch=DrawdownWatch() if watch is None else watch,
            halted_reason=halted_reason,
            is_flattening=is_flattening,
            last_intent_number=last_intent_number,
        )

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

    def on_equity(self, equity: Decimal, now_ns: int) -> TradingHalted | None:
        """Halts where drawdown or daily loss reach their limits; reported once."""
        self.state.watch = watch = self.state.watch.mark(equity, now_ns)
        if watch.drawdown >= self.limits.drawdown_max:
            return self.halt(f"drawdown {watch.drawdown:.2%} from {watch.peak:.2f}", now_ns)
        if watch.daily_loss >= self.limits.daily_loss_max:
            return self.halt(f"loss of {watch.daily_loss:.2%} since the day began", now_ns)
        return None

    def halt(self, reason: str, now_ns: int) -> TradingHalted | None:
        """Shuts the gate. None where it was shut before: the first reason stands."""
        if self.state.halted_reason is not None:
            return None
        self.state.halted_reason = reason
        return TradingHalted(reason, now_ns)

    def flatten(self, reason: str, now_ns: int) -> TradingHalted | None:
        """Shuts the gate for entries alone. None where positions are being flattened already."""
        if self.state.is_flattening:
            return None
        self.state.halted_reason, self.state.is_flattening = reason, True
        return TradingHalted(reason, now_ns, is_flattening=True)

    def check_stops(self, now_ns: int) -> tuple[StopHit, ...]:
        """Protective stops that are hit now; those that are over are forgotten."""
        sellable = self._sellable()
        for symbol in over(self.state, sellable, now_ns):
            del self.state.stops[symbol]
        found = tuple(hits(self.state, self.limits, sellable, now_ns))
        self.state.stops.update((hit.symbol, hit) for hit in found)
        return found

    def restore_stop(self, hit: StopHit) -> None:
        """One that an earlier life saw; `check_stops` forgets it when it is over."""
        self.state.stops[hit.symbol] = hit

    def exits(self, now_ns: int) -> tuple[TargetSized, ...]:
        """While flattening: no position, at once, wherever a venue would take an order for it.

        Where a stop was hit: on no venue of the symbol.
        """
        if self.state.is_flattening:
            return tuple(
                TargetSized(key, FLATTEN, ZERO, now_ns, 0, is_urgent=True)
                for key in self._sellable()
            )
        return tuple(
            TargetSized(key, STOP, ZERO, now_ns, 0, is_urgent=True)
            for key in self.state.instruments
            if key.symbol in self.state.stops
        )

    def _sellable(self) -> dict[InstrumentId, Decimal]:
        return {
            key: held
            for key, held in self.state.positions.items()
            if held > 0 and self._is_sellable(key, held)
        }

    def _is_sellable(self, key: InstrumentId, held: Decimal) -> bool:
        """An instrument that nobody knows yet may be: the next look tells.

        The margin is for a crossing price below the mark.
        """
        instrument, mark = self.state.instruments.get(key), self.state.marks.get(key)
        if instrument is None or mark is None:
            return True
        amount = instrument.round_amount(held).amount
        is_dust = amount < instrument.amount_min or amount * mark < instrument.notional_min * _DUST
        return amount > 0 and not is_dust

    @property
    def is_flat(self) -> bool:
        """Flattening, and nothing is left to do."""
        return self.state.is_flattening and not self.state.orders and not self.exits(0)

    def resume(self, operator: str, now_ns: int) -> TradingResumed | None:
        """Opens the gate; drawdown and daily loss count anew from here, the venues' balances are
        taken over, and stops that were hit are over. None where it was open.
        """
        if self.state.halted_reason is None and not self.state.mismatches and not self.state.stops:
            return None
        self.state.halted_reason, self.state.is_flattening = None, False
        self.state.stops.clear()
        self.state.watch = self.state.watch.rebase()
        return TradingResumed(operator, now_ns)

    def size(self, proposed: TargetProposed) -> TargetSized | None:
        """None for a warm-up, while flattening, while instrument, price or equity is not known."""
        instrument = self.state.instruments.get(proposed.instrument)
        price = self.state.marks.get(proposed.instrument)
        equity = self.state.watch.equity
        if proposed.is_warm_up or self.state.is_flattening:
            return None
        if instrument is None or price is None or equity is None:
            return None
        if proposed.instrument.symbol in self.state.stops:
            return TargetSized(proposed.instrument, STOP, ZERO, proposed.ts_ns, 0, is_urgent=True)
        position = size_target(
            proposed.target,
            proposed.confidence,
            equity,
            price,
            limits=self.limits,
            instrument=instrument,
        )
        return TargetSized(
            proposed.instrument,
            proposed.strategy,
            position,
            proposed.ts_ns,
            proposed.origin_ns,
            position_max=size_target(
                1.0, 1.0, equity, price, limits=self.limits, instrument=instrument
            ),
        )

    def judge(self, proposal: ProposeOrder, now_ns: int) -> OrderApproved | OrderDenied:
        """The gate's answer; an approved intent counts as an open order from here on."""
        answer = judge(self.state, self.limits, proposal.intent, now_ns)
        if isinstance(answer, ApprovedOrder):
            self.state.take_order(proposal.intent, now_ns)
            return OrderApproved(answer, proposal.origin_ns)
        return OrderDenied(proposal.intent, answer, now_ns)
