"""Findings of a block, and what they were worth."""

from __future__ import annotations

import pytest

from bot3.domain.chain import ChainBlock, Liquidation, Protocol, TransactionCost
from bot3.domain.tokens import USDC, WETH
from bot3.mev.detector import MevDetector, MevKind
from tests.bot3.mev.swap_rows import ETH, back, swap

GWEI = 10**9


def test_an_arbitrage_in_ether_after_gas_and_bribe() -> None:
    cost = TransactionCost(gas_wei=GWEI, tip_wei=GWEI // 2, bribe_wei=10 * GWEI)
    swaps = (swap(0, "0xa"), back(0, "0xb", 2_000 * 10**6, ETH + 100 * GWEI, index=1))
    (found,) = MevDetector().findings(ChainBlock(7, swaps, costs={"0xt0": cost}))
    assert (found.block, found.kind, found.token) == (7, MevKind.ARBITRAGE, WETH)
    assert found.profit == 100 * GWEI
    assert found.worth.profit_ether == pytest.approx(1e-7)
    assert found.worth.net_ether == pytest.approx(1e-7 - 1e-9 - 1e-8)
    assert found.worth.miner_ether == pytest.approx(1.05e-8)
    assert found.worth.profit_usd == pytest.approx(1e-7 * 2_000, rel=1e-3)


def test_a_reverted_one_earned_nothing_and_says_so() -> None:
    cost = TransactionCost(gas_wei=GWEI, tip_wei=GWEI, bribe_wei=0)
    swaps = (
        swap(0, "0xa", is_reverted=True),
        back(0, "0xb", 2_000 * 10**6, ETH + 5, index=1, is_reverted=True),
    )
    (found,) = MevDetector().findings(ChainBlock(7, swaps, costs={"0xt0": cost}))
    assert found.is_reverted
    assert found.profit == 5
    assert found.worth.net_ether == pytest.approx(-1e-9)


def test_a_sandwich_lists_front_victims_back() -> None:
    swaps = (
        swap(3, "0xa", sender="0xb0"),
        swap(4, "0xa", sender="0x1"),
        swap(5, "0xa", sender="0x2"),
        back(6, "0xa", 2_000 * 10**6, ETH + 7, sender="0xb0"),
    )
    (found,) = MevDetector().findings(ChainBlock(1, swaps))
    assert found.transactions == ("0xt3", "0xt4", "0xt5", "0xt6")
    assert (found.victims, found.profit) == (("0xt4", "0xt5"), 7)
    assert found.worth.net_ether is None  # no receipts, no costs


@pytest.mark.parametrize(("is_priced", "profit"), [(True, 100 * 10**6), (False, None)])
def test_a_liquidation_earns_the_discount_where_both_sides_have_a_price(
    is_priced: bool, profit: int | None
) -> None:
    row = Liquidation(
        transaction="0xt9", position=9, path=(), protocol=Protocol.AAVE, market="0xpool",
        liquidator="0xb0", borrower="0x3", debt_token=USDC, debt_amount=1_900 * 10**6,
        collateral_token=WETH, collateral_amount=ETH,
    )  # fmt: skip
    swaps = (swap(0, "0xa"),) if is_priced else ()
    (found,) = MevDetector().findings(ChainBlock(1, swaps, (row,)))
    assert (found.kind, found.profit) == (MevKind.LIQUIDATION, profit)


def test_findings_are_in_the_blocks_order() -> None:
    late = (swap(8, "0xa"), back(8, "0xb", 2_000 * 10**6, ETH, index=1))
    early = (swap(2, "0xc"), back(2, "0xd", 2_000 * 10**6, ETH, index=1))
    found = MevDetector().findings(ChainBlock(1, (*late, *early)))
    assert [each.transactions[0] for each in found] == ["0xt2", "0xt8"]
