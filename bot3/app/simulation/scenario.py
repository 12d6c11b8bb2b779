"""What is simulated: a seed, a length, and how much goes wrong.

Invariant: everything random in a simulation comes from the seed; a plan holds rates and times only.
Times between faults are means of exponential distributions, in virtual seconds; zero means never.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from typing import Final

from attrs import field, frozen, validators

from adapters.simulated.disk import DiskSettings
from adapters.simulated.fault_rates import FaultRates, RequestKind, VenueFault
from adapters.simulated.links import Latency

SETTLE_S: Final = 75.0
CALM_SETTLE_S: Final = 10.0  # where nothing has gone wrong there is nothing to get over

# Laid over the defaults, below a user's own file: many orders are what finds faults, so strategies
# follow their signals whether those pay or not. Nothing listens on a real socket.
BUSY: Final[Mapping[str, object]] = {
    "ta_ml_split.ta_weight": 0.7,
    "ta_ml_split.ml_weight": 0.3,
    "ta_ml_split.adaptive": False,
    "execution.rebalance_band": 0.05,
    "risk.stop_loss": 0.002,
    "risk.stop_pause_s": 15.0,
    "telemetry.enabled": False,
}


@unique
class FaultLevel(Enum):
    """How much goes wrong."""

    NONE = "none"
    CALM = "calm"
    STORM = "storm"
    HURRICANE = "hurricane"


@frozen(kw_only=True)
class FaultPlan:
    """How often what goes wrong."""

    link_s: float = 0.0  # a connection is reset, falls silent or slows down
    outage_s: float = 0.0  # a part of the venue is down for `outage_length_s`
    outage_length_s: tuple[float, float] = (2.0, 40.0)
    process_crash_s: float = 0.0
    power_loss_share: float = 0.3  # of the process crashes
    restart_delay_s: tuple[float, float] = (0.2, 8.0)
    orderly_stop_s: float = 0.0
    clock_step_s: float = 0.0
    clock_step_max_s: float = 0.0
    clock_skew_max_s: float = 0.0
    operator_halt_s: float = 0.0
    operator_halt_length_s: tuple[float, float] = (5.0, 30.0)
    operator_flatten_share: float = 1 / 3
    steps_between_actor_crashes: int = 0
    disk: DiskSettings = field(factory=DiskSettings)
    venue: FaultRates = field(factory=FaultRates.none)
    latency: Latency = field(factory=Latency)


@frozen(kw_only=True)
class Scenario:
    """One simulation. `duration_s`: with faults; the settling phase comes after it.

    `own_plan` replaces the level's: for those who look for one kind of fault. `world`: the one that
    was asked for. `ends_at`: the checker at whose first violation the run is over.
    """

    seed: int = field(validator=validators.ge(0))
    duration_s: float = field(validator=validators.gt(0))
    level: FaultLevel
    own_plan: FaultPlan | None = None
    world: str | None = None
    ends_at: str | None = None
    settle_s: float = field()

    @settle_s.default
    def _settle_s(self) -> float:
        return CALM_SETTLE_S if self.plan == FaultPlan() else SETTLE_S

    @property
    def plan(self) -> FaultPlan:
        """What goes wrong, and how often."""
        return self.own_plan or _PLANS[self.level]


def _requests(
    lost: float, refused: float, queued: float
) -> dict[RequestKind, dict[VenueFault, float]]:
    common = {
        VenueFault.REQUEST_LOST: lost,
        VenueFault.REPLY_LOST: lost,
        VenueFault.REPLY_SLOW: lost,
        VenueFault.RATE_LIMITED: refused,
        VenueFault.BANNED: refused / 10,
        VenueFault.UNAVAILABLE_BEFORE: refused,
        VenueFault.UNAVAILABLE_AFTER: refused,
    }
    return {
        RequestKind.ENTRY: {**common, VenueFault.ENGINE_QUEUED: queued},
        RequestKind.CANCEL: common,
        RequestKind.QUERY: common,
        RequestKind.DATA: common,
    }


def _frames(rate: float) -> dict[VenueFault, float]:
    return {
        VenueFault.FRAME_GAP: rate,
        VenueFault.FRAME_DUPLICATED: rate,
        VenueFault.FRAME_REORDERED: rate,
        VenueFault.FRAME_CORRUPTED: rate / 4,
        VenueFault.FRAME_DELAYED: rate,
    }


def _account_frames(rate: float) -> dict[VenueFault, float]:
    return {
        VenueFault.ACCOUNT_FRAME_DUPLICATED: 4 * rate,
        VenueFault.ACCOUNT_FRAME_DELAYED: 2 * rate,
        VenueFault.ACCOUNT_FRAME_LOST: rate,
    }


# Short enough that what a ban holds up, with the back-offs that it causes, is over when we settle.
_BAN_S: Final = (5.0, 25.0)

_CALM = FaultPlan(
    link_s=300.0,
    process_crash_s=1_800.0,
    disk=DiskSettings(stall_rate=0.002, longest_stall_s=0.5),
    venue=FaultRates(requests=_requests(0.002, 0.001, 0.0), frames=_frames(0.0002), ban_s=_BAN_S),
)
_STORM = FaultPlan(
    link_s=25.0,
    outage_s=120.0,
    process_crash_s=60.0,
    orderly_stop_s=300.0,
    clock_step_s=120.0,
    clock_step_max_s=1.0,
    clock_skew_max_s=2.0,
    operator_halt_s=100.0,
    operator_halt_length_s=(10.0, 40.0),
    steps_between_actor_crashes=1_100,
    disk=DiskSettings(stall_rate=0.03, error_rate=0.0005),
    venue=FaultRates(
        requests=_requests(0.02, 0.01, 0.08),
        frames=_frames(0.002),
        account_frames=_account_frames(0.01),
        reply_delay_s=(0.5, 12.0),
        ban_s=_BAN_S,
    ),
)
_HURRICANE = FaultPlan(
    link_s=12.0,
    outage_s=90.0,
    outage_length_s=(2.0, 25.0),
    process_crash_s=40.0,
    orderly_stop_s=200.0,
    clock_step_s=40.0,
    clock_step_max_s=2.0,
    clock_skew_max_s=4.0,
    operator_halt_s=90.0,
    steps_between_actor_crashes=450,
    disk=DiskSettings(stall_rate=0.08, longest_stall_s=4.0, error_rate=0.002),
    venue=FaultRates(
        requests=_requests(0.03, 0.015, 0.10),
        frames=_frames(0.006),
        account_frames=_account_frames(0.02),
        reply_delay_s=(0.5, 15.0),
        ban_s=_BAN_S,
    ),
    latency=Latency(0.005, 0.15),
)
_PLANS: Final = {
    FaultLevel.NONE: FaultPlan(),
    FaultLevel.CALM: _CALM,
    FaultLevel.STORM: _STORM,
    FaultLevel.HURRICANE: _HURRICANE,
}
