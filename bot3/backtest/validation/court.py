"""From candidates to promoted ones: walk-forward, SPA and StepM, the deflated Sharpe ratio; then
the hold-out, once.

Invariant: nothing of the hold-out is read before `confirm`, and `confirm` gets only who passed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, unique
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
from attrs import evolve, field, frozen

from bot3.backtest.validation.gates import (
    deflated,
    holm,
    p_value,
    pooled,
    sharpe,
    superior,
    timing,
)
from bot3.backtest.validation.zones import Span, Zones, parts, rows_of
from bot3.domain.bars import Bars, Floats

CANDIDATES_MAX: Final = 20
FINALISTS_MAX: Final = 5
_WALKS: Final = 3
_CONFIDENCE: Final = 0.95


@unique
class Rejection(Enum):
    """Why a strategy is not promoted, in the order of the gates."""

    DOES_NOT_TRADE = "does_not_trade"
    LOSES_IN_SEARCH = "loses_in_search"
    NOT_AMONG_THE_BEST = "not_among_the_best"
    WALK_FORWARD = "walk_forward"
    NOT_SUPERIOR = "not_superior"
    DEFLATED_SHARPE = "deflated_sharpe"
    HOLDOUT = "holdout"
    HOLDOUT_LOCKED = "holdout_locked"


class Market(Protocol):
    """One instrument: its bars, and the log return of each bar's decision, from the open after it
    to the next one.
    """

    @property
    def bars(self) -> Bars: ...

    @property
    def returns(self) -> Floats: ...


C = TypeVar("C")
M = TypeVar("M", bound=Market)


@frozen(eq=False)
class Judged(Generic[C]):
    """A candidate and what is known of it so far; `rejection` None: it goes on."""

    candidate: C
    in_sample: dict[str, float]
    selection: dict[str, float]
    p_values: dict[str, float]
    dsr: float | None
    rejection: Rejection | None
    out_of_sample: dict[str, float] = field(factory=dict)


@frozen(eq=False)
class Court(Generic[C, M]):
    """What candidates are judged on. `trials`: how many different ones were tried on this data,
    ever; `held(candidate, market, first, last)`: where it is in after each close of these rows.
    """

    markets: tuple[M, ...]
    held: Callable[[C, M, int, int], Floats]
    zones: Zones
    costs: tuple[float, float]
    trials: int
    seed: int

    def select(self, candidates: Sequence[C]) -> list[Judged[C]]:
        """In their order."""
        if not candidates:
            return []
        before = [self._evidence(each, self.zones.search) for each in candidates]
        found = [self._evidence(each, self.zones.selection) for each in candidates]
        value, better = superior(np.column_stack(found), self.seed)
        judged = []
        for at, each in enumerate(candidates):
            dsr = deflated(np.concatenate([before[at], found[at]]), self.trials)
            judged.append(
                Judged(
                    each,
                    self._figures(each, self.zones.search),
                    self._figures(each, self.zones.selection),
                    {"spa": value},
                    dsr,
                    _first_failure(found[at], dsr, is_better=at in better),
                )
            )
        return judged

    def confirm(self, finalists: Sequence[Judged[C]]) -> list[Judged[C]]:
        """The one look at the hold-out: together wrong once in twenty, and money made."""
        evidence = [self._evidence(each.candidate, self.zones.holdout) for each in finalists]
        values = [p_value(each, self.seed + 1) for each in evidence]
        judged = []
        for each, value, is_kept in zip(finalists, values, holm(values), strict=True):
            figures = self._figures(each.candidate, self.zones.holdout)
            is_good = is_kept and figures["total_return"] > 0.0
            judged.append(
                evolve(
                    each,
                    out_of_sample=figures,
                    p_values={**each.p_values, "holdout": value},
                    rejection=None if is_good else Rejection.HOLDOUT,
                )
            )
        return judged

    def _evidence(self, candidate: C, span: Span) -> Floats:
        every = []
        for market in self.markets:
            first, last = rows_of(market.bars, span)
            figures = timing(
                self.held(candidate, market, first, last), market.returns[first:last], *self.costs
            )
            every.append((market.bars, first, figures))
        return pooled(every, span)

    def _figures(self, candidate: C, span: Span) -> dict[str, float]:
        """Of all instruments with equal shares; nothing is annualized."""
        growths, timed, trades, exposures, falls, bars = [], [], 0, [], [], 0
        cost_in, cost_out = self.costs
        for market in self.markets:
            first, last = rows_of(market.bars, span)
            position = self.held(candidate, market, first, last)
            returns = market.returns[first:last]
            changed = np.diff(position, prepend=0.0, append=0.0)
            entries, exits = changed > 0, changed < 0
            paid = np.where(entries, cost_in, 0.0) + np.where(exits, cost_out, 0.0)
            worth = np.cumsum(np.append(position * returns, 0.0) - paid)
            growths.append(float(worth[-1]))
            falls.append(float(np.max(np.maximum.accumulate(np.maximum(worth, 0.0)) - worth)))
            timed.append(timing(position, returns, *self.costs))
            trades += int(entries.sum())
            exposures.append(float(position.mean()))
            bars += len(position)
        return {
            "total_return": float(np.mean(np.expm1(growths))),
            "timing_return": float(np.mean([np.expm1(each.sum()) for each in timed])),
            "sharpe_per_bar": float(np.mean([sharpe(each) for each in timed])),
            "max_drawdown": float(-np.expm1(-max(falls))),
            "trades": trades,
            "exposure": float(np.mean(exposures)),
            "bars": bars,
        }


def _first_failure(evidence: Floats, dsr: float | None, *, is_better: bool) -> Rejection | None:
    walks = parts((0, len(evidence)), _WALKS, 0)
    won = sum(evidence[first:last].sum() > 0.0 for first, last in walks)
    if won * 2 <= _WALKS:
        return Rejection.WALK_FORWARD
    if not is_better:
        return Rejection.NOT_SUPERIOR
    if dsr is None or dsr < _CONFIDENCE:
        return Rejection.DEFLATED_SHARPE
    return None


def finalists_of(judged: Sequence[Judged[C]]) -> list[Judged[C]]:
    """Those who passed, the surest first; few, since each of them costs the others power."""
    passed = [each for each in judged if each.rejection is None]
    return sorted(passed, key=lambda each: -(each.dsr or 0.0))[:FINALISTS_MAX]
