"""Real blocks with the labels of an established tool: all of them found, little besides."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adapters.ethereum.block_file import read_block
from adapters.ethereum.swap_file import read_swaps
from bot3.domain.chain import ChainBlock, Protocol
from bot3.mev.detector import MevDetector, MevFinding, MevKind

ROOT = Path(__file__).parents[3]
MEV = Path(os.environ.get("BOT3_SHARED", ROOT.parent / "shared")) / "data" / "mev"
pytestmark = pytest.mark.skipif(not MEV.is_dir(), reason="no recorded blocks here")


def _labels() -> dict[str, Any]:
    return dict(json.loads((MEV / "labels.json").read_text()))


def _wanted(label: dict[str, Any], *, has_traces: bool) -> Counter[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [
        ("sandwich", each["front"], each["back"], each["profit"], each["token"])
        for each in label["sandwiches"]
    ]
    rows += [
        ("arbitrage", each["tx"], each["tx"], each["profit"], each["token"])
        for each in label["arbitrages"]
    ]
    if has_traces:
        rows += [("liquidation", each) for each in label["liquidations"]]
    return Counter(rows)


def _told(found: MevFinding) -> tuple[Any, ...]:
    kind, hashes = found.kind.value, found.transactions
    if found.kind is MevKind.LIQUIDATION:
        return (kind, hashes[0])
    return (kind, hashes[0], hashes[-1], found.profit, found.token)


@pytest.mark.parametrize("source", ["blocks", "swaps"])
def test_recall_is_whole_and_precision_high(source: str) -> None:
    missed, wanted, told = Counter[tuple[Any, ...]](), 0, 0
    for number, label in _labels().items():
        if source == "blocks":
            blocks = [read_block(MEV / source / f"{number}.json.gz")]
        else:
            blocks = read_swaps(MEV / source / f"{number}.json")
        found = Counter(_told(each) for one in blocks for each in MevDetector().findings(one))
        expected = _wanted(label, has_traces=source == "blocks")
        missed += expected - found
        wanted, told = wanted + expected.total(), told + found.total()
    assert not missed
    assert wanted / told >= 0.8


def test_every_swap_of_the_tool_is_decoded_alike() -> None:
    """But for the receiver of a maker's order: the tool names the proxy there."""
    for number in _labels():
        ours = {(s.transaction, s.path): s for s in _block(number).swaps}
        (theirs,) = read_swaps(MEV / "swaps" / f"{number}.json")
        for swap in theirs.swaps:
            own = ours[swap.transaction, swap.path]
            facts = (own.pool, own.token_in, own.amount_in, own.token_out, own.amount_out)
            assert facts == (
                swap.pool, swap.token_in, swap.amount_in, swap.token_out, swap.amount_out,
            )  # fmt: skip
            assert (own.sender, own.protocol, own.error) == (
                swap.sender, swap.protocol, swap.error,
            )  # fmt: skip
            assert own.recipient == swap.recipient or own.protocol is Protocol.ZERO_EX


def _block(number: str) -> ChainBlock:
    return read_block(MEV / "blocks" / f"{number}.json.gz")
