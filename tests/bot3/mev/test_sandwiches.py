"""Swaps around others' swaps."""

from __future__ import annotations

from typing import Any

from bot3.domain.chain import Swap
from bot3.mev.sandwiches import ROUTERS, sandwiches_of
from tests.bot3.mev.swap_rows import ETH, back, swap

POOL = "0xa"


def _front_victim_back(**changes: Any) -> list[Swap]:
    return [
        swap(0, POOL, sender="0xb0"),
        swap(1, POOL, sender="0x71c71", **changes),
        back(2, POOL, 2_000 * 10**6, ETH + 7, sender="0xb0"),
    ]


def test_front_victim_and_back() -> None:
    front, victim, after = _front_victim_back()
    (found,) = sandwiches_of([after, victim, front])  # the block's order is by position
    assert (found.front, found.victims, found.back) == (front, (victim,), after)
    assert found.profit == 7


def test_no_victim_no_sandwich() -> None:
    front, _, after = _front_victim_back()
    assert sandwiches_of([front, after]) == []


def test_a_victim_trades_the_same_way_in_the_same_pool() -> None:
    front, _, after = _front_victim_back()
    assert sandwiches_of([front, back(1, POOL, 10, 10, sender="0x71c71"), after]) == []
    assert sandwiches_of([front, swap(1, "0xother", sender="0x71c71"), after]) == []


def test_his_own_swap_is_no_victim() -> None:
    front, _, after = _front_victim_back()
    assert sandwiches_of([front, swap(1, POOL, sender="0xb0"), after]) == []


def test_a_router_takes_for_many() -> None:
    router = next(iter(ROUTERS))
    rows = [
        swap(0, POOL, sender=router),
        swap(1, POOL, sender="0x71c71"),
        back(2, POOL, 2_000 * 10**6, ETH + 7, sender=router),
    ]
    assert sandwiches_of(rows) == []


def test_one_transaction_cannot_sandwich_itself() -> None:
    rows = [
        swap(0, POOL, sender="0xb0"),
        swap(1, POOL, sender="0x71c71"),
        back(0, POOL, 2_000 * 10**6, ETH + 7, sender="0xb0", index=9),
    ]
    assert sandwiches_of(rows) == []
