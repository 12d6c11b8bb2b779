"""How much of the blend to follow at all: Hedge between the blend and staying flat.

Invariant: the exposure is in (0, 1); it falls with what the blend loses after costs, so that where
every expert is bad the system goes flat, not to the least bad, and rises again with what the blend
would have earned.

Hedge with fixed share over two experts (Herbster and Warmuth 1998), its learning rate in units of
what luck and a few round trips move.
"""

from __future__ import annotations

from math import exp, log, sqrt

from attrs import field, frozen, validators

_SHARE = [validators.gt(0.0), validators.lt(1.0)]


@frozen
class ExposureSettings:
    """`start` is also where it returns to, by `share` a bar. The blend has to lose so many round
    trips (`trips`), or so many deviations of a bar's return, whichever is more, for the odds to
    fall by e. At a weight of `share_min` and
    below, the system is flat.
    """

    start: float = field(default=0.8, validator=_SHARE)
    share: float = field(default=0.0005, validator=_SHARE)
    trips: float = field(default=3.0, validator=validators.gt(0.0))
    deviations: float = field(default=20.0, validator=validators.gt(0.0))
    share_min: float = field(default=0.25, validator=_SHARE)

    def __attrs_post_init__(self) -> None:
        if self.share_min >= self.start:
            raise ValueError(f"share_min must be below start: {self}")


class Exposure:
    """The share of the blend's target that is followed."""

    __slots__ = ("_share", "_unit", "_variance", "settings")

    def __init__(self, cost_bps: float, settings: ExposureSettings | None = None) -> None:
        self.settings = settings or ExposureSettings()
        self._share = self.settings.start
        self._unit = self.settings.trips * 2e-4 * cost_bps
        self._variance = 0.0

    @property
    def value(self) -> float:
        """In [0, 1]: 1 from where it starts on, 0 below the least that is worth while."""
        start, least = self.settings.start, self.settings.share_min
        return min(max((self._share - least) / (start - least), 0.0), 1.0)

    @property
    def unit(self) -> float:
        """The net return by which the odds change by e: what luck and a few round trips move."""
        return max(self._unit, self.settings.deviations * sqrt(self._variance))

    def update(self, net_return: float, log_return: float) -> None:
        """What the blend earned in a bar, followed or not, and what the market did."""
        self._variance += 0.01 * (log_return * log_return - self._variance)
        unit = self.unit
        if unit <= 0.0:
            return
        odds = log(self._share / (1.0 - self._share)) + net_return / unit
        share = 1.0 / (1.0 + exp(-min(max(odds, -30.0), 30.0)))
        settings = self.settings
        self._share = share + settings.share * (settings.start - share)
