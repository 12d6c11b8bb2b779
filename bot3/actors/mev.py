"""Pools' prices beside the venues': how wide the gap is, and whether strategies hear of it.

Invariant: pools' prices reach the minds as a peer's quote does, what they traded beside it, and the
price is withdrawn when the chain is not heard; nothing here orders anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

from attrs import frozen

from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.market import BookLost, QuoteChanged
from bot3.messages.mev import ChainHeard, DexPriced, DexTraded
from supervisors.actor import Address, DecisionActor

CHAIN: Final = VenueName("ethereum")
MevMessage = DexTraded | ChainHeard | QuoteChanged | BookLost
_ANY_AMOUNT: Final = 1.0


@frozen(kw_only=True)
class MevSettings:
    """`gap_alert_bps`: a gap that is wider is told as wide. `is_fed`: minds hear of the pools."""

    gap_alert_bps: float
    is_fed: bool


@final
class MevActor(DecisionActor[MevMessage]):
    """`markets`: of each symbol, who takes a peer's quote and what pools traded."""

    def __init__(
        self,
        settings: MevSettings,
        *,
        markets: Mapping[Symbol, Sequence[Address[QuoteChanged | BookLost | DexTraded]]],
        board: Address[DexPriced],
    ) -> None:
        self._settings, self._markets, self._board = settings, markets, board
        self._mids: dict[InstrumentId, float] = {}

    def handle(self, message: MevMessage) -> None:
        match message:
            case QuoteChanged(instrument=key, quote=quote):
                self._mids[key] = quote.mid
            case BookLost(instrument=key):
                self._mids.pop(key, None)
            case DexTraded():
                self._traded(message)
            case ChainHeard(is_connected=is_connected, reason=reason, ts_ns=ts_ns):
                if not is_connected:
                    self._withdraw(reason, ts_ns)

    def _traded(self, traded: DexTraded) -> None:
        mids = [mid for key, mid in self._mids.items() if key.symbol == traded.symbol]
        if not mids:
            return
        gap_bps = 1e4 * (traded.price * len(mids) / sum(mids) - 1.0)
        is_wide = abs(gap_bps) > self._settings.gap_alert_bps
        priced = DexPriced(
            symbol=traded.symbol,
            price=traded.price,
            gap_bps=gap_bps,
            bought=traded.bought,
            sold=traded.sold,
            is_wide=is_wide,
            ts_ns=traded.ts_ns,
        )
        self._board.send(priced)
        if self._settings.is_fed:
            quote = Quote(traded.price, _ANY_AMOUNT, traded.price, _ANY_AMOUNT)
            key = InstrumentId(CHAIN, traded.symbol)
            for market in self._markets.get(traded.symbol, ()):
                market.send(QuoteChanged(key, quote, traded.ts_ns, traded.ts_ns))
                market.send(traded)

    def _withdraw(self, reason: str, ts_ns: int) -> None:
        if not self._settings.is_fed:
            return
        for symbol, markets in self._markets.items():
            for market in markets:
                market.send(BookLost(InstrumentId(CHAIN, symbol), reason, ts_ns))
