"""Sandwiches: a swap before others' in the same direction of the same pool, and its reverse after.

Invariant: front, victims and back are of different transactions, in the order of the block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from bot3.domain.chain import Swap

# Who swaps through these gets his tokens from them: their many users would look like one.
ROUTERS: Final = frozenset(
    {
        "0x7a250d5630b4cf539739df2c5dacb4c659f2488d",  # Uniswap V2
        "0xe592427a0aece92de3edee1f18e0157c05861564",  # Uniswap V3
        "0x68b3465833fb72a70ecdf485e0e4c7bd8665fc45",  # Uniswap V3, the second
    }
)


@frozen
class Sandwich:
    """The three parts; what it earned is told in the token that went in first."""

    front: Swap
    victims: tuple[Swap, ...]
    back: Swap

    @property
    def profit(self) -> int:
        """In the smallest unit of `front.token_in`; below zero where it lost."""
        return self.back.amount_out - self.front.amount_in


def sandwiches_of(swaps: Iterable[Swap]) -> list[Sandwich]:
    """In order of their fronts; a swap may be the front of one only."""
    pools: defaultdict[str, list[Swap]] = defaultdict(list)
    for swap in sorted(swaps, key=lambda swap: (swap.position, swap.path)):
        pools[swap.pool].append(swap)
    found = [
        sandwich
        for ordered in pools.values()
        for index, front in enumerate(ordered)
        if (sandwich := _around(front, ordered[index + 1 :])) is not None
    ]
    return sorted(found, key=lambda each: (each.front.position, each.front.path))


def _around(front: Swap, later: Sequence[Swap]) -> Sandwich | None:
    taker = front.recipient
    if taker in ROUTERS:
        return None
    victims: list[Swap] = []
    for swap in later:
        if swap.transaction == front.transaction:
            continue
        ways = (swap.token_in, swap.token_out)
        if ways == (front.token_in, front.token_out) and swap.sender != taker:
            victims.append(swap)
        elif ways == (front.token_out, front.token_in) and swap.sender == taker and victims:
            return Sandwich(front, tuple(victims), swap)
    return None
