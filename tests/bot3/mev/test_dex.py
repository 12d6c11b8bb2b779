"""What pools say of ETH and BTC in dollars."""

from __future__ import annotations

import pytest

from bot3.domain.tokens import DAI, WBTC
from bot3.domain.values import Symbol
from bot3.mev.dex import DexMarkets
from tests.bot3.mev.swap_rows import ETH, back, swap

ETHER, BITCOIN = Symbol("ETH/USDT"), Symbol("BTC/USDT")


def markets() -> DexMarkets:
    return DexMarkets([ETHER, BITCOIN, Symbol("ETH/BTC")])


def test_a_buy_and_a_sale_of_ether() -> None:
    """One sold at 2,000, half a one bought at 2,020: between both lies the price."""
    rows = [swap(0, "0xa"), back(1, "0xb", 1_010 * 10**6, ETH // 2)]
    (found,) = markets().traded(rows, 7, 99)
    assert (found.symbol, found.block, found.ts_ns) == (ETHER, 7, 99)
    assert (found.sold, found.bought) == (1.0, 0.5)
    assert found.price == pytest.approx((2_000 * 2_020) ** 0.5)


def test_the_other_sides_last_price_is_remembered() -> None:
    dex = markets()
    dex.traded([back(1, "0xb", 1_010 * 10**6, ETH // 2)], 7, 99)
    (found,) = dex.traded([swap(0, "0xa")], 8, 100)
    assert found.bought == 0
    assert found.price == pytest.approx((2_000 * 2_020) ** 0.5)


def test_bitcoin_by_its_wrapped_token_and_another_dollar() -> None:
    rows = [swap(0, "0xa", sells=WBTC, amount_in=10**7, buys=DAI, amount_out=6_000 * 10**18)]
    (found,) = markets().traded(rows, 7, 99)
    assert (found.symbol, found.price, found.sold) == (BITCOIN, pytest.approx(60_000), 0.1)


def test_other_tokens_dust_and_what_was_undone_say_nothing() -> None:
    rows = [
        swap(0, "0xa", buys="0xshib"),
        swap(0, "0xa", amount_in=10**12, amount_out=2_000),
        swap(0, "0xa", is_reverted=True),
        swap(0, "0xa", sells=DAI, buys=DAI),
    ]
    assert markets().traded(rows, 7, 99) == []


def test_symbols_that_are_not_in_dollars_have_no_pools() -> None:
    assert DexMarkets([Symbol("ETH/BTC")]).traded([swap(0, "0xa")], 7, 99) == []
