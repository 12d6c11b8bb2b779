"""A change of position that is worked over time: where to be by now.

Invariant: what is due lies between start and end and only moves towards the end; an urgent change
and one without a schedule are due at once.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, unique
from typing import final

from attrs import define, field, frozen

from bot3.domain.book import Quote
from bot3.domain.values import ZERO, decimal_of
from bot3.execution.schedules import ImpactModel, Plan, almgren_chriss, pov, twap, vwap
from bot3.execution.volumes import DAY_S, SECOND_NS, Volumes

SLICES = 20
_PROFILE_PARTS = 12


@unique
class ScheduleKind(Enum):
    """How a change of position is spread over time; see `bot3.execution.schedules`."""

    IMMEDIATE = "immediate"
    TWAP = "twap"
    VWAP = "vwap"
    POV = "pov"
    ICEBERG = "iceberg"
    ALMGREN_CHRISS = "almgren_chriss"


AT_ONCE = (ScheduleKind.IMMEDIATE, ScheduleKind.ICEBERG)


@frozen(kw_only=True)
class ScheduleSettings:
    """`duration_s` of TWAP, VWAP and Almgren-Chriss; `participation` of POV, as a share of what the
    market trades; `shown_notional` of an iceberg's orders, in quote; `risk_aversion` of
    Almgren-Chriss, per unit of quote (0: as TWAP).
    """

    kind: ScheduleKind = ScheduleKind.IMMEDIATE
    duration_s: float = 60.0
    participation: float = 0.1
    shown_notional: Decimal = ZERO
    risk_aversion: float = 1e-6


@frozen
class MarketState:
    """What a schedule asks of the market."""

    volumes: Volumes
    venues: int
    volatility_bps_per_root_s: float
    quote: Quote


def impact_of(market: MarketState) -> ImpactModel | None:
    """Almgren and Chriss' rule of thumb (2000, section 4): trading a hundredth of the day's volume
    in a day costs a spread more, a tenth of it moves the price by a spread for good, and a half is
    paid in any case. None where volume or volatility are not known.
    """
    volume = market.volumes.per_day(market.venues)
    spread, volatility = market.quote.ask - market.quote.bid, market.volatility_bps_per_root_s
    if not (volume > 0 and volatility > 0 and spread > 0):
        return None
    return ImpactModel(
        volatility=volatility * 1e-4 * market.quote.mid * DAY_S**0.5,
        permanent=spread / (0.1 * volume),
        temporary=spread / (0.01 * volume),
        fixed=spread / 2,
    )


@final
@define
class Parent:
    """One change under way, from the position `start` to `end`."""

    settings: ScheduleSettings
    start: Decimal
    end: Decimal
    started_ns: int
    market: MarketState
    _traded: Decimal = field(init=False)
    _plan: Plan | None = field(init=False, default=None)
    _profile: tuple[float, ...] = field(init=False, default=())

    def __attrs_post_init__(self) -> None:
        kind, volumes = self.settings.kind, self.market.volumes
        self._traded = volumes.traded
        if kind is ScheduleKind.ALMGREN_CHRISS and self.end != self.start:
            self._plan = self._optimum()
        if kind is ScheduleKind.VWAP:
            parts = volumes.profile(self.started_ns, self.settings.duration_s, _PROFILE_PARTS)
            self._profile = tuple(parts) if sum(parts) > 0 else ()

    def _optimum(self) -> Plan | None:
        model = impact_of(self.market)
        if model is None:
            return None  # nothing is known of the market yet: as TWAP
        amount, duration = float(abs(self.end - self.start)), self.settings.duration_s / DAY_S
        return almgren_chriss(amount, duration, SLICES, model, self.settings.risk_aversion)

    def takes(self, target: Decimal) -> bool:
        """Whether a new target is but another end of the same change."""
        way = self.end - self.start
        return (target - self.start) * way > 0 and abs(target - self.end) <= abs(way) / 2

    @property
    def step_min(self) -> Decimal:
        """Less than this is not worth an order before the end."""
        return abs(self.end - self.start) / SLICES

    def due(self, now_ns: int) -> Decimal:
        """The position to be at by now."""
        way = self.end - self.start
        if self.settings.kind is ScheduleKind.POV:
            traded = self.market.volumes.since(self._traded)
            done = pov(abs(way), traded, decimal_of(self.settings.participation))
            return self.start + done.copy_sign(way)
        share = self._share((now_ns - self.started_ns) / SECOND_NS)
        return self.end if share >= 1 else self.start + way * decimal_of(share)

    def _share(self, elapsed_s: float) -> float:
        duration_s = self.settings.duration_s
        if self.settings.kind in AT_ONCE:
            return 1.0
        if self._profile:
            return vwap(elapsed_s, duration_s, self._profile)
        if self._plan is not None:
            return self._plan.done(twap(elapsed_s, duration_s))
        return twap(elapsed_s, duration_s)
