"""The efficient price behind each market: what the agents know more or less well.

Log price with Student-t innovations (4 degrees of freedom), jumps, two volatility regimes, an
activity that swells and ebbs within seconds, and a drift that only some worlds have:

- `null`: none: no strategy earns anything but its luck, less its costs;
- `planted`: an Ornstein-Uhlenbeck drift of declared size (`edge`): predictable;
- `thin`: the same at a tenth: predictable, and smaller than any fee;
- `regime`: phases of trend, up or down, between phases of none.

Invariant: the numbers depend on the settings and the dice alone.
"""

from __future__ import annotations

import math
from enum import Enum, unique
from typing import final

from attrs import field, frozen, validators

from supervisors.entropy import Dice

BASIS_POINT = 1e-4
_DEGREES_OF_FREEDOM = 4.0
_SHAPE = _DEGREES_OF_FREEDOM / 2  # of half a chi square
_VARIANCE = _DEGREES_OF_FREEDOM - 2.0
_THIN = 0.1


_OPENING = (1, -1, 0)


@unique
class WorldKind(Enum):
    """Which drift the world has."""

    NULL = "null"
    PLANTED = "planted"
    REGIME = "regime"
    THIN = "thin"


_positive = validators.gt(0.0)
_not_negative = validators.ge(0.0)


@frozen
class WorldSettings:
    """What the market is like. Volatilities are standard deviations of a one-second return.

    `edge` is the declared size of the planted drift: the standard deviation of the drift summed
    over `edge_bar_s` seconds, in units of the calm noise of such a bar; zero switches it off.
    At 0.3 even the optimal filter of the prices earns next to nothing after fees of 10 bps.
    `trend_bps` is the drift of a trend phase per second (world `regime`). The logarithm of the
    activity, which moves volatility and trades, varies by `activity_spread` over
    `activity_memory_s` seconds. A cross market is pushed by `gap_bps` every `gap_mean_s` seconds,
    and comes back over `gap_memory_s`.
    """

    world: WorldKind = field(default=WorldKind.REGIME, converter=WorldKind)
    calm_bps: float = field(default=2.5, validator=_positive)
    volatile_bps: float = field(default=5.0, validator=_positive)
    calm_mean_s: float = field(default=150.0, validator=_positive)
    volatile_mean_s: float = field(default=45.0, validator=_positive)
    edge: float = field(default=2.0, validator=_not_negative)
    edge_bar_s: float = field(default=5.0, validator=_positive)
    edge_memory_s: float = field(default=30.0, validator=_positive)
    trend_bps: float = field(default=1.5, validator=_not_negative)
    trend_mean_s: float = field(default=90.0, validator=_positive)
    flat_mean_s: float = field(default=90.0, validator=_positive)
    jump_mean_s: float = field(default=900.0, validator=_positive)
    jump_bps: float = field(default=10.0, validator=_not_negative)
    activity_spread: float = field(default=0.5, validator=_not_negative)
    activity_memory_s: float = field(default=2.0, validator=_positive)
    gap_bps: float = field(default=60.0, validator=_not_negative)
    gap_mean_s: float = field(default=5.0, validator=_positive)
    gap_memory_s: float = field(default=3.0, validator=_positive)
    common_share: float = field(
        default=0.6, validator=validators.and_(_not_negative, validators.le(1.0))
    )


@final
class _Pace:
    """What depends on the length of a step alone; most steps are as long as the one before."""

    def __init__(self, settings: WorldSettings, dt_s: float) -> None:
        self.dt_s = dt_s
        self.root = math.sqrt(dt_s)
        self.calm_ends = 1.0 - math.exp(-dt_s / settings.calm_mean_s)
        self.volatile_ends = 1.0 - math.exp(-dt_s / settings.volatile_mean_s)
        self.jumps = dt_s / settings.jump_mean_s
        self.activity_decay, self.activity_spread = _fading(
            dt_s, settings.activity_memory_s, settings.activity_spread
        )


def _fading(dt_s: float, memory_s: float, spread: float) -> tuple[float, float]:
    """(decay, standard deviation of the news) of a step of an Ornstein-Uhlenbeck process."""
    decay = math.exp(-dt_s / memory_s)
    return decay, spread * math.sqrt(1.0 - decay * decay)


