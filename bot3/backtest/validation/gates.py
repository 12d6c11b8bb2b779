"""Is the best of many better than luck: Hansen's SPA, Romano and Wolf's StepM, the deflated Sharpe
ratio, and a hold-out that is looked at once.

A trial's evidence is what its timing earned: each bar's return times how much more than usual it
was held, less costs. Always holding earns nothing by it, whatever the market did.

Sources: Hansen, "A test for superior predictive ability" (2005); Romano and Wolf, "Stepwise
multiple testing as formalized data snooping" (2005); Bailey and López de Prado (2014); the
bootstraps are the library arch's.

Invariant: the same evidence and seed give the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from bot3.backtest.validation.zones import Span
from bot3.domain.bars import Bars, Floats
from bot3.portfolio.statistics.sharpe import deflated_sharpe

LEVEL: Final = 0.05
BLOCKS_MAX: Final = 500
RESAMPLES: Final = 1_000


def timing(held: Floats, returns: Floats, cost_in: float, cost_out: float) -> Floats:
    """What the timing earned a bar, log: shape (bars,). Flat before the first and after the last
    bar, as the kernel has it; the last exit is paid by the last bar.
    """
    changed = np.diff(held, prepend=0.0)
    earned = (held - held.mean()) * returns if len(held) else held * returns
    earned = earned - np.where(changed > 0, cost_in, 0.0) - np.where(changed < 0, cost_out, 0.0)
    if len(held) and held[-1] > 0.0:
        earned[-1] -= cost_out
    return np.asarray(earned)


def pooled(every: Sequence[tuple[Bars, int, Floats]], span: Span) -> Floats:
    """Evidence of several instruments, summed in at most `BLOCKS_MAX` blocks of equal time.

    Each instrument: its bars, the row of its first figure, and the figures.
    """
    longest = max(len(figures) for _, _, figures in every)
    count = max(min(BLOCKS_MAX, longest), 1)
    edges = np.linspace(span[0], span[1], count + 1)[1:-1]
    total = np.zeros(count)
    for bars, first, figures in every:
        times = bars.close_ns[first : first + len(figures)]
        block = np.searchsorted(edges, times, side="right")
        total += np.bincount(block, weights=figures, minlength=count)
    return total / len(every)


def superior(evidence: Floats, seed: int) -> tuple[float, list[int]]:
    """Of trials' evidence, shape (blocks, trials): the SPA p-value that none is better than
    nothing, and those that StepM finds to be, all together wrong once in twenty.
    """
    from arch.bootstrap import SPA, StepM

    moving = np.flatnonzero(evidence.std(axis=0) > 0.0)
    if not len(moving):
        return 1.0, []
    losses, nothing = -evidence[:, moving], np.zeros(len(evidence))
    given: dict[str, Any] = {"reps": RESAMPLES, "seed": seed}
    test = SPA(nothing, losses, **given)
    test.compute()
    value = float(test.pvalues["consistent"])
    if value > LEVEL:
        return value, []
    # The library cannot end with nobody left: one that surely loses is left for it.
    loser = losses[:, :1] - losses[:, :1].mean() + 10.0 * losses[:, :1].std()
    steps = StepM(nothing, np.column_stack([losses, loser]), size=LEVEL, **given)
    steps.compute()
    names: Any = steps.superior_models
    found = {int(at) for at in names} - {len(moving)}
    return value, sorted(int(moving[at]) for at in found)


def p_value(evidence: Floats, seed: int) -> float:
    """That one trial's timing is better than nothing, by the same bootstrap."""
    return superior(evidence[:, None], seed)[0]


def holm(values: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Which of them stand together: wrong once in twenty families (Holm 1979)."""
    order = np.argsort(np.array(values), kind="stable").tolist()
    kept = [False] * len(values)
    for place, at in enumerate(order):
        if values[at] > level / (len(values) - place):
            break
        kept[at] = True
    return kept


def deflated(evidence: Floats, trials: int) -> float | None:
    """The probability that the Sharpe ratio of the timing is more than the best of so many
    independent worthless trials shows; their ratios scatter as those of no skill do, by 1/blocks.
    """
    deviation = float(evidence.std())
    if len(evidence) < 2 or not deviation > 0.0:
        return None
    scores = (evidence - evidence.mean()) / deviation
    return deflated_sharpe(
        float(evidence.mean()) / deviation,
        len(evidence),
        skew=float(np.mean(scores**3)),
        kurtosis=float(np.mean(scores**4)),
        trials=max(trials, 1),
        variance=1.0 / len(evidence),
    )


def independent(behaviours: Floats) -> float:
    """How many different trials these are, shape (trials, bars): the participation ratio of their
    correlations' eigenvalues, between one and the lesser of trials and bars.
    """
    moving = behaviours[behaviours.std(axis=1) > 0.0]
    if len(moving) < 2:
        return 1.0
    scores = (moving - moving.mean(axis=1, keepdims=True)) / moving.std(axis=1, keepdims=True)
    short = scores @ scores.T if len(scores) < scores.shape[1] else scores.T @ scores
    return float(np.trace(short) ** 2 / np.sum(short * short))


def sharpe(evidence: Floats) -> float:
    """A bar; zero where nothing moves."""
    deviation = float(evidence.std()) if len(evidence) else 0.0
    return (
        float(evidence.mean()) / deviation if deviation > 0.0 and math.isfinite(deviation) else 0.0
    )
