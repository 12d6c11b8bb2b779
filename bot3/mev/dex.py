"""What pools say of a symbol: swaps between tokens that stand for its assets, by block.

Invariant: a price is what was paid, with the pool's fee and the swap's own impact in it; the mean
of the last buy and the last sell leaves most of both out. Dollar tokens count as one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import final

from attrs import define

from bot3.domain.chain import Swap
from bot3.domain.tokens import ASSETS, COINS, DECIMALS, DOLLARS, WBTC
from bot3.domain.values import Symbol
from bot3.messages.mev import DexTraded

_DUST = 1e-3  # of base: the price of less is mostly rounding


@define
class _Side:
    price: float = 0.0
    amount: float = 0.0


@final
class DexMarkets:
    """Of `ETH/<quote>` and `BTC/<quote>`, where `quote` is a dollar; remembers the last prices."""

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        self._symbols = {
            symbol.partition("/")[0]: symbol
            for symbol in symbols
            if symbol.partition("/")[2].startswith("USD")
        }
        self._last: dict[tuple[Symbol, bool], float] = {}

    def traded(self, swaps: Iterable[Swap], block: int, ts_ns: int) -> list[DexTraded]:
        """What one block traded of each symbol; nothing of those that it did not."""
        sides: dict[Symbol, tuple[_Side, _Side]] = {}
        for swap in swaps:
            found = None if swap.is_reverted else self._read(swap)
            if found is None:
                continue
            symbol, is_buy, base, price = found
            self._last[symbol, is_buy] = price
            side = sides.setdefault(symbol, (_Side(), _Side()))[is_buy]
            side.price, side.amount = price, side.amount + base
        return [
            DexTraded(symbol, block, self._price(symbol), bought.amount, sold.amount, ts_ns)
            for symbol, (sold, bought) in sides.items()
        ]

    def _price(self, symbol: Symbol) -> float:
        known = [self._last[symbol, side] for side in (False, True) if (symbol, side) in self._last]
        return sqrt(known[0] * known[-1])

    def _read(self, swap: Swap) -> tuple[Symbol, bool, float, float] | None:
        """Symbol, whether base was bought from the pool, how much, and at what price."""
        is_buy = swap.token_in in DOLLARS
        token, dollar = (
            (swap.token_out, swap.token_in) if is_buy else (swap.token_in, swap.token_out)
        )
        if dollar not in DOLLARS or not (token in COINS or token == WBTC):
            return None
        symbol = self._symbols.get(ASSETS[token])
        amounts = {swap.token_in: swap.amount_in, swap.token_out: swap.amount_out}
        base = amounts[token] / float(10 ** DECIMALS[token])
        paid = amounts[dollar] / float(10 ** DECIMALS[dollar])
        if symbol is None or base < _DUST or paid <= 0:
            return None
        return symbol, is_buy, base, paid / base
