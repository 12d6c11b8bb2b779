"""Swaps by hand."""

from __future__ import annotations

from typing import Any

from bot3.domain.chain import Protocol, Swap
from bot3.domain.tokens import USDC, WETH

BOT = "0xb0"
ETH = 10**18


def swap(
    at: int,
    pool: str,
    *,
    sells: str = WETH,
    amount_in: int = ETH,
    buys: str = USDC,
    amount_out: int = 2_000 * 10**6,
    sender: str = BOT,
    recipient: str | None = None,
    index: int = 0,
    is_reverted: bool = False,
) -> Swap:
    """One of the `at`-th transaction of a block, whose `index`-th call it is."""
    return Swap(
        transaction=f"0xt{at}",
        position=at,
        path=(index,),
        protocol=Protocol.UNISWAP_V2,
        pool=pool,
        sender=sender,
        recipient=sender if recipient is None else recipient,
        token_in=sells,
        amount_in=amount_in,
        token_out=buys,
        amount_out=amount_out,
        error="Reverted" if is_reverted else None,
        is_reverted=is_reverted,
    )


def back(at: int, pool: str, usdc: int, wei: int, **more: Any) -> Swap:
    """USDC for ether again."""
    return swap(at, pool, sells=USDC, amount_in=usdc, buys=WETH, amount_out=wei, **more)
