"""What risk says of itself, on the board and in its snapshots."""

from __future__ import annotations

from bot3.domain.values import InstrumentId, Symbol
from bot3.messages.control import StopHit, StopKind
from bot3.messages.risk import AllocationSolved, CapitalChanged, LadderMoved, RiskScaled
from bot3.telemetry.board import Board
from bot3.telemetry.metrics import Registry
from bot3.telemetry.snapshot import RunFacts, Snapshots
from bot3.telemetry.status_metrics import StatusMetrics
from supervisors.clock import ManualClock
from tests.bot3.making import KEY, START_NS, VENUE, d
from tests.bot3.telemetry.dials import Dials

ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))


def test_risk_s_last_words_are_in_the_status() -> None:
    clock = ManualClock(START_NS)
    board = Board(clock, (KEY, ETHER))
    facts = RunFacts("testrun1", "test", "hash", "USDT", d(1), 0.5, "", START_NS)
    snapshots = Snapshots(board, facts, clock, Dials())
    assert snapshots.status().risk.ladder_scale == 1.0
    for message in (
        RiskScaled(KEY, START_NS, 0.4, 0.006, {"regime": 0.5}),
        LadderMoved(START_NS, 0.05, 1, 0.75),
        CapitalChanged(START_NS, d(10_000), d(9_900), d(100), d(10_100)),
        AllocationSolved(
            START_NS, {"a": 0.1}, ((KEY, 0.1),), 0.9, 100.0, 0.5, True, "yes", 0.6, 0.55, 0.7
        ),
    ):
        board.take(message)
    status = snapshots.status()
    assert (status.instruments[0].risk_scale, status.instruments[0].risk_share) == (0.4, 0.006)
    assert status.instruments[0].risk_factors == {"regime": 0.5}
    assert status.instruments[1].risk_scale is None
    risk = status.risk
    assert (risk.ladder_step, risk.ladder_scale, risk.capital, risk.reserve) == (
        1, 0.75, d(9_900), d(100),
    )  # fmt: skip
    assert (risk.allocation, risk.is_target_supported, risk.apy_low) == ("yes", True, 0.55)


def test_protective_exits_are_counted_by_kind() -> None:
    clock = ManualClock(START_NS)
    board = Board(clock, (KEY, ETHER))
    facts = RunFacts("testrun1", "test", "hash", "USDT", d(1), 0.5, "", START_NS)
    snapshots = Snapshots(board, facts, clock, Dials())
    for kind in (StopKind.TIME, StopKind.TIME, StopKind.LOSS):
        board.take(StopHit(KEY.symbol, d(100), d(95), START_NS, START_NS + 1, kind))
    registry = Registry()
    StatusMetrics(registry).publish(snapshots.status())
    text = registry.render()
    for kind, count in (("time", 2), ("loss", 1), ("trailing", 0), ("profit", 0)):
        assert f'bot3_stops_hit_total{{kind="{kind}"}} {count}' in text
