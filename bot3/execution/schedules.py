"""When to trade an amount: schedules from nothing done (0) to everything done (1).

Invariant: every schedule is 0 before its start, 1 from its end on, and never falls.

Almgren and Chriss, "Optimal execution of portfolio transactions" (2000), equations 5, 17 to 21 and
their discrete sums; the module's names are theirs in words.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from bot3.domain.values import ZERO


def twap(elapsed_s: float, duration_s: float) -> float:
    """The same amount in the same time; a duration of 0 is all at once."""
    if elapsed_s < 0:
        return 0.0
    return 1.0 if elapsed_s >= duration_s else elapsed_s / duration_s


def vwap(elapsed_s: float, duration_s: float, profile: Sequence[float]) -> float:
    """As the market's volume usually comes: `profile` are the volumes of equal parts of the time.

    Raises `ValueError` for a profile that is empty, negative or nothing but zeros.
    """
    total = sum(profile)
    if not profile or min(profile) < 0 or total <= 0:
        raise ValueError(f"volume profile {list(profile)}: want volumes, at least one above zero")
    at = twap(elapsed_s, duration_s) * len(profile)
    whole = min(int(at), len(profile))
    part = profile[whole] * (at - whole) if whole < len(profile) else 0.0
    return (sum(profile[:whole]) + part) / total


def pov(amount: Decimal, market_volume: Decimal, participation: Decimal) -> Decimal:
    """How much may be done by now: a share of what the market traded since the start."""
    return min(amount, max(market_volume, ZERO) * participation)


def iceberg(remaining: Decimal, shown: Decimal) -> Decimal:
    """The next order: no more than is to be shown."""
    return min(remaining, shown)


@frozen(kw_only=True)
class ImpactModel:
    """Amounts in base, prices in quote, time in one unit (days in the paper).

    `volatility` is of the price in that time (not a rate), `permanent` (gamma) per unit
    of base, `temporary` (eta) per unit of base per time, `fixed` (epsilon) half the spread and fee.
    """

    volatility: float
    permanent: float
    temporary: float
    fixed: float = 0.0


@frozen
class Plan:
    """Holdings `left[k]` after `k` steps, and the cost that the model expects of them."""

    left: tuple[float, ...]
    expected_cost: float
    variance: float
    urgency: float  # kappa, per unit of time; 0 trades at the same rate all the time

    def done(self, share_of_time: float) -> float:
        """The share of the amount that is traded at a share of the time."""
        if share_of_time <= 0:
            return 0.0
        steps = len(self.left) - 1
        at = min(share_of_time, 1.0) * steps
        whole = min(int(at), steps - 1)
        left = self.left[whole] + (self.left[whole + 1] - self.left[whole]) * (at - whole)
        return 1.0 - left / self.left[0]


def almgren_chriss(
    amount: float, duration: float, steps: int, model: ImpactModel, risk_aversion: float
) -> Plan:
    """The schedule that minimizes expected cost + `risk_aversion` · variance.

    `kappa` solves 2 (cosh(kappa tau) - 1) / tau² = lambda sigma² / e, e = eta - gamma tau / 2.
    Raises `ValueError` where the temporary impact is too small for the step (e <= 0).
    """
    tau = duration / steps
    eta = model.temporary - model.permanent * tau / 2
    if eta <= 0:
        raise ValueError(
            f"temporary impact {model.temporary}: want above {model.permanent * tau / 2}"
        )
    kappa_squared = risk_aversion * model.volatility**2 / eta
    kappa = math.acosh(kappa_squared * tau**2 / 2 + 1) / tau
    left = tuple(_left(amount, duration, kappa, step * tau) for step in range(steps + 1))
    sold = [before - after for before, after in itertools.pairwise(left)]
    cost = (
        model.permanent * amount**2 / 2
        + model.fixed * sum(abs(each) for each in sold)
        + eta / tau * sum(each**2 for each in sold)
    )
    variance = model.volatility**2 * tau * sum(each**2 for each in left[1:])
    return Plan(left, cost, variance, kappa)


def _left(amount: float, duration: float, kappa: float, at: float) -> float:
    if kappa == 0:
        return amount * (1 - at / duration)
    return amount * math.sinh(kappa * (duration - at)) / math.sinh(kappa * duration)
