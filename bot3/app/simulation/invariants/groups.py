"""What a group of legs leaves open of an asset is bounded, by the exchange's own executions.

A group's legs are known by the strategy that their intents name. What was executed of them, of each
asset what came in less what went out, never cost or brought more than one group may be worth, from
the first leg to the group's end (a cross symbol's at the mark that its intent has): at its own
prices, for venues may be percents apart. And a group ends in time. A
process or an execution actor that ends takes its groups with it: what is open then belongs to the
strategies' targets, as everything that is held.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, final

from adapters.simulated.orders import Execution
from bot3.app.simulation.invariants.events import (
    LifecycleHeard,
    ProcessStarted,
    RecordWritten,
    VenueReported,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings
from bot3.app.simulation.invariants.venue_sums import assets_of
from bot3.domain.order import OrderIntent
from bot3.domain.values import ZERO, Asset, Symbol
from bot3.execution.group_desk import STRATEGY
from bot3.messages.arbitrage import ArbitrageClosed
from bot3.messages.orders import IntentRecorded
from supervisors.observe import ActorStarted

# Limits are in whole lots and off the mid that a group is valued at.
_SLACK: Final = Decimal("1.02")
_EXECUTION: Final = "/execution"


@final
class GroupsBounded:
    """`size_max` in quote and `seconds_max` of one group, as configured."""

    name = "groups_bounded"
    hears: tuple[type[WorldEvent], ...] = (
        RecordWritten, VenueReported, ProcessStarted, LifecycleHeard,
    )  # fmt: skip

    def __init__(self, settings: InvariantSettings) -> None:
        self._size_max = settings.group_size_max * _SLACK
        self._seconds_max = settings.group_s_max
        self._currency = settings.currency
        self._legs: dict[str, OrderIntent] = {}
        self._open: dict[Symbol, Decimal] = {}  # in the accounting currency

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        match event:
            case RecordWritten(record=IntentRecorded(intent=intent)):
                if intent.strategy == STRATEGY:
                    self._legs[intent.client_order_id] = intent
            case RecordWritten(record=ArbitrageClosed() as closed):
                texts = self._closed(closed)
            case VenueReported():
                texts = self._executed(event)
            case ProcessStarted():
                self._forget()
            case LifecycleHeard(event=ActorStarted(path=path)) if path.endswith(_EXECUTION):
                self._forget()
            case _:
                pass
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _forget(self) -> None:
        self._legs.clear()
        self._open.clear()

    def _closed(self, closed: ArbitrageClosed) -> list[str]:
        over = set(closed.symbols)
        for symbol in over:
            self._open.pop(symbol, None)
        self._legs = {
            key: intent
            for key, intent in self._legs.items()
            if intent.instrument.symbol not in over
        }
        texts: list[str] = []
        if closed.exposed_s > self._seconds_max:
            texts.append(f"open for {closed.exposed_s:.2f} s, {self._seconds_max:g} allowed")
        if closed.exposure_max > self._size_max:
            texts.append(f"{closed.exposure_max:.2f} was open, {self._size_max:.2f} allowed")
        return [f"{closed.symbol}: {text}" for text in texts]

    def _executed(self, event: VenueReported) -> list[str]:
        report = event.report
        intent = self._legs.get(report.order.request.client_order_id)
        if intent is None or report.execution is not Execution.TRADE or report.trade is None:
            return []
        rate = Decimal(1) if intent.conversion is None else intent.conversion.price.amount
        sign, (base, quote) = report.trade.side.sign, assets_of(intent.instrument)
        texts = self._moved(base, sign * report.trade.amount, report.trade.price * rate)
        if quote != self._currency:
            texts += self._moved(quote, -sign * report.trade.quote, rate)
        return texts

    def _moved(self, asset: Asset, change: Decimal, price: Decimal) -> list[str]:
        symbol = Symbol(f"{asset}/{self._currency}")
        now = self._open[symbol] = self._open.get(symbol, ZERO) + change * price
        if abs(now) <= self._size_max:
            return []
        return [f"{symbol}: {abs(now):.2f} open on one side, {self._size_max:.2f} allowed"]
