r"""A group of legs that belong together: orders of one symbol on several venues, or round a loop.

    PROPOSED --all approved--> SENT --all closed--> MENDING --nothing open--> DONE
        \--one denied, or late--> DONE                 \--deadline, superseded--> DONE

Invariant: no leg is sent before the gate has approved every leg that is sent with it; what is open
(the group's change of each asset's position) is known at every moment, and is either nothing or
being traded back, until `DONE` says how it ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum, unique
from typing import Final, final

from attrs import define, frozen

from bot3.domain.conversion import Conversion
from bot3.domain.fill import Fill
from bot3.domain.order import OrderIntent
from bot3.domain.values import ZERO, InstrumentId, Symbol, floor_to_step
from bot3.execution.open_amounts import Home, OpenAmounts
from bot3.messages.account import OrderClosed
from bot3.messages.arbitrage import ArbitrageClosed, ArbitrageLeg, GroupOutcome, TradeArbitrage
from bot3.messages.orders import OrderApproved

_NS_PER_S: Final = 1_000_000_000


@unique
class GroupPhase(Enum):
    """Where a group is in its life."""

    PROPOSED = "proposed"
    SENT = "sent"
    MENDING = "mending"
    DONE = "done"


@unique
class Sending(Enum):
    """All legs at once; or one after the other, each as large as the one before was filled."""

    TOGETHER = "together"
    IN_ORDER = "in_order"


@frozen(kw_only=True)
class GroupSettings:
    """`sent_s`: how long legs may be without an end before what is open is traded back all the
    same; `mend_s`: how long that may take. `approval_s`: how long the gate's answers may take.
    """

    sending: Sending = Sending.TOGETHER
    approval_s: float = 1.0
    sent_s: float = 3.0
    mend_s: float = 20.0


@define
class _Leg:
    leg: ArbitrageLeg
    amount: Decimal
    intent: OrderIntent | None = None
    approved: OrderApproved | None = None
    is_sent: bool = False
    is_closed: bool = False
    filled: Decimal = ZERO


@final
class LegGroup:
    """`lots` by leg; `homes`: the symbols whose positions it moves, and none of a cross symbol;
    `conversions` of the legs that are of one.
    """

    def __init__(
        self,
        command: TradeArbitrage,
        settings: GroupSettings,
        *,
        lots: Sequence[Decimal],
        homes: Mapping[Symbol, Home],
        conversions: Mapping[InstrumentId, Conversion],
        now_ns: int,
    ) -> None:
        self.command, self.settings = command, settings
        self.phase = GroupPhase.PROPOSED
        self.open = OpenAmounts(homes)
        self.conversions = dict(conversions)
        self._legs = [_Leg(leg, leg.amount) for leg in command.legs]
        self._lots = tuple(lots)
        self._since_ns = now_ns
        self._outcome: GroupOutcome | None = None

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Of its legs, and those whose positions they move."""
        return (*dict.fromkeys((*self.command.symbols, *self.open.homes)),)

    @property
    def holds(self) -> bool:
        """Whether nobody else may order on its symbols."""
        return self.phase in {GroupPhase.PROPOSED, GroupPhase.SENT}

    def wants(self) -> list[ArbitrageLeg]:
        """Legs to propose now, with the amounts they are to have."""
        waiting = [each for each in self._legs if each.intent is None and not each.is_closed]
        if self.settings.sending is Sending.IN_ORDER:
            is_under_way = any(each.intent and not each.is_closed for each in self._legs)
            waiting = [] if is_under_way else waiting[:1]
        return [
            ArbitrageLeg(
                each.leg.instrument, each.leg.side, each.amount, each.leg.limit, each.leg.price
            )
            for each in waiting
        ]

    def propose(self, leg: ArbitrageLeg, intent: OrderIntent) -> None:
        """A wanted leg is before the gate."""
        self._of(leg).intent = intent

    def has(self, intent: OrderIntent) -> bool:
        """Whether it is a leg of this group."""
        return any(each.intent == intent for each in self._legs)

    def on_approved(self, answer: OrderApproved, now_ns: int) -> tuple[OrderApproved, ...]:
        """What is to be sent now: nothing until every proposed leg is approved."""
        self._by_intent(answer.approved.intent).approved = answer
        proposed = [each for each in self._legs if each.intent is not None]
        if any(each.approved is None for each in proposed):
            return ()
        if self.phase is GroupPhase.PROPOSED:
            self.phase, self._since_ns = GroupPhase.SENT, now_ns
        ready = [each for each in proposed if not each.is_sent]
        for each in ready:
            each.is_sent = True
        return tuple(each.approved for each in ready if each.approved is not None)

    def drop(self, now_ns: int) -> tuple[OrderIntent, ...]:
        """A leg was denied, or not answered: what was approved and not sent is to be withdrawn."""
        withdrawn = tuple(
            each.intent
            for each in self._legs
            if each.intent is not None and each.approved is not None and not each.is_sent
        )
        for each in self._legs:
            each.is_closed = each.is_closed or not each.is_sent
        if self.phase is GroupPhase.PROPOSED:
            self._end(GroupOutcome.DENIED, now_ns)
        else:
            self._settle(now_ns)
        return withdrawn

    def on_fill(self, fill: Fill, now_ns: int) -> None:
        """Any fill of its symbols while the group lives, of a leg or of what mends it."""
        self.open.take(fill, now_ns)
        if self.phase is GroupPhase.MENDING:
            self._settle(now_ns)

    def on_closed(self, closed: OrderClosed, now_ns: int) -> None:
        """An order is final; of a leg, the next one may follow."""
        for at, each in enumerate(self._legs):
            if each.intent is None or each.intent.client_order_id != closed.client_order_id:
                continue
            each.is_closed, each.filled = True, closed.filled
            if self.settings.sending is Sending.IN_ORDER:
                self._scale(at)
        if self.phase is GroupPhase.SENT and all(each.is_closed for each in self._legs):
            self._settle(now_ns)

    def on_time(self, now_ns: int) -> bool:
        """True where a deadline has passed: of approvals, then `drop` it."""
        waited_s = (now_ns - self._since_ns) / _NS_PER_S
        if self.phase is GroupPhase.PROPOSED:
            return waited_s >= self.settings.approval_s
        if self.phase is GroupPhase.SENT and waited_s >= self.settings.sent_s:
            for each in self._legs:
                each.is_closed = each.is_closed or not each.is_sent
            self._settle(now_ns)
        elif self.phase is GroupPhase.MENDING and waited_s >= self.settings.mend_s:
            self._end(GroupOutcome.LEFT, now_ns)
        return False

    def supersede(self, symbol: Symbol, now_ns: int) -> None:
        """A strategy wants another position: what is open there is part of its difference."""
        self.open.left.add(symbol)
        self._settle(now_ns)

    def closed(self, now_ns: int) -> ArbitrageClosed:
        """How it ended; for a group that is `DONE`."""
        assert self._outcome is not None
        first, *others = self.symbols
        return ArbitrageClosed(
            symbol=first,
            outcome=self._outcome,
            legs=len(self._legs),
            filled=sum(each.filled > 0 for each in self._legs),
            planned=self.command.profit,
            realized=float(self.open.realized),
            exposure_max=float(self.open.worst),
            exposed_s=self.open.open_s,
            ts_ns=now_ns,
            kind=self.command.kind,
            others=tuple(others),
        )

    def _settle(self, now_ns: int) -> None:
        """No leg is awaited any more: over, or what is open is to be traded back."""
        is_mended = self.phase is GroupPhase.MENDING
        if self.open.is_any:
            if not is_mended:
                self.phase, self._since_ns = GroupPhase.MENDING, now_ns
        elif self.open.left:
            self._end(GroupOutcome.SUPERSEDED, now_ns)
        elif not self.open.is_touched:
            self._end(GroupOutcome.EMPTY, now_ns)
        else:
            self._end(GroupOutcome.MENDED if is_mended else GroupOutcome.HEDGED, now_ns)

    def _end(self, outcome: GroupOutcome, now_ns: int) -> None:
        self.open.pass_time(now_ns, is_over=True)
        self.phase, self._outcome = GroupPhase.DONE, outcome

    def _scale(self, at: int) -> None:
        """The legs to come are as large as this one was filled; nothing filled: there are none. One
        that was given up is not taken up again by late news of this one.
        """
        done = self._legs[at]
        share = done.filled / done.amount
        for each, lot in zip(self._legs[at + 1 :], self._lots[at + 1 :], strict=True):
            each.amount = floor_to_step(each.amount * share, lot)
            each.is_closed = each.is_closed or each.amount <= 0

    def _of(self, leg: ArbitrageLeg) -> _Leg:
        return next(each for each in self._legs if each.leg.instrument == leg.instrument)

    def _by_intent(self, intent: OrderIntent) -> _Leg:
        return next(each for each in self._legs if each.intent == intent)