@final
class _Drift:
    """One symbol's drift per second, as a log return."""

    def __init__(self, settings: WorldSettings, dice: Dice) -> None:
        self._settings, self._dice = settings, dice
        self._has_phases = settings.world is WorldKind.REGIME  # asked for with every step
        self.value = 0.0
        self._phase_left_s = 0.0
        scale = {WorldKind.PLANTED: 1.0, WorldKind.THIN: _THIN}.get(settings.world, 0.0)
        noise = settings.calm_bps * BASIS_POINT / math.sqrt(settings.edge_bar_s)
        self._planted = settings.edge * noise * scale

    def step(self, dt_s: float) -> float:
        if self._has_phases:
            self._phase_left_s -= dt_s
            if self._phase_left_s <= 0:
                self._turn()
        elif self._planted:
            decay, spread = _fading(dt_s, self._settings.edge_memory_s, self._planted)
            self.value = self.value * decay + self._dice.gauss(0.0, spread)
        return self.value

    def enter(self, direction: int, left_s: float) -> None:
        """Starts a phase (world `regime`): rising, flat or falling, for so long."""
        self.value = direction * self._settings.trend_bps * BASIS_POINT
        self._phase_left_s = left_s

    def _turn(self) -> None:
        settings, dice = self._settings, self._dice
        if self.value:
            self.value = 0.0
            self._phase_left_s = dice.expovariate(1.0 / settings.flat_mean_s)
        else:
            sign = 1.0 if dice.random() < 0.5 else -1.0
            self.value = sign * settings.trend_bps * BASIS_POINT
            self._phase_left_s = dice.expovariate(1.0 / settings.trend_mean_s)


@final
class LatentPrices:
    """The log prices of several symbols, which share a part of their noise and its volatility."""

    def __init__(self, settings: WorldSettings, symbols: int, dice: Dice) -> None:
        self._settings, self._dice = settings, dice
        self.logs = [0.0] * symbols
        self._drifts = [_Drift(settings, dice) for _ in range(symbols)]
        self._is_volatile = False
        # Of a one-second log return, by regime; the activity's mean is in it.
        self._volatilities = (settings.calm_bps * BASIS_POINT, settings.volatile_bps * BASIS_POINT)
        self._activity_log = 0.0
        self._activity_mean = settings.activity_spread**2
        # By how much volatility is above (below) its regime's; its square is one on average.
        self.activity = math.exp(-self._activity_mean)
        self._pace = _Pace(settings, 1.0)
        self._common = math.sqrt(settings.common_share)
        self._own = math.sqrt(1.0 - settings.common_share)

    @property
    def drifts(self) -> list[float]:
        """Of each symbol, as a log return per second: what only an oracle knows."""
        return [drift.value for drift in self._drifts]

    def step(self, dt_s: float) -> list[float]:
        """Moves on by `dt_s` seconds; returns the log prices, relative to the start."""
        pace, dice, logs = self._pace_of(dt_s), self._dice, self.logs
        if dice.random() < (pace.volatile_ends if self._is_volatile else pace.calm_ends):
            self._is_volatile = not self._is_volatile
        self._stir(pace)
        scale = self._volatilities[self._is_volatile] * self.activity * pace.root
        common, own, jumps = self._common * _noise(dice), self._own, pace.jumps
        for index, drift in enumerate(self._drifts):
            move = scale * (common + own * _noise(dice))
            if dice.random() < jumps:
                move += dice.gauss(0.0, self._settings.jump_bps * BASIS_POINT)
            logs[index] += drift.step(dt_s) * dt_s + move
        return logs

    def open_scene(self) -> None:
        """World `regime`: calm; one symbol rises, the next falls, the third is flat, and so on.

        Left to chance, a market may fall as a whole for minutes, and whoever looks at a long-only
        trader for the first time would see it do nothing. After a mean phase chance takes over.
        """
        if self._settings.world is WorldKind.REGIME:
            self._is_volatile = False
            for index, drift in enumerate(self._drifts):
                drift.enter(_OPENING[index % len(_OPENING)], self._settings.trend_mean_s)

    def stir(self, dt_s: float) -> None:
        """Moves the activity alone on: where the price is somebody else's."""
        self._stir(self._pace_of(dt_s))

    def _stir(self, pace: _Pace) -> None:
        news = self._dice.gauss(0.0, pace.activity_spread)
        self._activity_log = self._activity_log * pace.activity_decay + news
        self.activity = math.exp(self._activity_log - self._activity_mean)

    def _pace_of(self, dt_s: float) -> _Pace:
        if self._pace.dt_s != dt_s:
            self._pace = _Pace(self._settings, dt_s)
        return self._pace


def _noise(dice: Dice) -> float:
    """Student t with 4 degrees of freedom, scaled to a variance of one."""
    chi_square = max(dice.gammavariate(_SHAPE, 2.0), 1e-9)
    return dice.gauss(0.0, 1.0) * math.sqrt(_VARIANCE / chi_square)
