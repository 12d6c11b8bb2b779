"""The learner's scores on the board, in its snapshots and in the metrics, beside no change."""

from __future__ import annotations

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot3.domain.values import InstrumentId, Symbol
from bot3.messages.minds import LearningScored
from bot3.telemetry.board import Board
from bot3.telemetry.metrics import Registry
from bot3.telemetry.snapshot import RunFacts, Snapshots
from bot3.telemetry.status_metrics import StatusMetrics
from supervisors.clock import ManualClock
from tests.bot3.making import KEY, START_NS, VENUE, d
from tests.bot3.telemetry.dials import Dials

ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))
SCORED = LearningScored(
    KEY,
    START_NS,
    1_000,
    accuracy=0.61,
    no_change_accuracy=0.55,
    log_loss=0.62,
    base_rate_log_loss=0.69,
    no_change_log_loss=0.68,
    r_squared=0.04,
    no_change_r_squared=-0.002,
)


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("bot3_accuracy_ratio", {"learner": 0.61, "no_change": 0.55}),
        ("bot3_log_loss_nats", {"learner": 0.62, "no_change": 0.68, "base_rate": 0.69}),
        ("bot3_r_squared_ratio", {"learner": 0.04, "no_change": -0.002}),
    ],
)
def test_every_score_is_a_metric_beside_no_change(name: str, scores: dict[str, float]) -> None:
    clock, registry = ManualClock(START_NS), Registry()
    board = Board(clock, (KEY, ETHER))
    facts = RunFacts("testrun1", "test", "hash", "USDT", d(1), 0.5, "", START_NS)
    board.take(SCORED)
    StatusMetrics(registry).publish(Snapshots(board, facts, clock, Dials()).status())
    found: dict[str, dict[str, float]] = {"BTC/USDT": {}, "ETH/USDT": {}}
    for family in text_string_to_metric_families(registry.render()):
        for sample in family.samples:
            if sample.name == name:
                found[sample.labels["symbol"]][sample.labels["forecast"]] = sample.value
    assert found["BTC/USDT"] == scores
    assert all(math.isnan(value) for value in found["ETH/USDT"].values())
