"""When a difference between a venue's balances and our books is a mismatch, and when no more.

Invariant: a difference that passes is none of our business: fills and balances come by different
ways. One that lasts is asked about once in a while; only one that outlives the venue's fresh answer
is a mismatch, and it is told once, until it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from attrs import define, frozen

from bot3.domain.values import Asset, VenueName
from bot3.messages.account import (
    BalanceMismatch,
    Reconcile,
    ReconcileMatched,
    ReconcileMismatch,
)

SECOND_NS = 1_000_000_000
LASTING_NS = SECOND_NS
ASK_INTERVAL_NS = 10 * SECOND_NS
MISMATCH_NS = 15 * SECOND_NS
LOOK_BACK_NS = 120 * SECOND_NS
Key = tuple[VenueName, Asset]


@frozen
class Step:
    """What follows from one comparison; `lasting` is for whoever watches."""

    lasting: tuple[BalanceMismatch, ...]
    questions: tuple[Reconcile, ...]
    news: tuple[ReconcileMismatch | ReconcileMatched, ...]


@define
class _Difference:
    since_ns: int
    is_told: bool = False


@final
class Reconciliation:
    """Compares at each mark, about once a second. All times are ours."""

    def __init__(self) -> None:
        self._differences: dict[Key, _Difference] = {}
        self._asked_ns: dict[VenueName, int] = {}
        self._answered: set[VenueName] = set()

    def on_balances(self, venue: VenueName) -> None:
        """The venue has spoken since we asked."""
        self._answered.add(venue)

    def compare(self, found: Sequence[BalanceMismatch], now_ns: int) -> Step:
        """All differences of this moment."""
        keys = {(each.venue, each.asset) for each in found}
        gone = [key for key in self._differences if key not in keys]
        ended = [key for key in gone if self._differences.pop(key).is_told]
        news: list[ReconcileMismatch | ReconcileMatched] = [
            ReconcileMatched(venue, asset, now_ns) for venue, asset in ended
        ]
        lasting = [each for each in found if self._lasts(each, now_ns)]
        questions = [
            self._question(venue, now_ns)
            for venue in dict.fromkeys(each.venue for each in lasting)
            if now_ns - self._asked_ns.get(venue, -ASK_INTERVAL_NS) >= ASK_INTERVAL_NS
        ]
        news += [self._told(each, now_ns) for each in lasting if self._is_mismatch(each, now_ns)]
        return Step(tuple(lasting), tuple(questions), tuple(news))

    def _lasts(self, each: BalanceMismatch, now_ns: int) -> bool:
        kept = self._differences.setdefault((each.venue, each.asset), _Difference(now_ns))
        return now_ns - kept.since_ns >= LASTING_NS

    def _question(self, venue: VenueName, now_ns: int) -> Reconcile:
        self._asked_ns[venue] = now_ns
        self._answered.discard(venue)
        return Reconcile(venue, max(0, now_ns - LOOK_BACK_NS), "balances differ")

    def _is_mismatch(self, each: BalanceMismatch, now_ns: int) -> bool:
        """A venue that does not answer says nothing: its account is down, and that halts too."""
        kept = self._differences[each.venue, each.asset]
        is_old = now_ns - kept.since_ns >= MISMATCH_NS
        return is_old and not kept.is_told and each.venue in self._answered

    def _told(self, each: BalanceMismatch, now_ns: int) -> ReconcileMismatch:
        self._differences[each.venue, each.asset].is_told = True
        return ReconcileMismatch(
            each.venue, each.asset, each.ledger_total, each.venue_total, now_ns
        )
