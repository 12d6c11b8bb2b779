"""What a finding was worth: in ether and dollars, after gas and what the miner was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from bot3.domain.chain import WEI_PER_ETHER, TransactionCost
from bot3.mev.prices import BlockPrices


@frozen
class Worth:
    """None where it cannot be told. `net_ether` is what is left of the profit after gas and bribe.

    `miner_ether` is all that the miner got of these transactions: tips of gas, and bribes.
    """

    profit_ether: float | None
    profit_usd: float | None
    gas_ether: float | None
    miner_ether: float | None
    net_ether: float | None


def worth_of(
    profit_ether: float | None,
    transactions: Iterable[str],
    costs: Mapping[str, TransactionCost],
    prices: BlockPrices,
) -> Worth:
    """Of the transactions that the taker paid for."""
    price = prices.ether_dollars()
    dollars = None if profit_ether is None or price is None else profit_ether * price
    own = [costs[each] for each in dict.fromkeys(transactions) if each in costs]
    if not own:
        return Worth(profit_ether, dollars, None, None, None)
    gas = sum(each.gas_wei for each in own) / WEI_PER_ETHER
    bribe = sum(each.bribe_wei for each in own) / WEI_PER_ETHER
    return Worth(
        profit_ether=profit_ether,
        profit_usd=dollars,
        gas_ether=gas,
        miner_ether=sum(each.miner_wei for each in own) / WEI_PER_ETHER,
        net_ether=None if profit_ether is None else profit_ether - gas - bribe,
    )
