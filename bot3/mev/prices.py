"""What tokens were worth in ether and in dollars within one block, by the block's own swaps.

Invariant: a token that met neither ether nor a dollar in the block has no price, and none is made
up for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import final

from bot3.domain.chain import WEI_PER_ETHER, Swap
from bot3.domain.tokens import COINS, DECIMALS, DOLLARS


@final
class BlockPrices:
    """Medians of the prices at which tokens met ether, directly."""

    def __init__(self, swaps: Iterable[Swap]) -> None:
        seen: defaultdict[str, list[float]] = defaultdict(list)
        for swap in swaps:
            if swap.is_reverted or not (swap.amount_in and swap.amount_out):
                continue
            if swap.token_in in COINS:
                seen[swap.token_out].append(swap.amount_in / swap.amount_out)
            elif swap.token_out in COINS:
                seen[swap.token_in].append(swap.amount_out / swap.amount_in)
        self._wei = {token: median(prices) for token, prices in seen.items()}
        self._wei.update(dict.fromkeys(COINS, 1.0))

    def ether(self, token: str, amount: int) -> float | None:
        """`amount` of the token's smallest unit in ether; None where nobody swapped it for any."""
        price = self._wei.get(token)
        return None if price is None else amount * price / WEI_PER_ETHER

    def dollars(self, token: str, amount: int) -> float | None:
        """In dollars: of a dollar token itself, else by way of ether."""
        if token in DOLLARS:
            return amount / float(10 ** DECIMALS[token])
        ether, price = self.ether(token, amount), self.ether_dollars()
        return None if ether is None or price is None else ether * price

    def ether_dollars(self) -> float | None:
        """A median over the dollar tokens that met ether in the block."""
        found = [
            WEI_PER_ETHER / self._wei[token] / float(10 ** DECIMALS[token])
            for token in DOLLARS
            if self._wei.get(token)
        ]
        return median(found) if found else None
