"""Whatever a node announces, what was told of and not undone is one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.ethereum.heads import BlockId, HeadLine


def _chain() -> BlockId:
    return BlockId(0, "g", "")


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=60))
def test_what_is_told_is_always_the_announced_line(moves: list[tuple[int, bool]]) -> None:
    """Blocks grow on any known block; each is announced or found later as a forebear."""
    known: dict[str, BlockId] = {"g": _chain()}
    line, told = HeadLine(remembered=1_000), [_chain()]
    line.take(_chain())
    for count, (at, is_announced) in enumerate(moves):
        parent = list(known.values())[at % len(known)]
        block = BlockId(parent.number + 1, f"b{count}", parent.hash)
        known[block.hash] = block
        if not is_announced:
            continue
        way = [block]
        while not line.is_linked(way[-1]):
            way.append(known[way[-1].parent_hash])
        for each in reversed(way):
            for undone in line.undone_by(each):
                assert told.pop() == undone
            line.take(each)
            told.append(each)
        assert line.last == block
        expected = [block]
        while expected[-1].hash != "g":
            expected.append(known[expected[-1].parent_hash])
        assert told == expected[::-1]


def test_the_line_is_bounded_and_says_what_is_beyond_it() -> None:
    line = HeadLine(remembered=3)
    for number in range(5):
        line.take(BlockId(number, f"b{number}", f"b{number - 1}"))
    assert not line.is_known("b1")
    assert line.is_too_far(BlockId(2, "other", "b1"))
    assert not line.is_too_far(BlockId(3, "other", "b2"))
    assert line.restart() == BlockId(4, "b4", "b3")
    assert line.last is None
    assert line.is_linked(BlockId(90, "far", "away"))
