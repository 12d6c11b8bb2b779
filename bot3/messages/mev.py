"""What is seen on a chain: what others took from blocks, and what pools say of prices."""

from __future__ import annotations

import msgspec

from bot3.domain.values import Symbol


class MevSeen(msgspec.Struct, frozen=True):
    """One block's findings: how many of each kind, and what they earned and paid, in ether.

    `profit` counts what could be priced; `largest` says the best of them in words.
    """

    block: int
    counts: dict[str, int]
    profit: float
    miner: float
    largest: str
    ts_ns: int


class DexTraded(msgspec.Struct, frozen=True):
    """A symbol's swaps of one block: the last price, and base bought and sold from pools."""

    symbol: Symbol
    block: int
    price: float
    bought: float
    sold: float
    ts_ns: int


class DexPriced(msgspec.Struct, frozen=True):
    """How far the pools' price is above the mean of the venues' middles, in hundredths of a
    percent. `is_wide`: further than both sides' fees explain, as configured.
    """

    symbol: Symbol
    price: float
    gap_bps: float
    bought: float
    sold: float
    is_wide: bool
    ts_ns: int


class ChainHeard(msgspec.Struct, frozen=True):
    """Whether the node is heard, and how many blocks were undone since the last word."""

    is_connected: bool
    reason: str
    undone: int
    ts_ns: int
