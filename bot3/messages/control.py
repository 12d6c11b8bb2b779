"""Commands and events about trading as a whole."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bot3.domain.ids import RunId
from bot3.domain.values import Symbol


class HaltTrading(msgspec.Struct, frozen=True):
    """Refuse every entry from now on, and cancel what rests."""

    reason: str


class ResumeTrading(msgspec.Struct, frozen=True):
    """Open the gate; `operator` says who asked."""

    operator: str


class FlattenPositions(msgspec.Struct, frozen=True):
    """Halt, cancel what rests, and sell every position down to dust."""

    reason: str


class CancelEverything(msgspec.Struct, frozen=True):
    """To execution: cancel every live order (shutdown, halt)."""

    reason: str


class TradingHalted(msgspec.Struct, frozen=True, tag=True):
    """The gate is shut, and stays so until resumed; while flattening, for exits it is open."""

    reason: str
    ts_ns: int
    is_flattening: bool = False


class PositionsFlattened(msgspec.Struct, frozen=True):
    """Nothing is held that a venue would take an order for, and nothing of ours rests."""

    ts_ns: int


class TradingResumed(msgspec.Struct, frozen=True, tag=True):
    """The gate is open."""

    operator: str
    ts_ns: int


class StopHit(msgspec.Struct, frozen=True, tag=True):
    """A symbol's holding fell to its protective stop: it is sold, and not entered again before
    `until_ns`. `cost` is what it was bought for, `value` what it was worth then, in quote.
    """

    symbol: Symbol
    cost: Decimal
    value: Decimal
    ts_ns: int
    until_ns: int

    @property
    def words(self) -> str:
        """What happened."""
        return f"{self.symbol} fell {1 - self.value / self.cost:.2%} below its entry"


class EquityMarked(msgspec.Struct, frozen=True, tag=True):
    """Equity in the quote currency at the mids, its peak, and the fall from it in [0, 1]."""

    equity: Decimal
    peak: Decimal
    drawdown: float
    ts_ns: int


class SessionStarted(msgspec.Struct, frozen=True, tag=True):
    """One process's life begins. `account` names the venue account: another one, another ledger."""

    run: RunId
    account: str
    config_hash: str
    data_source: str
    ts_ns: int


class SessionEnded(msgspec.Struct, frozen=True, tag=True):
    """It ended in order."""

    run: RunId
    reason: str
    ts_ns: int


class ActorRestarted(msgspec.Struct, frozen=True, tag=True):
    """A supervisor restarted an actor."""

    actor: str
    error: str
    ts_ns: int
