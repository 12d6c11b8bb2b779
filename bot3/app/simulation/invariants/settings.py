"""What the checkers are told of the configuration: what was promised, and how exactly it is held.

Invariant: nothing here is made by the rooms that are judged; they and the checkers are given the
same configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import Factory, frozen

from bot3.app.simulation.invariants.restart_rules import SupervisorRule
from bot3.domain.values import Asset, InstrumentId
from bot3.risk.limits import RiskLimits

SECOND_NS = 1_000_000_000


@frozen(kw_only=True)
class InvariantSettings:
    """Promises first, then tolerances.

    Args:
        limits: of the gate, as configured.
        currency: in which equity is counted.
        instruments: what is traded; each must have a living book at rest.
        order_lifetime_s: how long after its decision an order may still be sent.
        maker_patience_s: how long an order may rest before it is withdrawn.
        group_size_max: what one group of legs may be worth, in quote.
        group_s_max: for how long one may leave something open.
        restart_pauses_s: per path of an actor, see `pauses_of`.
        supervisor_rules: per path of a supervisor, see `supervisor_rules_of`.
        engine_margin_s: the longest that the venue holds a request beyond its expiry.
        skew_s: how far the bot's clock may be off, faults included.
        equity_tolerance: the share by which the equity that the gate counted with may be above the
            exchange's: its mark is a second old, or as old as a portfolio actor is down, and
            prices move meanwhile. An order that nobody checked is far beyond it.
        rest_margin_s: on top of the patience, for an order at rest: one lost report is found by
            asking again (30 s), then a cancel goes out.
        book_lag_max_s: how old the bot's book may be at rest.
        quiet_max_s: how long ago the last market event may have been at rest.
        restart_slack_s: how much later than an exit its supervisor may count it: it counts between
            steps, and a step waits for a child to stop.
        books_kept: published states of a book that are remembered to compare with.
    """

    limits: RiskLimits
    currency: Asset
    instruments: tuple[InstrumentId, ...]
    order_lifetime_s: float
    maker_patience_s: float
    group_size_max: Decimal = Decimal(0)
    group_s_max: float = 0.0
    restart_pauses_s: Mapping[str, float] = Factory(dict)
    supervisor_rules: Mapping[str, SupervisorRule] = Factory(dict)
    engine_margin_s: float = 10.0
    skew_s: float = 2.0
    equity_tolerance: Decimal = Decimal("0.02")
    rest_margin_s: float = 30.0
    book_lag_max_s: float = 2.0
    quiet_max_s: float = 5.0
    restart_slack_s: float = 5.0
    books_kept: int = 20_000

    @property
    def transit_ns(self) -> int:
        """From an order's record to the venue's word of it, at most."""
        return ns(self.order_lifetime_s + self.engine_margin_s + self.skew_s)

    @property
    def decision_ns(self) -> int:
        """From the quote that the gate judged by to the venue's word of the order, at most."""
        return self.transit_ns + ns(self.limits.book_age_max_s)


def ns(seconds: float) -> int:
    """Whole nanoseconds."""
    return round(seconds * SECOND_NS)
