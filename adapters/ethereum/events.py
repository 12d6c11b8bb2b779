"""The logs that are decoded, by the events of their contracts.

Invariant: a topic is computed from the declaration beside it, never typed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import field, frozen
from eth_utils.crypto import keccak

from adapters.ethereum.abi import decoded

_INDEXED: Final = "*"


@frozen
class Event:
    """A log's signature: its indexed types are topics, the others its data."""

    name: str
    types: tuple[str, ...]  # as declared; an indexed one begins with a star
    topic: str = field(init=False)
    indexed: tuple[str, ...] = field(init=False)
    plain: tuple[str, ...] = field(init=False)

    @topic.default
    def _topic(self) -> str:
        types = ",".join(each.removeprefix(_INDEXED) for each in self.types)
        return "0x" + keccak(text=f"{self.name}({types})").hex()

    @indexed.default
    def _indexed(self) -> tuple[str, ...]:
        return tuple(each[1:] for each in self.types if each.startswith(_INDEXED))

    @plain.default
    def _plain(self) -> tuple[str, ...]:
        return tuple(each for each in self.types if not each.startswith(_INDEXED))

    def arguments(self, topics: Sequence[str], data: str) -> tuple[Any, ...] | None:
        """Indexed ones first, then the others; None where it is another contract's idea of it."""
        if len(topics) != len(self.indexed) + 1:
            return None
        heads = [
            decoded((kind,), topic[2:])
            for kind, topic in zip(self.indexed, topics[1:], strict=True)
        ]
        plain = decoded(self.plain, data[2:])
        if plain is None or any(head is None for head in heads):
            return None
        return tuple(head[0] for head in heads if head) + plain


_AMOUNTS: Final = ("uint256", "uint256", "uint256", "uint256")
_TRADE: Final = ("address", "address", "address", "address", "uint128", "uint128")

TRANSFER: Final = Event("Transfer", ("*address", "*address", "uint256"))
# https://docs.uniswap.org/contracts/v2/reference/smart-contracts/pair and v3 …/IUniswapV3PoolEvents
PAIR_SWAP: Final = Event("Swap", ("*address", *_AMOUNTS, "*address"))
POOL_SWAP: Final = Event(
    "Swap", ("*address", "*address", "int256", "int256", "uint160", "uint128", "int24")
)
# https://curve.readthedocs.io/exchange-pools.html; pools of unlike coins number them unsigned
_CURVE: Final = ("*address", "int128", "uint256", "int128", "uint256")
CURVE_EXCHANGE: Final = Event("TokenExchange", _CURVE)
CURVE_UNDERLYING: Final = Event("TokenExchangeUnderlying", _CURVE)
CURVE_CRYPTO_EXCHANGE: Final = Event("TokenExchange", ("*address", *_AMOUNTS))
BALANCER_SWAP: Final = Event("LOG_SWAP", ("*address", "*address", "*address", "uint256", "uint256"))
VAULT_SWAP: Final = Event("Swap", ("*bytes32", "*address", "*address", "uint256", "uint256"))
BANCOR_CONVERSION: Final = Event(
    "Conversion", ("*address", "*address", "*address", "uint256", "uint256", "address")
)
RFQ_FILLED: Final = Event(
    "RfqOrderFilled",
    ("bytes32", "address", "address", "address", "address", "uint128", "uint128", "bytes32"),
)
LIMIT_FILLED: Final = Event(
    "LimitOrderFilled",
    ("bytes32", "address", *_TRADE, "uint128", "uint256", "bytes32"),
)
OTC_FILLED: Final = Event("OtcOrderFilled", ("bytes32", *_TRADE))
AAVE_LIQUIDATION: Final = Event(
    "LiquidationCall",
    ("*address", "*address", "*address", "uint256", "uint256", "address", "bool"),
)
AAVE_FIRST_LIQUIDATION: Final = Event(
    "LiquidationCall",
    ("*address", "*address", "*address", *_AMOUNTS[:3], "address", "bool", "uint256"),
)
COMPOUND_LIQUIDATION: Final = Event(
    "LiquidateBorrow", ("address", "address", "uint256", "address", "uint256")
)
