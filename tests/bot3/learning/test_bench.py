"""The bench: who misbehaves is not listened to for a while."""

from __future__ import annotations

from bot3.learning.bench import Bench, BenchReason, BenchSettings

SECOND_NS = 1_000_000_000
SETTINGS = BenchSettings(
    latency_budget_us=100.0, looks=10, slow_max=2, drifts_max=2, faults_max=1, drift_window_s=60.0,
    bench_s=30.0,
)  # fmt: skip


def test_one_slow_forecast_is_no_reason_and_three_of_ten_are() -> None:
    bench = Bench(SETTINGS)
    told = [
        bench.on_forecast(n * SECOND_NS, 500.0 if n % 3 == 0 else 50.0, 0) for n in range(1, 10)
    ]
    assert told == [None] * 8 + [BenchReason.TOO_SLOW]
    assert bench.is_benched(38 * SECOND_NS)
    assert not bench.is_benched(39 * SECOND_NS)
    spread = Bench(SETTINGS)
    assert {spread.on_forecast(n, 500.0 if n % 5 == 0 else 50.0, 0) for n in range(50)} == {None}


def test_drifts_within_the_window_bench_and_rare_ones_do_not() -> None:
    storm, calm = Bench(SETTINGS), Bench(SETTINGS)
    told = [storm.on_drift(n * 10 * SECOND_NS) for n in range(3)]
    assert told == [None, None, BenchReason.DRIFT_STORM]
    assert {calm.on_drift(n * 40 * SECOND_NS) for n in range(20)} == {None}


def test_what_is_no_probability_benches_and_is_told_once() -> None:
    bench = Bench(SETTINGS)
    assert bench.on_forecast(SECOND_NS, 1.0, 1) is None
    assert bench.on_forecast(2 * SECOND_NS, 1.0, 1) is BenchReason.NOT_A_NUMBER
    assert bench.on_forecast(3 * SECOND_NS, 1.0, 2) is None  # it sits already
    assert bench.until_ns == 33 * SECOND_NS
