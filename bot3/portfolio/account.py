"""The account as a whole: venue balances, our own books, marks, equity.

Invariant: equity is what the venues say we hold at the last known mids; a price that was once known
is never forgotten, so a lost feed cannot look like a loss.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import final

from attrs import frozen

from bot3.domain.account import Balance
from bot3.domain.book import Quote
from bot3.domain.errors import LedgerError
from bot3.domain.fill import Fill
from bot3.domain.ids import ADOPTED_BALANCE
from bot3.domain.ledger import Account, Ledger, fill_entry, only_assets, transfer
from bot3.domain.values import ZERO, Asset, InstrumentId, Symbol, VenueName, decimal_of
from bot3.messages.account import BalanceMismatch, PositionChanged
from bot3.messages.control import EquityMarked
from bot3.portfolio.drawdown import DrawdownWatch
from bot3.portfolio.positions import PositionTracker, base_and_quote


@frozen
class Valuation:
    """Equity in the quote currency. `unpriced` hold something but trade nowhere against it;
    `waiting` will have a price, but no quote has come yet: the equity is not complete.
    """

    equity: Decimal
    unpriced: tuple[Asset, ...]
    waiting: tuple[Asset, ...]


@final
class Portfolio:
    """What the portfolio actor asks. All figures are of one accounting currency, `currency`."""

    def __init__(
        self,
        currency: Asset,
        instruments: Iterable[InstrumentId],
        *,
        tracker: PositionTracker | None = None,
        watch: DrawdownWatch | None = None,
    ) -> None:
        self.currency = currency
        self.tracker = PositionTracker() if tracker is None else tracker
        self.watch = DrawdownWatch() if watch is None else watch
        self.ledger = Ledger()
        self.ledger_errors: int = 0
        known = sorted(instruments, reverse=True)  # the first venue by name wins
        self._instruments = {base_and_quote(key): key for key in known}
        self._instruments_at = {
            (key.venue, *assets): key for key in known for assets in [base_and_quote(key)]
        }
        self._balances: dict[tuple[VenueName, Asset], Balance] = {}
        self._quotes: dict[InstrumentId, Quote] = {}

    def on_quote(self, instrument: InstrumentId, quote: Quote) -> None:
        """Keeps the last sound quote as the mark."""
        if 0 < quote.bid < quote.ask:
            self._quotes[instrument] = quote

    def on_balances(self, balances: Iterable[Balance]) -> None:
        """The venue's absolute figures; an asset's first one opens its ledger account."""
        for balance in balances:
            key = (balance.venue, balance.asset)
            if key not in self._balances:
                self._adjust(balance)
            self._balances[key] = balance

    def on_fill(self, fill: Fill) -> tuple[PositionChanged, ...]:
        """Nothing for a trade id counted before and for an order that is not bot3's."""
        if not self.tracker.owns(fill.client_order_id) or not self.tracker.apply(fill):
            return ()
        if fill.client_order_id != ADOPTED_BALANCE:  # those coins are in the ledger already
            self._book(fill)
        return self.changed_by(fill)

    def changed_by(self, fill: Fill) -> tuple[PositionChanged, ...]:
        """The positions now, with a fill that is counted in them."""
        held = [(key, self.tracker.position(key)) for key in _moved(fill)]
        return tuple(
            PositionChanged(key, each.amount, each.average_price, each.realized, fill)
            for key, each in held
        )

    def cost_bps(self, fill: Fill) -> float | None:
        """Fee and distance from the mid now, in basis points of the notional.

        None without a mid, or where the fee is in an asset that has no price here.
        """
        mid, (base, quote) = self.mark_of(fill.instrument), base_and_quote(fill.instrument)
        notional = fill.notional.amount
        if mid is None or notional <= ZERO or fill.fee_asset not in (base, quote):
            return None
        fee = fill.fee if fill.fee_asset == quote else fill.fee * fill.price.amount
        apart = fill.side.sign * (fill.price.amount - mid) / mid
        return float((apart + fee / notional) * 10_000)

    def _book(self, fill: Fill) -> None:
        base, quote = base_and_quote(fill.instrument)
        venue = fill.instrument.venue
        opened = {asset for held_by, asset in self._balances if held_by == venue}
        entry = only_assets(fill_entry(fill, base, quote), opened)
        try:
            self.ledger.post(entry)
        except LedgerError:  # the books cannot know better than the venue: shown as a mismatch
            self.ledger_errors += 1

    def mark(self, now_ns: int) -> EquityMarked | None:
        """The equity now; None before the first balance, and while a held asset has no mark yet."""
        valuation = self.value()
        if not self._balances or valuation.waiting:
            return None
        self.watch = self.watch.mark(valuation.equity, now_ns)
        watch = self.watch
        return EquityMarked(valuation.equity, watch.peak, watch.drawdown, now_ns, self.invested())

    def invested(self) -> Decimal:
        """What our positions are worth at the mids; one that has none yet counts as nothing."""
        return sum(
            (
                position.amount * (self.mark_of(key) or ZERO)
                for key, position in self.tracker.positions().items()
            ),
            ZERO,
        )

    def value(self) -> Valuation:
        """Balances at the marks."""
        equity, unpriced, waiting = ZERO, set[Asset](), set[Asset]()
        for (venue, asset), balance in self._balances.items():
            if not balance.total:
                continue
            if asset == self.currency:
                equity += balance.total
            elif (key := self._priced_by(venue, asset)) is None:
                unpriced.add(asset)
            elif (price := self.mark_of(key)) is None:
                waiting.add(asset)
            else:
                equity += balance.total * price
        return Valuation(equity, tuple(sorted(unpriced)), tuple(sorted(waiting)))

    def _priced_by(self, venue: VenueName, asset: Asset) -> InstrumentId | None:
        own = self._instruments_at.get((venue, asset, self.currency))
        return own or self._instruments.get((asset, self.currency))

    def mark_of(self, instrument: InstrumentId) -> Decimal | None:
        """The mid of the last sound quote."""
        quote = self._quotes.get(instrument)
        return None if quote is None else (decimal_of(quote.bid) + decimal_of(quote.ask)) / 2

    def mismatches(self, tolerance: Decimal = ZERO) -> tuple[BalanceMismatch, ...]:
        """Where ledger and venue differ by more than that, and by more than what venues round off
        fills of cross symbols; events in flight make passing ones.
        """
        found: list[BalanceMismatch] = []
        for (venue, asset), balance in sorted(self._balances.items()):
            ours, held = self.ledger.total(venue, asset), self._position_total(venue, asset)
            allowed = tolerance + self.tracker.rounded(
                InstrumentId(venue, Symbol(f"{asset}/{self.currency}"))
            )
            if abs(balance.total - ours) > allowed:
                found.append(BalanceMismatch(venue, asset, ours, balance.total))
            elif held - balance.total > allowed:  # of what is not ours there may be more
                found.append(BalanceMismatch(venue, asset, held, balance.total))
        return tuple(found)

    def _position_total(self, venue: VenueName, asset: Asset) -> Decimal:
        """What our fills left of an asset on a venue, over all its markets."""
        return sum(
            (
                position.amount
                for key, position in self.tracker.positions().items()
                if key.venue == venue and base_and_quote(key)[0] == asset
            ),
            ZERO,
        )

    def beyond_positions(self, venue: VenueName, asset: Asset) -> Decimal:
        """What is held there that no fill of ours bought; zero while books and venue differ."""
        balance, ours = self._balances.get((venue, asset)), self.ledger.total(venue, asset)
        if balance is None or balance.total != ours:
            return ZERO
        return ours - self._position_total(venue, asset)

    def adopt(self) -> None:
        """An operator says that the venue is right: a deposit, a withdrawal, a trade by hand."""
        for balance in self._balances.values():
            self._adjust(balance)

    def _adjust(self, balance: Balance) -> None:
        """Free takes the difference; a held amount of ours stays."""
        difference = balance.total - self.ledger.total(balance.venue, balance.asset)
        self.ledger.post(
            transfer(
                "balance of the venue",
                balance.venue,
                balance.asset,
                difference,
                out=Account.EXTERNAL,
                into=Account.FREE,
            )
        )


def _moved(fill: Fill) -> tuple[InstrumentId, ...]:
    return tuple(part.instrument for part in fill.parts)
