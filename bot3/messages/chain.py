"""News of a chain: blocks as they come, and those that a reorganization undid."""

from __future__ import annotations

from attrs import frozen

from bot3.domain.chain import ChainBlock


@frozen
class BlockSeen:
    """A block that is now the chain's last; each follows the one seen before it."""

    block: ChainBlock
    ts_local_ns: int


@frozen
class BlockUndone:
    """The last block seen is the chain's no more: forget what it said. Newest first."""

    number: int
    hash: str
    ts_local_ns: int


@frozen
class BlocksMissed:
    """Blocks between the last one seen and the next that could not be had any more."""

    after: int
    before: int
    ts_local_ns: int


@frozen
class ChainLost:
    """The node is not heard; it is tried again."""

    reason: str
    ts_local_ns: int


@frozen
class ChainRestored:
    """The node is heard."""

    ts_local_ns: int


ChainEvent = BlockSeen | BlockUndone | BlocksMissed | ChainLost | ChainRestored
