"""A recorded block: `trace_block` rows and receipts in a JSON file, plain or gzipped."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from adapters.ethereum.calls import Call, calls_of
from adapters.ethereum.trace_liquidations import liquidations_of
from adapters.ethereum.trace_swaps import swaps_of
from adapters.ethereum.wire import NodeReceipt, NodeTrace, Receipt, Trace, TracedBlock, number_of
from bot3.domain.chain import ChainBlock, Liquidation, Swap, TransactionCost
from bot3.domain.errors import DataError

_GZIP = b"\x1f\x8b"


def read_block(path: Path) -> ChainBlock:
    """Decoded; raises `DataError` saying what is wrong where."""
    raw = read_bytes(path)
    try:
        return block_of(msgspec.json.decode(raw, type=TracedBlock))
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(
            f"{path}: not a traced block: {error}; expected"
            " {block_number, miner, base_fee_per_gas, traces, receipts}"
        ) from None


def read_bytes(path: Path) -> bytes:
    """Of a file, unzipped where it is zipped; raises `DataError`."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw.startswith(_GZIP) else raw
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None


def block_of(block: TracedBlock) -> ChainBlock:
    """Transaction by transaction, in their order."""
    traces: defaultdict[tuple[int, str], list[Trace | NodeTrace]] = defaultdict(list)
    for trace in block.trace_rows():
        if trace.transaction_hash is not None and trace.transaction_position is not None:
            traces[trace.transaction_position, trace.transaction_hash.lower()].append(trace)
    swaps: list[Swap] = []
    liquidations: list[Liquidation] = []
    bribes: dict[str, int] = {}
    miner = (block.miner or "").lower()
    for (position, transaction), rows in sorted(traces.items()):
        calls = calls_of(rows)
        swaps += swaps_of(transaction, position, calls)
        liquidations += liquidations_of(transaction, position, calls)
        bribes[transaction] = _bribe(calls, miner)
    return ChainBlock(
        number=number_of(block.block_number),
        swaps=tuple(swaps),
        liquidations=tuple(liquidations),
        costs=_costs(block.receipt_rows(), bribes, number_of(block.base_fee_per_gas or 0)),
        ts_ns=number_of(block.block_timestamp) * 1_000_000_000,
    )


def _bribe(calls: Sequence[Call], miner: str) -> int:
    paid = (call.value for call in calls if call.to == miner and not call.is_reverted)
    return sum(paid) if miner else 0


def _costs(
    receipts: Sequence[Receipt | NodeReceipt], bribes: Mapping[str, int], base_fee_wei: int
) -> dict[str, TransactionCost]:
    found: dict[str, TransactionCost] = {}
    for each in receipts:
        transaction = each.transaction_hash.lower()
        bribe_wei = bribes.get(transaction, 0)
        gas, price = number_of(each.gas_used), number_of(each.effective_gas_price)
        found[transaction] = cost_of(gas, price, base_fee_wei, bribe_wei)
    return found


def cost_of(gas: int, price_wei: int, base_fee_wei: int, bribe_wei: int) -> TransactionCost:
    """The miner gets of the gas price what the base fee, which is burnt, leaves (EIP-1559)."""
    tip_wei = gas * max(price_wei - base_fee_wei, 0)
    return TransactionCost(gas_wei=gas * price_wei, tip_wei=tip_wei, bribe_wei=bribe_wei)
