"""Commands and events about trading as a whole."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

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


@unique
class HaltCause(Enum):
    """Who halted: a rule of our own may end only what a limit of our own began."""

    ORDERED = "ordered"
    DRAWDOWN = "drawdown"
    DAILY_LOSS = "daily_loss"


class TradingHalted(msgspec.Struct, frozen=True, tag=True):
    """The gate is shut, and stays so until resumed; while flattening, for exits it is open."""

    reason: str
    ts_ns: int
    is_flattening: bool = False
    cause: HaltCause = HaltCause.ORDERED


class PositionsFlattened(msgspec.Struct, frozen=True):
    """Nothing is held that a venue would take an order for, and nothing of ours rests."""

    ts_ns: int


class TradingResumed(msgspec.Struct, frozen=True, tag=True):
    """The gate is open. By rule: the venues' balances are not taken over, stops that were hit hold,
    and sizes stay smaller until the old peak of the equity is reached.
    """

    operator: str
    ts_ns: int
    is_by_rule: bool = False


@unique
class StopKind(Enum):
    """Which protection sells a holding."""

    LOSS = "loss"
    TRAILING = "trailing"
    PROFIT = "profit"
    TIME = "time"


class StopHit(msgspec.Struct, frozen=True, tag=True):
    """A symbol's holding met one of its exits: it is sold, and not entered again before
    `until_ns`. `cost` is what it was bought for, `value` what it was worth then, in quote.
    """

    symbol: Symbol
    cost: Decimal
    value: Decimal
    ts_ns: int
    until_ns: int
    kind: StopKind = StopKind.LOSS

    @property
    def words(self) -> str:
        """What happened."""
        change = self.value / self.cost - 1
        match self.kind:
            case StopKind.LOSS:
                return f"{self.symbol} fell {-change:.2%} below its entry"
            case StopKind.TRAILING:
                return f"{self.symbol} fell from its peak, at {change:+.2%} of its entry"
            case StopKind.PROFIT:
                return f"{self.symbol} reached its profit, at {change:+.2%} of its entry"
            case StopKind.TIME:
                return f"{self.symbol} was held as long as it may be, at {change:+.2%} of its entry"


class PeakRaised(msgspec.Struct, frozen=True, tag=True):
    """The highest mid of a symbol while it is held: its trailing stop follows."""

    symbol: Symbol
    price: Decimal
    ts_ns: int


class EquityMarked(msgspec.Struct, frozen=True, tag=True):
    """Equity in the quote currency at the mids, its peak, and the fall from it in [0, 1]; what our
    positions are worth is `invested` (None: of a journal that did not have it).
    """

    equity: Decimal
    peak: Decimal
    drawdown: float
    ts_ns: int
    invested: Decimal | None = None


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
