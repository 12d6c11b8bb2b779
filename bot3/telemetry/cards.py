"""The last word on each instrument and each venue; None where nobody has said it yet."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from attrs import Factory, define

from bot3.domain.values import ZERO, VenueName, decimal_of
from bot3.messages.account import PositionChanged
from bot3.messages.healing import CircuitState
from bot3.messages.market import QuoteChanged
from bot3.messages.minds import LearningScored, RegimeEstimated, TargetProposed
from bot3.messages.orders import DEAD_MAN, DeadManChanged, ForeignOrdersSeen, OrderCanceled
from bot3.portfolio.positions import FLAT, Position

AtVenue = ForeignOrdersSeen | DeadManChanged | OrderCanceled


@define
class InstrumentCard:
    """The last word on one instrument; None where nobody has said it yet."""

    quote: QuoteChanged | None = None
    regime: RegimeEstimated | None = None
    score: LearningScored | None = None
    recovered: Position = FLAT
    position: PositionChanged | None = None
    targets: dict[str, TargetProposed] = Factory(dict)
    weights: dict[str, float] = Factory(dict)
    bars: int = 0

    @property
    def held(self) -> Position:
        """The last one told, before the first the one of recovery."""
        told = self.position
        if told is None:
            return self.recovered
        average = ZERO if told.average_price is None else told.average_price.amount
        return Position(told.position, told.position * average, told.realized)

    def unrealized(self) -> Decimal | None:
        """Profit of what is held at the mid, before the fee of selling it."""
        if not self.held.amount or self.quote is None:
            return None
        return self.held.unrealized(decimal_of(self.quote.quote.mid))


@define
class VenueCard:
    """The last word on one venue's connections, and why each is down; empty while it is up.

    `circuit` says whether entries are let through to it; `sent` counts our orders by type;
    `foreign` are orders that rest there and are not ours. `dead_man` is None where the venue's
    dead-man's switch is not wanted; `dead_man_canceled` counts what it took of us.
    """

    is_feed_connected: bool = False
    is_account_connected: bool = False
    feed_detail: str = "not connected yet"
    account_detail: str = ""
    circuit: CircuitState = CircuitState.CLOSED
    sent: Counter[str] = Factory(Counter)
    foreign: tuple[str, ...] = ()
    dead_man: DeadManChanged | None = None
    dead_man_canceled: int = 0

    @property
    def detail(self) -> str:
        """Why something is down; empty where nothing is, or nobody said why."""
        return "; ".join(filter(None, (self.feed_detail, self.account_detail)))

    def take(self, message: AtVenue) -> None:
        """What rests there that is not ours, and the venue's dead-man's switch."""
        match message:
            case ForeignOrdersSeen():
                self.foreign = message.words
            case DeadManChanged():
                self.dead_man = message
            case OrderCanceled(reason=reason):
                self.dead_man_canceled += reason == DEAD_MAN


def venue_of(message: AtVenue) -> VenueName:
    """Whose card it is for."""
    return message.instrument.venue if isinstance(message, OrderCanceled) else message.venue
