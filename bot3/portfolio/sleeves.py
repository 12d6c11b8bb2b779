"""What following each strategy in each instrument earned net of costs, block by block of time.

A sleeve holds what its strategy wants of one unit of capital; nobody trades it, so a strategy that
has no capital can still be seen to earn.

Invariant: a block's return is earned by targets that stood before each of its bars; a block is
complete, with a value for every sleeve, or not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log1p
from typing import NamedTuple, final

import numpy as np
from attrs import define
from numpy.typing import NDArray

from bot3.domain.values import InstrumentId
from bot3.portfolio.followed import Followed


class Sleeve(NamedTuple):
    """A strategy in an instrument (a symbol on a venue)."""

    strategy: str
    instrument: InstrumentId

    @property
    def name(self) -> str:
        """`hybrid binance BTC/USDT`."""
        return f"{self.strategy} {self.instrument.venue} {self.instrument.symbol}"


@define
class _State:
    followed: Followed
    growth: float = 0.0


@final
class SleeveBook:
    """Blocks of `block_ns`; where there are `blocks_max`, two become one, twice as long. `cost_bps`
    per unit of turnover, one way.
    """

    def __init__(
        self,
        sleeves: Sequence[Sleeve],
        *,
        block_ns: int,
        cost_bps: float,
        rebalance_band: float,
        blocks_max: int = 2_000,
    ) -> None:
        self.sleeves = tuple(sleeves)
        self._states = {sleeve: _State(Followed(cost_bps, rebalance_band)) for sleeve in sleeves}
        self.block_ns = block_ns
        self._blocks: dict[int, tuple[float, ...]] = {}  # log growth, by number since 1970
        self._blocks_max = blocks_max
        self._block: int | None = None
        self._is_whole = False

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The columns of each instrument's sleeves: one position, whoever wants it."""
        found: dict[InstrumentId, list[int]] = {}
        for column, sleeve in enumerate(self.sleeves):
            found.setdefault(sleeve.instrument, []).append(column)
        return tuple(map(tuple, found.values()))

    def on_target(self, strategy: str, instrument: InstrumentId, target: float) -> None:
        """Of a sleeve that is not here: nothing."""
        state = self._states.get(Sleeve(strategy, instrument))
        if state is not None:
            state.followed.follow(target)

    def on_bar(self, instrument: InstrumentId, ts_ns: int, log_return: float) -> None:
        """A bar closed at `ts_ns`. One from before the block is left out."""
        block = (ts_ns - 1) // self.block_ns  # a bar that ends with a block belongs to it
        if self._block is None or block > self._block:
            self._begin(block)
        elif block < self._block:
            return
        for sleeve, state in self._states.items():
            if sleeve.instrument == instrument:
                state.growth += log1p(max(state.followed.earn(log_return), -0.999))

    def _begin(self, block: int) -> None:
        """A block that we did not see begin, or after which there is a gap, does not count."""
        follows = self._block is not None and block == self._block + 1
        if self._is_whole and follows:
            self._blocks[block - 1] = tuple(state.growth for state in self._states.values())
        self._is_whole = follows
        self._block = block
        for state in self._states.values():
            state.growth = 0.0
        if len(self._blocks) >= self._blocks_max:
            self._coarsen()

    def _coarsen(self) -> None:
        """The block that is open is given up: it has no other half."""
        pairs = {
            number // 2: tuple(map(sum, zip(first, second, strict=True)))
            for number, first in self._blocks.items()
            if number % 2 == 0 and (second := self._blocks.get(number + 1)) is not None
        }
        self._blocks, self.block_ns = pairs, self.block_ns * 2
        self._block, self._is_whole = None, False

    def returns(self) -> NDArray[np.float64]:
        """Simple returns, shape (blocks, sleeves), oldest first."""
        growth = np.array(list(self._blocks.values()), dtype=np.float64)
        return np.expm1(growth.reshape(-1, len(self.sleeves)))

    def kept(self) -> tuple[int, dict[int, tuple[float, ...]]]:
        """The length of a block, and log growth by block: what `resume` takes."""
        return self.block_ns, dict(self._blocks)

    def resume(self, block_ns: int, blocks: Mapping[int, tuple[float, ...]]) -> None:
        """Goes on with an earlier life's past; raises `ValueError` for other sleeves' blocks."""
        if any(len(growth) != len(self.sleeves) for growth in blocks.values()):
            raise ValueError(f"blocks of other sleeves than these {len(self.sleeves)}")
        self.block_ns, self._blocks = block_ns, dict(blocks)
        self._block, self._is_whole = None, False
