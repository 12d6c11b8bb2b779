"""Loops of swaps within a transaction."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.chain import Swap
from bot3.mev.arbitrages import arbitrages_of
from tests.bot3.mev.swap_rows import BOT, ETH, back, swap


def test_two_pools_one_after_the_other() -> None:
    swaps = [swap(0, "0xa"), back(0, "0xb", 2_000 * 10**6, ETH + 5, index=1)]
    assert arbitrages_of(swaps) == [tuple(swaps)]


def test_pools_that_pay_one_another_directly() -> None:
    first = swap(0, "0xa", recipient="0xb")
    second = back(0, "0xb", 2_000 * 10**6, ETH + 5, sender="0xa", recipient=BOT, index=1)
    assert arbitrages_of([first, second]) == [(first, second)]


def test_a_flash_loop_is_told_in_the_order_of_the_tokens() -> None:
    """The last pool pays first, and is paid last: its call begins before the other's."""
    pays_first = back(0, "0xb", 2_000 * 10**6, ETH + 5, sender="0xa", recipient=BOT, index=0)
    inner = swap(0, "0xa", recipient="0xb", index=1)
    assert arbitrages_of([pays_first, inner]) == [(inner, pays_first)]


def test_other_transactions_and_the_same_pool_close_no_loop() -> None:
    assert arbitrages_of([swap(0, "0xa"), back(1, "0xb", 2_000 * 10**6, ETH)]) == []
    assert arbitrages_of([swap(0, "0xa"), back(0, "0xa", 2_000 * 10**6, ETH, index=1)]) == []


def test_what_was_paid_out_must_be_what_was_taken_in() -> None:
    swaps = [swap(0, "0xa"), back(0, "0xb", 1_900 * 10**6, 2 * ETH, index=1)]
    assert arbitrages_of(swaps) == []
    swaps = [swap(0, "0xa"), back(0, "0xb", 1_995 * 10**6, 2 * ETH, index=1)]  # a fee of transfers
    assert len(arbitrages_of(swaps)) == 1


def test_a_swap_of_a_stranger_closes_nothing() -> None:
    swaps = [swap(0, "0xa"), back(0, "0xb", 2_000 * 10**6, ETH, sender="0xcc", index=1)]
    assert arbitrages_of(swaps) == []


def test_the_shortest_way_home_is_taken() -> None:
    dai = "0xda1"
    out = swap(0, "0xa")
    detour = swap(0, "0xd", sells=out.token_out, amount_in=out.amount_out, buys=dai, index=1)
    detour_home = swap(
        0, "0xe", sells=dai, amount_in=detour.amount_out, buys=out.token_in, amount_out=ETH, index=2
    )
    home = back(0, "0xb", 2_000 * 10**6, ETH + 1, index=3)
    assert arbitrages_of([out, detour, detour_home, home])[0] == (out, home)
    assert arbitrages_of([out, detour, detour_home]) == [(out, detour, detour_home)]


_TOKENS = st.sampled_from(["0x1", "0x2", "0x3"])
_PARTIES = st.sampled_from(["0xb0", "0xp1", "0xp2"])


@st.composite
def _swaps(draw: st.DrawFn) -> list[Swap]:
    return [
        swap(
            draw(st.integers(0, 1)),
            draw(st.sampled_from(["0xp1", "0xp2", "0xp3"])),
            sells=draw(_TOKENS),
            buys=draw(_TOKENS),
            amount_in=draw(st.integers(1, 3)),
            amount_out=draw(st.integers(1, 3)),
            sender=draw(_PARTIES),
            recipient=draw(_PARTIES),
            index=index,
        )
        for index in range(draw(st.integers(0, 7)))
    ]


@given(_swaps())
def test_every_route_is_closed_and_no_swap_is_told_twice(swaps: list[Swap]) -> None:
    routes = arbitrages_of(swaps)
    for route in routes:
        assert route[0].token_in == route[-1].token_out
        assert route[0].sender == route[-1].recipient
        assert len({each.transaction for each in route}) == 1
        for one, then in pairwise(route):
            assert one.token_out == then.token_in
    told = [(each.transaction, each.path) for route in routes for each in route]
    assert len(told) == len(set(told))
