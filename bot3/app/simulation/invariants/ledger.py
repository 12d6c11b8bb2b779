"""Money: nothing appears or vanishes, what is bound is what open orders need, the bot's balances
are the venue's.

The exchange's total of an asset over all its accounts (the rest of the market and the fees
included) changes by deposits alone; our total is deposits and fills, exactly.
"""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import final

from adapters.simulated.orders import OrderRecord
from bot3.app.simulation.invariants.events import (
    Settled,
    VenueFunded,
    VenueReported,
    VenueRest,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings
from bot3.app.simulation.invariants.venue_sums import (
    SUMMED_EVENTS,
    VenueSums,
    assets_of,
    instrument_of,
    trade_of,
)
from bot3.domain.account import Balance
from bot3.domain.values import ZERO, Asset, InstrumentId, Side, VenueName

_UNIT = Decimal("0.00000001")


@final
class LedgerBalances:
    """Remembers sums and open orders."""

    name = "ledger"
    hears: tuple[type[WorldEvent], ...] = (*SUMMED_EVENTS, Settled)

    def __init__(self, settings: InvariantSettings) -> None:
        self._sums = VenueSums(settings.currency)
        self._deposits: dict[VenueName, dict[Asset, Decimal]] = {}
        self._open: dict[tuple[InstrumentId, int], OrderRecord] = {}

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        self._sums.hear(event)
        if isinstance(event, VenueFunded):
            self._fund(event)
        elif isinstance(event, VenueReported):
            self._follow(event)
            texts = self._overdrawn(event)
        elif isinstance(event, Settled):
            believed = {(each.venue, each.asset): each for each in event.bot.balances}
            for rest in event.venues:
                texts += [*self._created(rest), *self._own(rest), *_believed(rest, believed)]
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _fund(self, event: VenueFunded) -> None:
        """The first one is in the exchange's totals at the start already."""
        if (later := self._deposits.get(event.venue)) is None:
            self._deposits[event.venue] = {}
            return
        for asset, amount in event.amounts.items():
            later[asset] = later.get(asset, ZERO) + amount

    def _follow(self, event: VenueReported) -> None:
        order = event.report.order
        key = (instrument_of(event), order.order_id)
        if order.status.is_open:
            self._open[key] = order
        else:
            self._open.pop(key, None)

    def _overdrawn(self, event: VenueReported) -> list[str]:
        if trade_of(event) is None:
            return []
        return [
            f"{event.venue} {asset}: {total} after {event.report.order.request.client_order_id}"
            for asset in assets_of(instrument_of(event))
            if (total := self._sums.totals.get((event.venue, asset), ZERO)) < 0
        ]

    def _created(self, rest: VenueRest) -> list[str]:
        deposits = self._deposits.get(rest.venue, {})
        return [
            f"{rest.venue} {asset}: all accounts sum to {rest.totals.get(asset, ZERO)}, want {due}"
            for asset in sorted({*rest.totals, *rest.totals_at_start, *deposits})
            if rest.totals.get(asset, ZERO)
            != (due := rest.totals_at_start.get(asset, ZERO) + deposits.get(asset, ZERO))
        ]

    def _own(self, rest: VenueRest) -> list[str]:
        texts = []
        held = {balance.asset: balance for balance in rest.balances}
        ours = {asset for venue, asset in self._sums.totals if venue == rest.venue}
        for asset in sorted({*held, *ours}):
            balance = held.get(asset, Balance(rest.venue, asset, ZERO, ZERO))
            due, bound = self._sums.totals.get((rest.venue, asset), ZERO), self._bound(rest, asset)
            where = f"{rest.venue} {asset}: free {balance.free}, held {balance.held}"
            if balance.free + balance.held != due:
                texts.append(f"{where}, deposits and fills sum to {due}")
            if balance.held != bound:
                texts.append(f"{where}, open orders need {bound}")
            if min(balance.free, balance.held) < 0:
                texts.append(f"{where}: below zero")
        return texts

    def _bound(self, rest: VenueRest, asset: Asset) -> Decimal:
        """The rest of each order: its base, or its worth rounded up to the venue's last digit."""
        bound = ZERO
        for (instrument, _), order in self._open.items():
            base, quote = assets_of(instrument)
            left = order.amount - order.executed
            if instrument.venue != rest.venue:
                continue
            if order.request.side is Side.SELL and asset == base:
                bound += left
            elif order.request.side is Side.BUY and asset == quote:
                bound += (order.request.price * left).quantize(_UNIT, ROUND_UP)
        return bound


def _believed(rest: VenueRest, believed: dict[tuple[VenueName, Asset], Balance]) -> list[str]:
    true = {(rest.venue, balance.asset): balance for balance in rest.balances}
    keys = {*true, *(key for key in believed if key[0] == rest.venue)}
    texts = []
    for key in sorted(keys):
        nothing = Balance(*key, ZERO, ZERO)
        ours, theirs = believed.get(key, nothing), true.get(key, nothing)
        if (ours.free, ours.held) != (theirs.free, theirs.held):
            texts.append(
                f"{key[0]} {key[1]}: the bot believes in {ours.free} free and {ours.held} held,"
                f" the venue has {theirs.free} and {theirs.held}"
            )
    return texts
