"""The functions that are decoded, by the signatures of their contracts.

Invariant: a selector is computed from the signature beside it, never typed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import field, frozen
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak


@frozen
class Function:
    """A contract's function; `types` as in its signature."""

    name: str
    types: tuple[str, ...]
    selector: str = field(init=False)

    @selector.default
    def _selector(self) -> str:
        return "0x" + keccak(text=f"{self.name}({','.join(self.types)})")[:4].hex()

    def arguments(self, data: str, count: int | None = None) -> tuple[Any, ...] | None:
        """The first `count` of call data in hex with the selector; None where they are cut short.

        Who calls from a contract may cut corners in what the callee does not read: `count` asks
        for no more than is needed.
        """
        return decoded(self.types[:count], data[10:])


def decoded(types: Sequence[str], data: str) -> tuple[Any, ...] | None:
    """Values of ABI-encoded hex; None where it is not that."""
    try:
        return decode(types, bytes.fromhex(data), strict=False)
    except (DecodingError, ValueError, OverflowError):
        return None


_ORDER: Final = ("address", "address", "uint128", "uint128")
_SIGNATURE: Final = "(uint8,uint8,bytes32,bytes32)"
_RFQ: Final = f"({','.join(_ORDER)},address,address,address,bytes32,uint64,uint256)"
_LIMIT: Final = (
    f"({','.join(_ORDER)},uint128,address,address,address,address,bytes32,uint64,uint256)"
)
_OTC: Final = f"({','.join(_ORDER)},address,address,address,uint256)"

TRANSFER: Final = Function("transfer", ("address", "uint256"))
TRANSFER_FROM: Final = Function("transferFrom", ("address", "address", "uint256"))
# https://docs.uniswap.org/contracts/v2/reference/smart-contracts/pair, v3 …/core/UniswapV3Pool
SWAP_V2: Final = Function("swap", ("uint256", "uint256", "address", "bytes"))
SWAP_V3: Final = Function("swap", ("address", "bool", "int256", "uint160", "bytes"))
# https://curve.readthedocs.io/exchange-pools.html
CURVE_EXCHANGE: Final = Function("exchange", ("int128", "int128", "uint256", "uint256"))
CURVE_UNDERLYING: Final = Function(
    "exchange_underlying", ("int128", "int128", "uint256", "uint256")
)
_BALANCER: Final = ("address", "uint256", "address", "uint256", "uint256")
BALANCER_IN: Final = Function("swapExactAmountIn", _BALANCER)
BALANCER_OUT: Final = Function("swapExactAmountOut", _BALANCER)
BALANCER_V2: Final = Function(
    "swap",
    (
        "(bytes32,uint8,address,address,uint256,bytes)",
        "(address,bool,address,bool)",
        "uint256",
        "uint256",
    ),
)
BANCOR_CONVERT: Final = Function(
    "convertByPath", ("address[]", "uint256", "uint256", "address", "address", "uint256")
)
# https://docs.0x.org/0x-v4/docs: native orders of the exchange proxy
ZERO_EX_FILLS: Final = (
    Function("fillRfqOrder", (_RFQ, _SIGNATURE, "uint128")),
    Function("_fillRfqOrder", (_RFQ, _SIGNATURE, "uint128", "address", "bool", "address")),
    Function("fillLimitOrder", (_LIMIT, _SIGNATURE, "uint128")),
    Function("_fillLimitOrder", (_LIMIT, _SIGNATURE, "uint128", "address", "address")),
    Function("fillOtcOrder", (_OTC, _SIGNATURE, "uint128")),
)
AAVE_LIQUIDATION: Final = Function(
    "liquidationCall", ("address", "address", "address", "uint256", "bool")
)
COMPOUND_LIQUIDATION: Final = Function("liquidateBorrow", ("address", "uint256", "address"))
COMPOUND_ETHER_LIQUIDATION: Final = Function("liquidateBorrow", ("address", "address"))
COMPOUND_SEIZE: Final = Function("seize", ("address", "address", "uint256"))
