"""The ledger balances, refuses what would break it, and stays whole when it refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.errors import LedgerError
from bot3.domain.ledger import Account, Entry, Ledger, Posting, fill_entry, only_assets, transfer
from bot3.domain.values import Asset, Side
from tests.bot3.making import BTC, USDT, VENUE, d, make_fill

BNB = Asset("BNB")


def deposit(ledger: Ledger, asset: Asset, amount: str) -> None:
    ledger.post(
        transfer("deposit", VENUE, asset, d(amount), out=Account.EXTERNAL, into=Account.FREE)
    )


def test_a_buy_moves_base_quote_and_the_fee_in_the_asset_charged() -> None:
    ledger = Ledger()
    deposit(ledger, USDT, "1000")
    deposit(ledger, BNB, "1")
    fill = make_fill(1, amount="2", price="100", fee=d("0.01"), fee_asset=BNB)
    ledger.post(fill_entry(fill, BTC, USDT))
    assert ledger.total(VENUE, BTC) == 2
    assert ledger.total(VENUE, USDT) == 800
    assert ledger.total(VENUE, BNB) == d("0.99")
    assert ledger.amount(VENUE, BNB, Account.FEES) == d("0.01")
    assert ledger.amount(VENUE, USDT, Account.TRADING) == 200
    assert ledger.assets(VENUE) == {BTC, USDT, BNB}


def test_a_sell_from_held_frees_quote_less_fee() -> None:
    ledger = Ledger()
    deposit(ledger, BTC, "3")
    ledger.post(transfer("hold", VENUE, BTC, d(3), out=Account.FREE, into=Account.HELD))
    fill = make_fill(1, amount="2", price="50", side=Side.SELL, fee=d("0.1"))
    ledger.post(fill_entry(fill, BTC, USDT, source=Account.HELD))
    assert ledger.amount(VENUE, BTC, Account.HELD) == 1
    assert ledger.amount(VENUE, USDT, Account.FREE) == d("99.9")


def test_an_overdraft_changes_nothing() -> None:
    ledger = Ledger()
    deposit(ledger, USDT, "99")
    with pytest.raises(LedgerError, match="USDT free on binance would be -1"):
        ledger.post(fill_entry(make_fill(1), BTC, USDT))
    assert ledger.total(VENUE, USDT) == 99
    assert ledger.total(VENUE, BTC) == 0


def test_holding_more_than_is_free_is_refused() -> None:
    ledger = Ledger()
    deposit(ledger, USDT, "10")
    with pytest.raises(LedgerError):
        ledger.post(transfer("hold", VENUE, USDT, d(11), out=Account.FREE, into=Account.HELD))


def test_an_unbalanced_entry_is_refused() -> None:
    entry = Entry("odd", (Posting(VENUE, USDT, Account.FREE, d(1)),))
    with pytest.raises(LedgerError, match="sum to 1"):
        Ledger().post(entry)


def test_one_assets_part_of_an_entry_balances() -> None:
    ledger = Ledger()
    ledger.post(only_assets(fill_entry(make_fill(1), BTC, USDT), [BTC]))
    assert ledger.total(VENUE, BTC) == 1
    assert ledger.assets(VENUE) == {BTC}


amounts = st.decimals(min_value="0.0001", max_value="1000", places=4)


@given(
    st.lists(
        st.tuples(st.sampled_from(Side), amounts, amounts, st.sampled_from([BTC, USDT, BNB])),
        max_size=30,
    )
)
def test_accounts_of_an_asset_sum_to_zero_and_ours_stay_above(
    trades: list[tuple[Side, Decimal, Decimal, Asset]],
) -> None:
    ledger = Ledger()
    for asset in (BTC, USDT, BNB):
        deposit(ledger, asset, "5000")
    for number, (side, amount, price, fee_asset) in enumerate(trades):
        fill = make_fill(
            number, amount=amount, price=price, side=side, fee=d("0.003"), fee_asset=fee_asset
        )
        before = [ledger.total(VENUE, asset) for asset in (BTC, USDT, BNB)]
        try:
            ledger.post(fill_entry(fill, BTC, USDT))
        except LedgerError:
            assert before == [ledger.total(VENUE, asset) for asset in (BTC, USDT, BNB)]
    for asset in (BTC, USDT, BNB):
        assert sum(ledger.amount(VENUE, asset, account) for account in Account) == 0
        assert ledger.amount(VENUE, asset, Account.FREE) >= 0
