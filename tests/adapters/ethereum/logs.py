"""Receipts as nodes give them, built log by log with the encoder of the ABI library."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode

from adapters.ethereum import events
from adapters.ethereum.events import Event
from bot3.domain.chain import Protocol, Swap


class Logs:
    """The logs of one transaction; `first` is how many the block has before."""

    def __init__(self, position: int, first: int = 0) -> None:
        self.position, self.first = position, first
        self.hash = "0x" + f"{position + 1:064x}"
        self.rows: list[dict[str, Any]] = []

    def log(self, contract: str, event: Event, *arguments: Any) -> None:
        """Arguments as declared."""
        marked = list(zip(event.types, arguments, strict=True))
        topics = [
            "0x" + encode([kind[1:]], [value]).hex() for kind, value in marked if kind[0] == "*"
        ]
        plain = [(kind, value) for kind, value in marked if kind[0] != "*"]
        self.rows.append(
            {
                "address": contract,
                "topics": [event.topic, *topics],
                "data": "0x" + encode([kind for kind, _ in plain], [v for _, v in plain]).hex(),
                "logIndex": hex(self.first + len(self.rows)),
            }
        )

    def transfer(self, token: str, sender: str, to: str, amount: int) -> None:
        self.log(token, events.TRANSFER, sender, to, amount)

    def receipt(self) -> dict[str, Any]:
        """100,000 gas at 30 gwei."""
        return {
            "transactionHash": self.hash,
            "transactionIndex": hex(self.position),
            "gasUsed": hex(100_000),
            "effectiveGasPrice": hex(30 * 10**9),
            "status": "0x1",
            "logs": self.rows,
        }


def logged(logs: Logs, swap: Swap) -> None:
    """A swap as its pool's kind logs it: the first token in, the second out."""
    pool, sender, recipient = swap.pool, swap.sender, swap.recipient
    paid, got = (swap.token_in, swap.amount_in), (swap.token_out, swap.amount_out)
    if swap.protocol is Protocol.BALANCER_V1:
        terms = (sender, paid[0], got[0], paid[1], got[1])
        logs.log(pool, events.BALANCER_SWAP, *terms)
        return
    if swap.protocol is Protocol.ZERO_EX:
        terms_0x = (b"", recipient, sender, got[0], paid[0], paid[1], got[1], b"")
        logs.log(pool, events.RFQ_FILLED, *terms_0x)
        return
    if swap.protocol is Protocol.UNISWAP_V3:
        logs.transfer(got[0], pool, recipient, got[1])
        logs.transfer(paid[0], sender, pool, paid[1])
        terms_v3 = (sender, recipient, paid[1], -got[1], 1, 1, 1)
        logs.log(pool, events.POOL_SWAP, *terms_v3)
        return
    logs.transfer(paid[0], sender, pool, paid[1])
    logs.transfer(got[0], pool, recipient, got[1])
    if swap.protocol is Protocol.CURVE:
        logs.log(pool, events.CURVE_EXCHANGE, sender, 0, paid[1], 1, got[1])
    elif swap.protocol is Protocol.BANCOR:
        logs.log(pool, events.BANCOR_CONVERSION, pool, paid[0], got[0], paid[1], got[1], sender)
    else:
        logs.log(pool, events.PAIR_SWAP, sender, paid[1], 0, 0, got[1], recipient)
