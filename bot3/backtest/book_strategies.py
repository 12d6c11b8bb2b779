"""Strategies of order books; one of your own is a class with `name`, `parameters` and `decide`.

Invariant: what one wishes for depends on what it was shown, and not on how it is filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from bot3.backtest.book_events import Wish
from bot3.backtest.strategies import Parameter
from bot3.domain.book import Quote
from bot3.domain.values import ZERO, Side, decimal_of

_NS_PER_S: Final = 1_000_000_000


class JoinBid:
    """Joins the best bid with `share` of the cash for `wait_s`; what was bought is sold across the
    spread after `hold_s`, and then it begins again.
    """

    name = "join_bid"
    parameters: Mapping[str, Parameter] = {
        "wait_s": Parameter(2.0, 0.01, 86_400.0),
        "hold_s": Parameter(2.0, 0.0, 86_400.0),
        "share": Parameter(0.1, 0.0001, 1.0),
    }

    def __init__(self, wait_s: float = 2.0, hold_s: float = 2.0, share: float = 0.1) -> None:
        self._wait_ns, self._hold_ns = round(wait_s * _NS_PER_S), round(hold_s * _NS_PER_S)
        self._share = decimal_of(share)
        self._held_since_ns = 0

    def decide(self, now_ns: int, quote: Quote, held: Decimal, cash: Decimal) -> Wish | None:
        if held == ZERO:
            self._held_since_ns = 0
            price = decimal_of(quote.bid)
            return Wish(Side.BUY, cash * self._share / price, price, self._wait_ns)
        self._held_since_ns = self._held_since_ns or now_ns
        if now_ns - self._held_since_ns < self._hold_ns:
            return None
        return Wish(Side.SELL, held)


class BuyAndHoldBook:
    """Buys with all cash across the spread, and never sells."""

    name = "buy_and_hold"
    parameters: Mapping[str, Parameter] = {}
    _IN_HAND: Final = Decimal("0.99")  # for fees, and for what the price does meanwhile

    def __init__(self) -> None:
        self._bought_ns = 0

    def decide(self, now_ns: int, quote: Quote, held: Decimal, cash: Decimal) -> Wish | None:
        if self._bought_ns or held:
            return None
        self._bought_ns = now_ns
        return Wish(Side.BUY, cash * self._IN_HAND / decimal_of(quote.ask))


BOOK_STRATEGIES: Final[Mapping[str, type[Any]]] = {
    each.name: each for each in (JoinBid, BuyAndHoldBook)
}
