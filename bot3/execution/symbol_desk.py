"""What execution knows of one symbol over its venues: targets, quotes, depth, patience, schedule.

Invariant: the symbol's difference has one side and one clock of patience, whichever venue it is
worked on; a change of position has one schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import final

from attrs import Factory, define, frozen

from bot3.domain.book import Level, Quote
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent
from bot3.domain.values import ZERO, InstrumentId, Symbol, decimal_of
from bot3.execution.group import GroupSettings, LegGroup
from bot3.execution.inquiry import SECOND_NS, InquirySettings
from bot3.execution.parent import (
    AT_ONCE,
    MarketState,
    Parent,
    ScheduleKind,
    ScheduleSettings,
)
from bot3.execution.places import Place, total_expected, total_target
from bot3.execution.planner import (
    PlannedCancel,
    PlannedOrder,
    PlannerSettings,
    difference_of,
    plan,
)
from bot3.execution.volatility import QuoteVolatility
from bot3.execution.volumes import Volumes
from bot3.messages.market import BarClosed, DepthSampled
from bot3.messages.orders import TargetSized


@frozen(kw_only=True)
class ExecutionSettings:
    """`order_lifetime_s` bounds a request on its way to the venue; after a denial, a rejection or
    an order that lapsed an instrument rests for the planner's `retry_s`, and the whole symbol for
    `settle_s` after any other end: the venue's balances come after its word on the order, and the
    gate judges by them. `is_adopting_orders`: foreign ones become ours, but for those of `crosses`.
    """

    planner: PlannerSettings = Factory(PlannerSettings)
    schedule: ScheduleSettings = Factory(ScheduleSettings)
    group: GroupSettings = Factory(GroupSettings)
    inquiry: InquirySettings = Factory(InquirySettings)
    order_lifetime_s: float = 5.0
    settle_s: float = 0.15
    is_adopting_orders: bool = False
    crosses: frozenset[InstrumentId] = frozenset()


@final
@define
class VenueState:
    """One instrument of the symbol, as the news have it."""

    instrument: Instrument | None = None
    target: TargetSized | None = None
    quote: Quote | None = None
    bids: Sequence[Level] = ()
    asks: Sequence[Level] = ()
    proposed: OrderIntent | None = None
    paused_until_ns: int = 0
    volatility: QuoteVolatility = Factory(QuoteVolatility)


@final
class SymbolDesk:
    """`venues` has every instrument of the symbol that anything was heard of."""

    def __init__(self, symbol: Symbol, settings: ExecutionSettings) -> None:
        self.symbol, self.settings = symbol, settings
        self.venues: dict[InstrumentId, VenueState] = {}
        self.settled_ns = 0
        self.is_idle = False  # nothing under way, and nothing to order: no quote need be looked at
        self.group: LegGroup | None = None
        self._volumes = Volumes()
        self._parent: Parent | None = None
        self._worked: tuple[bool, int] | None = None

    def venue(self, key: InstrumentId) -> VenueState:
        """Made where it is new."""
        state = self.venues.get(key)
        if state is None:
            state = self.venues[key] = VenueState()
        return state

    def on_quote(self, key: InstrumentId, quote: Quote, now_ns: int) -> None:
        """The touch."""
        state = self.venue(key)
        state.quote = quote
        if 0 < quote.bid < quote.ask:
            state.volatility.on_mid(quote.mid, now_ns)

    def on_depth(self, sampled: DepthSampled) -> None:
        """What is behind the touch."""
        state = self.venue(sampled.instrument)
        state.bids, state.asks = sampled.bids, sampled.asks

    def on_bar(self, closed: BarClosed) -> None:
        """How much the market trades."""
        self._volumes.on_bar(closed.bar, is_warm_up=closed.is_warm_up)

    def on_book_lost(self, key: InstrumentId) -> None:
        """Nothing new is planned there until the next quote."""
        state = self.venue(key)
        state.quote, state.bids, state.asks = None, (), ()

    def forget(self) -> None:
        """All targets and proposals: new targets start anew."""
        for state in self.venues.values():
            state.target = state.proposed = None
        self._worked = self._parent = self.group = None
        self.is_idle = False

    def withdraw_late(self, now_ns: int) -> None:
        """Proposals that the gate never answered (it crashed on them), at their deadline."""
        for state in self.venues.values():
            if state.proposed is not None and now_ns >= state.proposed.deadline_ns:
                state.proposed = None

    def targeted(self) -> list[tuple[TargetSized, VenueState]]:
        """Venues that a strategy has spoken of; the others' positions are nobody's to change."""
        return [(state.target, state) for state in self.venues.values() if state.target is not None]

    def plan(
        self, place_of: Callable[[TargetSized, VenueState], Place | None], now_ns: int
    ) -> list[PlannedOrder | PlannedCancel]:
        """What to do now; `place_of` adds what the desk knows of orders, positions and funds."""
        if self.group is not None and self.is_held(self.group):
            return []
        targeted = self.targeted()
        places = [
            place for target, state in targeted if (place := place_of(target, state)) is not None
        ]
        difference, is_mending = self._difference(places), False
        if self.group is not None:
            difference, is_mending = self._mending(self.group, places, difference, now_ns)
        is_under_way = any(place.live for place in places)
        self.is_idle = not difference and not is_under_way
        if not difference:
            self._worked = self._parent = None
            if self.is_idle:
                return []
        elif now_ns < self.settled_ns and not is_under_way:
            return []
        is_urgent = any(target.is_urgent for target, _ in targeted)
        if not is_mending:
            difference = self._due(places, difference, now_ns, is_urgent=is_urgent)
        is_hurried = is_urgent or is_mending
        patience_s = 0.0 if is_hurried else self._patience_s(difference, now_ns)
        planned = plan(
            places,
            difference,
            settings=self.settings.planner,
            patience_s=patience_s,
            shown_notional=self._shown(),
            is_urgent=is_urgent,
        )
        is_ready = all(place.quote is not None and place.is_open for place in places)
        # What cannot be ordered now (too small, too little money) waits for the beat or for news.
        self.is_idle = not planned and not is_under_way and is_ready
        return planned

    def is_held(self, group: LegGroup) -> bool:
        """By a group whose legs are under way; a cross symbol has nothing of its own to do."""
        return group.holds or self.symbol not in group.open.homes

    def _difference(self, places: Sequence[Place]) -> Decimal:
        """A change under way is worked to its last slice: the dead band is for starting one."""
        if self._parent is not None:
            rest = total_target(places) - total_expected(places)
            if abs(rest) >= self._parent.step_min:
                return rest
        return difference_of(places, self.settings.planner)

    def _mending(
        self, group: LegGroup, places: Sequence[Place], difference: Decimal, now_ns: int
    ) -> tuple[Decimal, bool]:
        """What a group has left open is traded back, within the dead band, too; unless the
        strategies' target has moved beyond it meanwhile, of which it is then a part.
        """
        if self.symbol not in group.open.left:
            wanted = group.open.homes[self.symbol].target
            moved = abs(total_target(places) - wanted)
            if moved > decimal_of(self.settings.planner.rebalance_band) * wanted:
                group.supersede(self.symbol, now_ns)
        if self.symbol in group.open.left:
            return difference, False
        # Fills that are known to come are as good as here.
        missing = sum((place.holding.missing for place in places), ZERO)
        return -(group.open[self.symbol] + missing), True

    def _shown(self) -> Decimal:
        schedule = self.settings.schedule
        return schedule.shown_notional if schedule.kind is ScheduleKind.ICEBERG else ZERO

    def _patience_s(self, difference: Decimal, now_ns: int) -> float:
        """What is left of it since the present difference, of the present side, is worked."""
        if not difference:
            self._worked = None
            return self.settings.planner.maker_patience_s
        is_buy, since_ns = self._worked or (difference > 0, now_ns)
        if is_buy != (difference > 0):
            since_ns = now_ns
        self._worked = (difference > 0, since_ns)
        return self.settings.planner.maker_patience_s - (now_ns - since_ns) / SECOND_NS

    def _due(
        self, places: Sequence[Place], difference: Decimal, now_ns: int, *, is_urgent: bool
    ) -> Decimal:
        """The part of the difference that the schedule has reached, where there is one."""
        if self.settings.schedule.kind in AT_ONCE or is_urgent or not difference:
            return difference
        expected, target = total_expected(places), total_target(places)
        parent = self._parent
        if parent is not None and parent.takes(target):
            parent.end = target
        else:
            market = self._market(places)
            if market is None:
                return ZERO
            parent = Parent(self.settings.schedule, expected, target, now_ns, market)
            self._parent = parent
        due = parent.due(now_ns)
        step = due - expected
        is_small = due != parent.end and abs(step) < parent.step_min
        return ZERO if is_small or step * difference <= 0 else step

    def _market(self, places: Sequence[Place]) -> MarketState | None:
        """None while no venue has a sound quote: nothing could be traded either."""
        quoted = [place for place in places if place.quote is not None]
        if not quoted or quoted[0].quote is None:
            return None
        volatility = max(place.volatility_bps for place in quoted)
        return MarketState(self._volumes, len(self.venues), volatility, quoted[0].quote)
