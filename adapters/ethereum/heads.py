"""Which blocks to undo and which to fetch when a node announces a head.

Invariant: what was told of is one line of blocks, each the parent of the next; a head off that line
first undoes, newest first, what is not among its forebears. Pure: fetching is its owner's.
"""

from __future__ import annotations

from collections import deque
from typing import Final, final

from attrs import frozen

# Beyond two epochs a block of the main chain is final: no reorganization is deeper.
REMEMBERED: Final = 64


@frozen
class BlockId:
    """A block's place."""

    number: int
    hash: str
    parent_hash: str


@final
class HeadLine:
    """The last blocks that were told of, oldest first."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._line: deque[BlockId] = deque(maxlen=remembered)

    @property
    def last(self) -> BlockId | None:
        """The newest that was told of."""
        return self._line[-1] if self._line else None

    def is_known(self, block_hash: str) -> bool:
        """Whether it was told of, and not undone."""
        return any(each.hash == block_hash for each in self._line)

    def is_linked(self, block: BlockId) -> bool:
        """Whether nothing need be fetched before it: its parent is known, or nothing is yet."""
        return not self._line or self.is_known(block.parent_hash)

    def is_too_far(self, block: BlockId) -> bool:
        """Whether no forebear of it can be among the remembered."""
        return bool(self._line) and block.number <= self._line[0].number

    def undone_by(self, block: BlockId) -> list[BlockId]:
        """What a linked block puts aside, newest first; they are forgotten."""
        undone: list[BlockId] = []
        while self._line and self._line[-1].hash != block.parent_hash:
            undone.append(self._line.pop())
        return undone

    def take(self, block: BlockId) -> None:
        """Told of; it must follow the last, if there is one."""
        assert not self._line or self._line[-1].hash == block.parent_hash
        self._line.append(block)

    def restart(self) -> BlockId | None:
        """Forgets all, for what comes next cannot be joined to it; the last it knew."""
        last = self.last
        self._line.clear()
        return last
