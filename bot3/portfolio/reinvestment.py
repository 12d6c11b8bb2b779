"""How much of the equity sizes are made from: profits compound, are set aside, or are protected.

    capital = min(equity - reserve, what compounds, multiple * (equity - floor))

Invariant: the capital is never above the equity less the reserve; losses count at once, profits
only when a fill has settled them and they are worth the trading that larger sizes take.

Compounding at every fill adds little over doing so daily (299.0 % a year instead of 300 %), so it
waits for a threshold. The floor is constant-proportion insurance (Perold and Sharpe 1988): it holds
as long as a loss between two decisions is less than one over `protection_multiple` of what is held.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique

from attrs import evolve, field, frozen, validators

from bot3.domain.values import ZERO, decimal_of
from bot3.messages.risk import CapitalChanged


@unique
class Compounding(Enum):
    """Whether sizes follow what was earned, or stay those of the base capital."""

    COMPOUND = "compound"
    FIXED = "fixed"


@frozen
class ReinvestmentSettings:
    """`gain_min`: the share of the capital that profits must reach before sizes grow by them.
    `sweep`: the share of each new profit that is set aside for good. `protected_share`: of the base
    capital, below which equity is not to fall (0: no floor).
    """

    compounding: Compounding = Compounding.COMPOUND
    gain_min: float = field(default=0.002, validator=[validators.ge(0), validators.lt(1)])
    sweep: float = field(default=0.0, validator=[validators.ge(0), validators.le(1)])
    protected_share: float = field(default=0.0, validator=[validators.ge(0), validators.lt(1)])
    protection_multiple: float = field(
        default=5.0, validator=[validators.ge(1), validators.le(100)]
    )


@frozen
class Reinvestment:
    """Replaced, never changed. `base` is the first equity of the account; `capital` is what sizes
    were last made from, before the floor; `reserve` was set aside at profits up to `high`.
    """

    settings: ReinvestmentSettings
    base: Decimal = ZERO
    capital: Decimal = ZERO
    reserve: Decimal = ZERO
    high: Decimal = ZERO

    def usable(self, equity: Decimal) -> Decimal:
        """What sizes are made from at this equity; never negative."""
        given, free = self.settings, equity - self.reserve
        most = min(free, self.capital)
        if given.protected_share and self.base:
            cushion = equity - self.base * decimal_of(given.protected_share)
            most = min(most, cushion * decimal_of(given.protection_multiple))
        return max(most, ZERO)

    def settle(self, equity: Decimal, now_ns: int) -> tuple[Reinvestment, CapitalChanged | None]:
        """At an equity that fills have settled; what is to be written down, where sizes change."""
        if not self.base:
            after = evolve(self, base=equity, capital=equity, high=equity)
            return after, _told(after, now_ns)
        swept = self._sweep(equity)
        free = equity - swept.reserve
        wanted = free if self.settings.compounding is Compounding.COMPOUND else self.base
        change = abs(wanted - self.capital)  # a loss counts at once all the same: see `usable`
        is_worth_it = change > self.capital * decimal_of(self.settings.gain_min)
        after = evolve(swept, capital=wanted) if is_worth_it else swept
        has_changed = (after.capital, after.reserve) != (self.capital, self.reserve)
        return after, _told(after, now_ns) if has_changed else None

    def _sweep(self, equity: Decimal) -> Reinvestment:
        """A profit is what is above every equity before it, by enough to matter."""
        earned = equity - self.high
        if not self.settings.sweep or earned <= self.high * decimal_of(self.settings.gain_min):
            return self
        aside = earned * decimal_of(self.settings.sweep)
        return evolve(self, reserve=self.reserve + aside, high=equity)

    def restored(self, change: CapitalChanged) -> Reinvestment:
        """As an earlier life wrote it down."""
        return evolve(
            self, base=change.base, capital=change.capital, reserve=change.reserve, high=change.high
        )


def _told(now: Reinvestment, now_ns: int) -> CapitalChanged:
    return CapitalChanged(now_ns, now.base, now.capital, now.reserve, now.high)
