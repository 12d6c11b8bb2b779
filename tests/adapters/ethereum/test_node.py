"""A node's blocks as they come: in line, decoded, through reorganizations and lost connections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from adapters.ethereum import events
from adapters.ethereum.node import EthereumNode, NodeSettings
from adapters.net.reconnect import BackoffPolicy
from bot3.domain.tokens import USDC, WETH
from bot3.messages.chain import (
    BlockSeen,
    BlocksMissed,
    BlockUndone,
    ChainEvent,
    ChainLost,
    ChainRestored,
)
from supervisors.clock import SystemClock
from supervisors.entropy import Entropy
from tests.adapters.ethereum.fake_node import FakeNode, head
from tests.adapters.ethereum.logs import Logs
from tests.adapters.ethereum.traces import address

BOT, POOL = address(1), address(2)


class Heard:
    """What was published, in short."""

    def __init__(self) -> None:
        self.events: list[ChainEvent] = []

    @property
    def line(self) -> list[str]:
        """The blocks that stand: undone ones are taken off the end, which they must be at."""
        standing: list[str] = []
        for event in self.events:
            if isinstance(event, BlockSeen):
                standing.append(event.block.hash)
            elif isinstance(event, BlockUndone):
                assert standing.pop() == event.hash
        return standing

    def kinds(self) -> list[type]:
        return [type(event) for event in self.events]


@asynccontextmanager
async def followed(node: FakeNode) -> AsyncIterator[Heard]:
    heard = Heard()
    settings = NodeSettings("ws://node:1", reconnect=BackoffPolicy(jitter=0.0))
    chain = EthereumNode(settings, network=node, clock=SystemClock(), dice=Entropy(1).dice("chain"))

    async def run(task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
        await chain.run(heard.events.append, ready=task_status.started)

    async with trio.open_nursery() as nursery:
        await nursery.start(run)
        yield heard
        nursery.cancel_scope.cancel()


async def settled() -> None:
    await trio.sleep(1.0)  # virtual: time passes once everybody waits


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


async def test_blocks_are_decoded_as_they_come(autojump_clock: object, node: FakeNode) -> None:
    logs = Logs(0)
    logs.transfer(WETH, BOT, POOL, 500)
    logs.transfer(USDC, POOL, BOT, 900)
    logs.log(POOL, events.PAIR_SWAP, BOT, 500, 0, 0, 900, BOT)
    async with followed(node) as heard:
        node.announce(head(1), logs.receipt())
        await settled()
    (block,) = [event.block for event in heard.events if isinstance(event, BlockSeen)]
    assert (block.number, block.ts_ns) == (1, (1_700_000_012) * 10**9)
    assert block.swaps[0].amount_out == 900
    assert block.costs[logs.hash].tip_wei == 100_000 * 10 * 10**9


async def test_heads_that_were_not_announced_are_fetched(
    autojump_clock: object, node: FakeNode
) -> None:
    async with followed(node) as heard:
        node.announce(head(1))
        await settled()
        node.add(head(2))
        node.add(head(3))
        node.announce(head(4))
        await settled()
        assert heard.line == ["0xa0001", "0xa0002", "0xa0003", "0xa0004"]


async def test_a_reorganization_undoes_first_and_newest_first(
    autojump_clock: object, node: FakeNode
) -> None:
    async with followed(node) as heard:
        for number in (1, 2, 3):
            node.announce(head(number))
            await settled()
        node.add(head(2, "b", parent="0xa0001"))
        node.add(head(3, "b"))
        node.announce(head(4, "b"))
        await settled()
        assert heard.line == ["0xa0001", "0xb0002", "0xb0003", "0xb0004"]
        undone = [event.hash for event in heard.events if isinstance(event, BlockUndone)]
        assert undone == ["0xa0003", "0xa0002"]


async def test_of_heads_that_wait_only_the_newest_is_asked_for(
    autojump_clock: object, node: FakeNode
) -> None:
    async with followed(node) as heard:
        for number in (1, 2, 3, 4):
            node.announce(head(number))
        await settled()
        assert heard.line[-1] == "0xa0004"
        assert heard.line == sorted(heard.line)


async def test_a_block_undone_while_it_is_asked_for_is_passed_over(
    autojump_clock: object, node: FakeNode
) -> None:
    async with followed(node) as heard:
        node.announce(head(1))
        await settled()
        node.add(head(2))
        node.receipts["0xa0002"] = None
        node.announce(head(2))
        await settled()
        node.announce(head(2, "b", parent="0xa0001"))
        await settled()
        assert heard.line == ["0xa0001", "0xb0002"]


async def test_after_a_cut_the_line_goes_on_where_it_was(
    autojump_clock: object, node: FakeNode
) -> None:
    async with followed(node) as heard:
        node.announce(head(1))
        await settled()
        node.cut()
        node.add(head(2))
        await trio.sleep(5)
        node.announce(head(3))
        await settled()
        assert heard.line == ["0xa0001", "0xa0002", "0xa0003"]
        assert heard.kinds().count(ChainLost) == 1
        assert heard.kinds().count(ChainRestored) == 2


async def test_blocks_that_the_node_no_longer_has_are_told_as_missed(
    autojump_clock: object, node: FakeNode
) -> None:
    async with followed(node) as heard:
        node.announce(head(1))
        await settled()
        node.announce(head(5))
        await settled()
        missed = [event for event in heard.events if isinstance(event, BlocksMissed)]
        assert [(each.after, each.before) for each in missed] == [(1, 5)]
        assert heard.line[-1] == "0xa0005"


async def test_a_gap_too_long_is_not_walked(autojump_clock: object, node: FakeNode) -> None:
    async with followed(node) as heard:
        node.announce(head(1))
        await settled()
        for number in range(2, 500):
            node.add(head(number))
        node.announce(head(500))
        await settled()
        assert node.asked.count("eth_getBlockByHash") < 100
        assert BlocksMissed in heard.kinds()
        assert heard.line[-1] == "0xa0500"


@pytest.mark.parametrize("method", ["eth_subscribe", "eth_getBlockReceipts"])
async def test_a_refusal_or_silence_is_told_and_tried_again(
    autojump_clock: object, node: FakeNode, method: str
) -> None:
    node.faults["eth_getBlockReceipts"] = {"code": -32601, "message": "no such method"}
    async with followed(node) as heard:
        node.announce(head(1))
        await settled()
        lost = [event.reason for event in heard.events if isinstance(event, ChainLost)]
        assert "no such method" in lost[0]
        node.faults.clear()
        node.mute.add(method)
        node.cut()
        await trio.sleep(5)
        node.announce(head(2))
        await trio.sleep(200)
        node.mute.clear()
        await trio.sleep(60)
        node.announce(head(3))
        await settled()
        assert heard.line[-1] == "0xa0003"
        reasons = [event.reason for event in heard.events if isinstance(event, ChainLost)]
        assert any("no answer" in reason for reason in reasons)


async def test_nonsense_from_the_node_ends_the_connection_only(
    autojump_clock: object, node: FakeNode
) -> None:
    async with followed(node) as heard:
        node.sockets[0].push_text("nonsense")
        await trio.sleep(5)
        node.sockets[0].push_text('{"method": "x", "params": {"result": {"number": "0x1"}}}')
        await trio.sleep(5)
        node.announce(head(1) | {"number": "zz"})
        await trio.sleep(5)
        node.announce(head(2))
        await settled()
        assert heard.line == ["0xa0002"]
        assert heard.kinds().count(ChainLost) == 3
