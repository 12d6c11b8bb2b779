"""`python -m bot3 mev --blocks …` and `--swaps …`: recorded blocks, one after the other.

Invariant: it reads and tells; nothing is sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from adapters.ethereum.block_file import read_block
from adapters.ethereum.swap_file import read_swaps
from bot3.app.mev.told import as_json, as_text, summary
from bot3.domain.chain import ChainBlock
from bot3.mev.detector import MevDetector, MevFinding


@frozen
class MevFiles:
    """Traced blocks, or lists of decoded swaps."""

    blocks: Sequence[Path]
    swaps: Sequence[Path]
    is_json: bool


def show_mev(files: MevFiles) -> int:
    """The exit code; raises `DataError` for a file that is neither, after what was before it."""
    detector, found = MevDetector(), list[MevFinding]()
    blocks = swaps = 0
    for block in _read(files):
        blocks, swaps = blocks + 1, swaps + len(block.swaps)
        for finding in detector.findings(block):
            print(as_json(finding) if files.is_json else as_text(finding))
            found.append(finding)
    if not files.is_json:
        print(summary(found, blocks, swaps))
    return 0


def _read(files: MevFiles) -> Iterator[ChainBlock]:
    for path in files.blocks:
        yield read_block(path)
    for path in files.swaps:
        yield from read_swaps(path)
