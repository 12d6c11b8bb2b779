"""What became of arbitrage groups, from the records of a journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from bot3.messages.arbitrage import ArbitrageClosed
from bot3.messages.journal import Record


class GroupFigures(msgspec.Struct, frozen=True):
    """`outcomes` and `kinds` by name; `planned` (of those with a fill) and `realized` in quote; the
    worst that one left open, in quote, and the longest that one did.
    """

    outcomes: dict[str, int] = {}
    planned: float = 0.0
    realized: float = 0.0
    exposure_max: float = 0.0
    exposed_s_max: float = 0.0
    kinds: dict[str, int] = {}

    @property
    def words(self) -> str:
        """One line."""
        kinds, outcomes = _counted(self.kinds), _counted(self.outcomes)
        return (
            f"arbitrage groups {sum(self.outcomes.values())} ({kinds}): {outcomes}; planned"
            f" {self.planned:+.2f}, came {self.realized:+.2f}; at most {self.exposure_max:.2f} open"
            f" of one asset, for {self.exposed_s_max:.2f} s at most"
        )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def group_figures(records: Iterable[Record]) -> GroupFigures:
    """Of every group that ended."""
    closed = [record for record in records if isinstance(record, ArbitrageClosed)]
    outcomes = Counter(each.outcome.value for each in closed)
    kinds = Counter(each.kind for each in closed)
    return GroupFigures(
        outcomes=dict(sorted(outcomes.items())),
        kinds=dict(sorted(kinds.items())),
        planned=sum(each.planned for each in closed if each.filled),
        realized=sum(each.realized for each in closed),
        exposure_max=max((each.exposure_max for each in closed), default=0.0),
        exposed_s_max=max((each.exposed_s for each in closed), default=0.0),
    )


def together(figures: Iterable[GroupFigures]) -> GroupFigures:
    """Of several simulations."""
    figures = list(figures)
    outcomes: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for each in figures:
        outcomes.update(each.outcomes)
        kinds.update(each.kinds)
    return GroupFigures(
        outcomes=dict(sorted(outcomes.items())),
        kinds=dict(sorted(kinds.items())),
        planned=sum(each.planned for each in figures),
        realized=sum(each.realized for each in figures),
        exposure_max=max((each.exposure_max for each in figures), default=0.0),
        exposed_s_max=max((each.exposed_s_max for each in figures), default=0.0),
    )
