"""What nodes answer, as they spell it, and the same rows as archives spell them.

Source: the JSON-RPC of execution clients (ethereum.org/developers/docs/apis/json-rpc), and the
`trace_block` of OpenEthereum's trace module.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Hash = Annotated[str, msgspec.Meta(min_length=3)]
Number = int | str  # a node's numbers are hex


def number_of(value: Number) -> int:
    """Of either spelling; raises `ValueError`."""
    return value if isinstance(value, int) else int(value, 16)


class TraceAction(msgspec.Struct, rename={"sender": "from", "call_type": "callType"}):
    """`action` of a trace; what a kind of trace does not have is absent."""

    sender: str | None = None
    to: str | None = None
    input: str | None = None
    value: str | None = None
    call_type: str | None = None


class TraceResult(msgspec.Struct):
    """`result` of a call that came to an end."""

    output: str | None = None


class Trace(msgspec.Struct):
    """One row of `trace_block` in an archive."""

    type: str
    action: TraceAction
    trace_address: list[int]
    transaction_hash: str | None = None
    transaction_position: int | None = None
    result: TraceResult | None = None
    error: str | None = None


class NodeTrace(msgspec.Struct, rename="camel"):
    """The same as the node spells it."""

    type: str
    action: TraceAction
    trace_address: list[int]
    transaction_hash: str | None = None
    transaction_position: int | None = None
    result: TraceResult | None = None
    error: str | None = None


class Log(msgspec.Struct, rename="camel"):
    """An event of a contract; `log_index` counts through the block."""

    address: str
    topics: list[str]
    data: str
    log_index: Number


class Receipt(msgspec.Struct):
    """What a transaction cost, in an archive."""

    transaction_hash: Hash
    gas_used: Number
    effective_gas_price: Number = 0


class NodeReceipt(msgspec.Struct, rename="camel"):
    """A receipt as the node spells it, with its logs."""

    transaction_hash: Hash
    gas_used: Number
    effective_gas_price: Number = 0
    transaction_index: Number = 0
    status: Number = 1
    logs: list[Log] = []


class Head(msgspec.Struct, rename="camel"):
    """A block's header as a node announces it."""

    number: Number
    hash: Hash
    parent_hash: Hash
    timestamp: Number = 0
    base_fee_per_gas: Number | None = None


class TracedBlock(msgspec.Struct):
    """A file of an archive: rows and receipts of one block, spelled either way."""

    block_number: Number
    traces: msgspec.Raw
    receipts: msgspec.Raw = msgspec.Raw(b"[]")
    miner: str | None = None
    base_fee_per_gas: Number | None = None
    block_timestamp: Number = 0

    def trace_rows(self) -> list[Trace] | list[NodeTrace]:
        """Raises `msgspec.DecodeError`."""
        if b'"traceAddress"' in bytes(self.traces):
            return msgspec.json.decode(self.traces, type=list[NodeTrace])
        return msgspec.json.decode(self.traces, type=list[Trace])

    def receipt_rows(self) -> list[Receipt] | list[NodeReceipt]:
        """Raises `msgspec.DecodeError`."""
        if b'"transactionHash"' in bytes(self.receipts):
            return msgspec.json.decode(self.receipts, type=list[NodeReceipt])
        return msgspec.json.decode(self.receipts, type=list[Receipt])
