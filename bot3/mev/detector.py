"""MevDetector: sandwiches, atomic arbitrages and liquidations of a block, and what they earned.

Invariant: pure; the same block gives the same findings in the same order. It says what was done;
it neither does it nor warns anybody's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, unique
from typing import final

from attrs import frozen

from bot3.domain.chain import ChainBlock, Liquidation, Swap
from bot3.mev.arbitrages import Route, arbitrages_of
from bot3.mev.prices import BlockPrices
from bot3.mev.sandwiches import Sandwich, sandwiches_of
from bot3.mev.worth import Worth, worth_of


@unique
class MevKind(Enum):
    """What was done."""

    SANDWICH = "sandwich"
    ARBITRAGE = "arbitrage"
    LIQUIDATION = "liquidation"


@frozen
class MevFinding:
    """One of them. `transactions` in the block's order: of a sandwich the front is first.

    `profit` is in the smallest unit of `token`: what came back less what went in, before gas; of a
    liquidation it is None where collateral and debt have no price in the block.
    `is_reverted`: a call of it was undone: it shows what was tried, and `worth` counts no profit.
    """

    block: int | None
    kind: MevKind
    transactions: tuple[str, ...]
    taker: str
    pools: tuple[str, ...]
    protocols: tuple[str, ...]
    token: str
    profit: int | None
    worth: Worth
    is_reverted: bool = False
    victims: tuple[str, ...] = ()


@final
class MevDetector:
    """Looks at one block after another; remembers nothing."""

    def findings(self, block: ChainBlock) -> list[MevFinding]:
        """In the order of the block's first transaction of each."""
        prices = BlockPrices(block.swaps)
        rows = [
            *(
                (e.front.position, _of_sandwich(block, e, prices))
                for e in sandwiches_of(block.swaps)
            ),
            *((e[0].position, _of_arbitrage(block, e, prices)) for e in arbitrages_of(block.swaps)),
            *((each.position, _of_liquidation(block, each, prices)) for each in block.liquidations),
        ]
        return [finding for _, finding in sorted(rows, key=lambda row: row[0])]


def _of_sandwich(block: ChainBlock, found: Sandwich, prices: BlockPrices) -> MevFinding:
    front, back = found.front, found.back
    victims = tuple(dict.fromkeys(each.transaction for each in found.victims))
    is_reverted = front.is_reverted or back.is_reverted
    ether = 0.0 if is_reverted else prices.ether(front.token_in, found.profit)
    return MevFinding(
        block=block.number,
        kind=MevKind.SANDWICH,
        transactions=(front.transaction, *victims, back.transaction),
        taker=front.recipient,
        pools=_pools((front, back)),
        protocols=_protocols((front, back)),
        token=front.token_in,
        profit=found.profit,
        worth=worth_of(ether, (front.transaction, back.transaction), block.costs, prices),
        is_reverted=is_reverted,
        victims=victims,
    )


def _of_arbitrage(block: ChainBlock, route: Route, prices: BlockPrices) -> MevFinding:
    token, transaction = route[0].token_in, route[0].transaction
    profit = route[-1].amount_out - route[0].amount_in
    is_reverted = any(swap.is_reverted for swap in route)
    ether = 0.0 if is_reverted else prices.ether(token, profit)
    return MevFinding(
        block=block.number,
        kind=MevKind.ARBITRAGE,
        transactions=(transaction,),
        taker=route[0].sender,
        pools=_pools(route),
        protocols=_protocols(route),
        token=token,
        profit=profit,
        worth=worth_of(ether, (transaction,), block.costs, prices),
        is_reverted=is_reverted,
    )


def _of_liquidation(block: ChainBlock, found: Liquidation, prices: BlockPrices) -> MevFinding:
    """Its profit is the discount: collateral got less debt paid, by the block's own prices."""
    paid = prices.ether(found.debt_token, found.debt_amount)
    got = prices.ether(found.collateral_token, found.collateral_amount)
    is_known = paid is not None and got is not None and found.collateral_amount > 0
    ether = got - paid if is_known and got is not None and paid is not None else None
    unit = prices.ether(found.debt_token, 1)
    return MevFinding(
        block=block.number,
        kind=MevKind.LIQUIDATION,
        transactions=(found.transaction,),
        taker=found.liquidator,
        pools=(found.market,),
        protocols=(found.protocol.value,),
        token=found.debt_token,
        profit=round(ether / unit) if ether is not None and unit else None,
        worth=worth_of(ether, (found.transaction,), block.costs, prices),
        victims=(found.borrower,),
    )


def _pools(swaps: Iterable[Swap]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(swap.pool for swap in swaps))


def _protocols(swaps: Iterable[Swap]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(swap.protocol.value for swap in swaps))
