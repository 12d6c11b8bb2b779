"""Blocks as archives keep them, built call by call with the encoder of the ABI library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from eth_abi.abi import encode

from adapters.ethereum import abi
from adapters.ethereum.abi import Function

MINER = "0x" + "ee" * 20


def address(number: int) -> str:
    """A made-up one."""
    return "0x" + f"{number:040x}"


def call_data(function: Function, *arguments: Any) -> str:
    """Of a call."""
    return function.selector + encode(list(function.types), arguments).hex()


class Transaction:
    """Calls in the order in which they are made; `path` is where each stands."""

    def __init__(self, position: int) -> None:
        self.hash = "0x" + f"{position + 1:064x}"
        self.position = position
        self.rows: list[dict[str, Any]] = []

    def call(
        self,
        path: list[int],
        sender: str,
        to: str,
        data: str = "0x",
        *,
        value: int = 0,
        error: str | None = None,
        output: str = "0x",
        kind: str = "call",
    ) -> None:
        self.rows.append(
            {
                "type": "call",
                "action": {
                    "from": sender,
                    "to": to,
                    "input": data,
                    "value": hex(value),
                    "callType": kind,
                },
                "result": {"output": output},
                "trace_address": path,
                "transaction_hash": self.hash,
                "transaction_position": self.position,
                "error": error,
            }
        )

    def transfer(self, path: list[int], token: str, sender: str, to: str, amount: int) -> None:
        self.call(path, sender, token, call_data(abi.TRANSFER, to, amount))

    def pulled(self, path: list[int], token: str, source: str, to: str, amount: int) -> None:
        """By the receiver, as allowed."""
        self.call(path, to, token, call_data(abi.TRANSFER_FROM, source, to, amount))


def block(number: int, *transactions: Transaction, **changes: Any) -> dict[str, Any]:
    """With a receipt a transaction: 100,000 gas at 30 gwei, of which 20 are burnt."""
    return {
        "block_number": number,
        "miner": MINER,
        "base_fee_per_gas": 20 * 10**9,
        "traces": [row for each in transactions for row in each.rows],
        "receipts": [
            {
                "transaction_hash": each.hash,
                "gas_used": 100_000,
                "effective_gas_price": 30 * 10**9,
            }
            for each in transactions
        ],
    } | changes


def written(directory: Path, body: Any) -> Path:
    """As a file."""
    path = directory / "block.json"
    path.write_bytes(msgspec.json.encode(body))
    return path
