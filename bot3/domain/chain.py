"""What happened on a chain, decoded: swaps of pools, liquidations, what transactions cost.

Invariant: amounts are integers in the token's smallest unit; addresses and hashes are lower case
with 0x. `path` orders what happened within a transaction: the address of a call in its trace, or
the index of a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique

from attrs import field, frozen

Path = tuple[int, ...]
WEI_PER_ETHER = 10**18


@unique
class Protocol(Enum):
    """Whose pool or lender it is; forks answer to the name of what they copy."""

    UNISWAP_V2 = "uniswap_v2"
    UNISWAP_V3 = "uniswap_v3"
    CURVE = "curve"
    BALANCER_V1 = "balancer_v1"
    BALANCER_V2 = "balancer_v2"
    BANCOR = "bancor"
    ZERO_EX = "0x"
    AAVE = "aave"
    COMPOUND = "compound"
    OTHER = "other"


@frozen
class Swap:
    """One exchange at one pool; the pool took `amount_in` from `sender`, and paid `recipient`.

    `error` says why the call itself failed; `is_reverted` that it or one around it was undone.
    """

    transaction: str
    position: int
    path: Path
    protocol: Protocol
    pool: str
    sender: str
    recipient: str
    token_in: str
    amount_in: int
    token_out: str
    amount_out: int
    error: str | None = None
    is_reverted: bool = False


@frozen
class Liquidation:
    """Debt of `borrower` repaid by `liquidator` for collateral; 0 where the source does not say."""

    transaction: str
    position: int
    path: Path
    protocol: Protocol
    market: str
    liquidator: str
    borrower: str
    debt_token: str
    debt_amount: int
    collateral_token: str
    collateral_amount: int


@frozen
class TransactionCost:
    """What a transaction paid for its place in the block, in wei.

    `tip_wei` is what reached the miner by the gas price, `bribe_wei` what was sent to him directly.
    """

    gas_wei: int
    tip_wei: int
    bribe_wei: int

    @property
    def miner_wei(self) -> int:
        """All that the miner got."""
        return self.tip_wei + self.bribe_wei


@frozen
class ChainBlock:
    """One block's decoded contents; `costs` by transaction hash, where receipts were there.

    `number` is None where the source does not say which block it was.
    """

    number: int | None
    swaps: tuple[Swap, ...]
    liquidations: tuple[Liquidation, ...] = ()
    costs: Mapping[str, TransactionCost] = field(factory=dict)
    hash: str = ""
    parent_hash: str = ""
    ts_ns: int = 0
