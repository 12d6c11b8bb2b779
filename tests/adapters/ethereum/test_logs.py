"""What is decoded from logs: the same as from calls."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from attrs import evolve

from adapters.ethereum import events
from adapters.ethereum.block_file import read_block
from adapters.ethereum.log_liquidations import liquidations_in
from adapters.ethereum.log_swaps import swaps_in
from adapters.ethereum.node import block_of_receipts
from adapters.ethereum.trace_swaps import BALANCER_VAULT
from adapters.ethereum.wire import Head, NodeReceipt
from bot3.domain.chain import ChainBlock, Protocol, Swap
from bot3.domain.tokens import ETHER, USDC, WETH
from bot3.mev.arbitrages import arbitrages_of
from bot3.mev.sandwiches import sandwiches_of
from tests.adapters.ethereum.logs import Logs, logged
from tests.adapters.ethereum.traces import address

BOT, POOL, OTHER, KEEPER = address(1), address(2), address(3), address(4)
ROOT = Path(__file__).parents[3]
MEV = Path(os.environ.get("BOT3_SHARED", ROOT.parent / "shared")) / "data" / "mev"
HEAD = Head(number="0x7", hash="0xabc", parent_hash="0xab0", timestamp="0x10")


def receipt(logs: Logs) -> NodeReceipt:
    return msgspec.convert(logs.receipt(), NodeReceipt)


@pytest.mark.parametrize(
    "protocol",
    [
        Protocol.UNISWAP_V2, Protocol.UNISWAP_V3, Protocol.CURVE, Protocol.BALANCER_V1,
        Protocol.BANCOR, Protocol.ZERO_EX,
    ],
)  # fmt: skip
def test_a_swap_of_each_kind(protocol: Protocol) -> None:
    swap = Swap("0x" + "0" * 63 + "1", 0, (), protocol, POOL, BOT, BOT, WETH, 500, USDC, 900)
    logs = Logs(0)
    logged(logs, swap)
    (found,) = swaps_in(receipt(logs))
    assert evolve(found, path=()) == swap


def test_the_other_side_of_a_pair() -> None:
    logs = Logs(0)
    logs.transfer(USDC, BOT, POOL, 900)
    logs.transfer(WETH, POOL, OTHER, 500)
    logs.log(POOL, events.PAIR_SWAP, BOT, 0, 900, 500, 0, OTHER)
    (found,) = swaps_in(receipt(logs))
    assert (found.token_in, found.amount_in, found.token_out) == (USDC, 900, WETH)


def test_makers_limit_and_otc_orders() -> None:
    logs = Logs(0)
    limit = (b"", KEEPER, BOT, OTHER, USDC, WETH, 500, 900, 1, 1, b"")
    logs.log(POOL, events.LIMIT_FILLED, *limit)
    logs.log(POOL, events.OTC_FILLED, b"", KEEPER, BOT, USDC, WETH, 900, 500)
    for found in swaps_in(receipt(logs)):
        assert (found.sender, found.token_in, found.amount_in) == (BOT, WETH, 500)
        assert (found.token_out, found.amount_out) == (USDC, 900)


def test_the_vault_moves_after_it_logs() -> None:
    logs, pool = Logs(0), b"\x07" * 32
    logs.log(BALANCER_VAULT, events.VAULT_SWAP, pool, WETH, USDC, 500, 900)
    logs.transfer(WETH, BOT, BALANCER_VAULT, 500)
    logs.transfer(USDC, BALANCER_VAULT, OTHER, 900)
    (found,) = swaps_in(receipt(logs))
    assert (found.pool, found.sender, found.recipient) == ("0x" + pool.hex(), BOT, OTHER)


def test_what_is_no_swap_is_left_out() -> None:
    logs = Logs(0)
    logs.log(POOL, events.PAIR_SWAP, BOT, 5, 0, 0, 9, BOT)  # no transfers: tokens unknown
    row = dict(logs.rows[0])
    logs.rows.append(row | {"topics": row["topics"][:1]})  # another contract's idea of the event
    logs.rows.append(row | {"data": "0x12"})
    logs.rows.append(row | {"topics": []})
    assert swaps_in(receipt(logs)) == []


def test_liquidations_of_both_aaves_and_compound() -> None:
    logs = Logs(0)
    logs.log(POOL, events.AAVE_LIQUIDATION, WETH, USDC, OTHER, 1_800, 3, BOT, False)
    logs.log(POOL, events.AAVE_FIRST_LIQUIDATION, WETH, USDC, OTHER, 1_800, 3, 0, BOT, True, 1)
    logs.transfer(USDC, BOT, POOL, 700)
    logs.log(POOL, events.COMPOUND_LIQUIDATION, BOT, OTHER, 700, KEEPER, 88)
    logs.log(KEEPER, events.COMPOUND_LIQUIDATION, BOT, OTHER, 5, POOL, 88)
    found = liquidations_in(receipt(logs))
    assert [(each.protocol, each.debt_token, each.debt_amount) for each in found] == [
        (Protocol.AAVE, USDC, 1_800),
        (Protocol.AAVE, USDC, 1_800),
        (Protocol.COMPOUND, USDC, 700),
        (Protocol.COMPOUND, ETHER, 5),
    ]
    assert {(each.liquidator, each.borrower) for each in found} == {(BOT, OTHER)}


def _as_node(block: ChainBlock) -> ChainBlock:
    """The swaps of a traced block that took effect, as its logs would have told them."""
    rows: defaultdict[int, list[Swap]] = defaultdict(list)
    for swap in block.swaps:
        if not swap.is_reverted:
            rows[swap.position].append(swap)
    receipts: list[dict[str, Any]] = []
    first = 0
    for position in sorted(rows):
        logs = Logs(position, first)
        logs.hash = rows[position][0].transaction
        for swap in rows[position]:
            logged(logs, swap)
        first += len(logs.rows)
        receipts.append(logs.receipt())
    return block_of_receipts(HEAD, msgspec.convert(receipts, list[NodeReceipt]))


@pytest.mark.skipif(not MEV.is_dir(), reason="no recorded blocks here")
def test_logs_of_real_blocks_tell_the_same_as_their_calls() -> None:
    for number in json.loads((MEV / "labels.json").read_text()):
        calls = read_block(MEV / "blocks" / f"{number}.json.gz")
        plain = [each for each in calls.swaps if each.protocol is not Protocol.BALANCER_V2]
        plain = [each for each in plain if not each.is_reverted]
        logs = _as_node(ChainBlock(calls.number, tuple(plain)))
        names = [(each.position, each.path) for each in logs.swaps]
        assert all(one < then for one, then in pairwise(names))
        assert [evolve(each, path=()) for each in logs.swaps] == [
            evolve(each, path=()) for each in sorted(plain, key=lambda e: (e.position, e.path))
        ]
        assert len(arbitrages_of(logs.swaps)) == len(arbitrages_of(plain))
        assert [e.profit for e in sandwiches_of(logs.swaps)] == [
            e.profit for e in sandwiches_of(plain)
        ]
