"""The exposition text, read by Prometheus' own parser."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from bot3.messages.healing import HealingAction
from bot3.telemetry.metrics import SERIES_MAX, Registry
from bot3.telemetry.status import RiskStatus, Status
from bot3.telemetry.status_metrics import StatusMetrics
from tests.bot3.making import d

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _parse(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counters_and_gauges_are_read_back_with_help_and_type() -> None:
    registry = Registry()
    orders = registry.counter("orders_total", "Orders \\ sent\nby us.", {"side": "buy"})
    orders.inc()
    orders.inc(2)
    orders.reach(2)
    registry.gauge("drawdown", "Fall.").set(0.25)
    text = registry.render()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["orders"].type == "counter"
    assert families["orders"].documentation == "Orders \\ sent\nby us."
    assert families["drawdown"].type == "gauge"
    assert _parse(text) == {
        ("orders_total", (("side", "buy"),)): 3,
        ("drawdown", ()): 0.25,
    }


@given(
    label=st.text(max_size=20).filter(lambda text: "\r" not in text),
    value=st.floats(allow_nan=False),
)
def test_any_label_and_value_survive(label: str, value: float) -> None:
    registry = Registry()
    registry.gauge("g", "G.", {"a": label}).set(value)
    lines = registry.render().split("\n")
    # The parser splits lines at more than \n; the format knows \n only.
    if len(label.splitlines()) <= 1:
        assert _parse(registry.render()) == {("g", (("a", label),)): value}
    assert len(lines) == 4


def test_special_values() -> None:
    registry = Registry()
    for name, value in (("a", math.nan), ("b", math.inf), ("c", -math.inf)):
        registry.gauge(name, "G.").set(value)
    text = registry.render()
    assert "\na NaN\n" in text
    assert "\nb +Inf\n" in text
    assert "\nc -Inf\n" in text


@given(st.lists(st.floats(-10, 10), max_size=50))
def test_histogram_counts_are_cumulative(values: list[float]) -> None:
    registry = Registry()
    bounds = (-1.0, 0.0, 2.5)
    histogram = registry.histogram("h", "H.", bounds, {"x": "1"})
    for value in values:
        histogram.observe(value)
    samples = _parse(registry.render())
    for edge in bounds:
        at_most = sum(value <= edge for value in values)
        assert samples["h_bucket", (("le", repr(edge)), ("x", "1"))] == at_most
    assert samples["h_bucket", (("le", "+Inf"), ("x", "1"))] == len(values)
    assert samples["h_count", (("x", "1"),)] == len(values)
    assert samples["h_sum", (("x", "1"),)] == pytest.approx(math.fsum(values))


def test_the_same_name_and_labels_are_the_same_series() -> None:
    registry = Registry()
    registry.counter("c_total", "C.", {"a": "1"}).inc()
    registry.counter("c_total", "C.", {"a": "1"}).inc()
    assert _parse(registry.render()) == {("c_total", (("a", "1"),)): 2}


def test_labels_are_bounded() -> None:
    registry = Registry()
    for number in range(3 * SERIES_MAX):
        registry.counter("c_total", "C.", {"a": str(number)}).inc()
    samples = _parse(registry.render())
    assert len(samples) == SERIES_MAX
    assert samples["c_total", (("a", "other"),)] == 2 * SERIES_MAX + 1
    assert samples["c_total", (("a", "0"),)] == 1


def test_mistakes_are_refused() -> None:
    registry = Registry()
    registry.counter("c_total", "C.", {"a": "1"})
    with pytest.raises(ValueError, match="labels"):
        registry.counter("c_total", "C.", {"b": "1"})
    with pytest.raises(ValueError, match="another type"):
        registry.gauge("c_total", "C.")
    with pytest.raises(ValueError, match="_total"):
        registry.counter("c", "C.")
    with pytest.raises(ValueError, match="_total"):
        registry.gauge("g_total", "G.")
    with pytest.raises(ValueError, match="no metric name"):
        registry.gauge("a-b", "G.")
    with pytest.raises(ValueError, match="no label name"):
        registry.gauge("g", "G.", {"a-b": "1"})
    with pytest.raises(ValueError, match="rising"):
        registry.histogram("h", "H.", (1, 1))
    with pytest.raises(ValueError, match="le is"):
        registry.histogram("h", "H.", (1, 2), {"le": "1"})
    with pytest.raises(ValueError, match="fall"):
        registry.counter("c_total", "C.", {"a": "1"}).inc(-1)


def test_rendering_is_cheap() -> None:
    registry = Registry()
    for number in range(490):
        registry.gauge(f"bot3_gauge_{number % 5}", "G.", {"a": str(number)}).set(number / 7)
    best = 1.0
    for _ in range(20):
        start = time.perf_counter()
        registry.render()
        best = min(best, time.perf_counter() - start)
    # About 0.2 ms; prometheus_client takes 5 and more.
    assert best < 0.002


def test_a_snapshot_becomes_metrics(busy: Status) -> None:
    registry = Registry()
    published = StatusMetrics(registry)
    for _ in range(2):
        published.publish(replace(busy, healing={"open_circuit": 4}))
    samples = _parse(registry.render())
    assert samples["bot3_equity", ()] == 10003.5
    assert samples["bot3_market_events_total", ()] == 123456
    assert samples["bot3_denials_total", (("reason", "book_stale"),)] == 3
    assert samples["bot3_restarts_total", (("actor", "feed.binance"),)] == 2
    healing = {
        dict(labels)["action"]: value
        for (name, labels), value in samples.items()
        if name == "bot3_healing_actions_total"
    }
    assert healing == {action.value: 0 for action in HealingAction} | {"open_circuit": 4}
    assert samples["bot3_circuit_state", (("venue", "binance"),)] == 1
    assert samples["bot3_orders", (("status", "filled"),)] == 17
    assert (
        samples["bot3_target", (("strategy", "ml"), ("symbol", "BTC/USDT"), ("venue", "binance"))]
        == -0.2
    )
    key = ("bot3_venue_connected", (("connection", "account"), ("venue", "binance")))
    assert samples[key] == 0
    assert math.isnan(samples["bot3_bid", (("symbol", "ETH/USDT"), ("venue", "binance"))])
    assert samples["bot3_tick_to_order_microseconds", (("quantile", "0.99"),)] == 180.5


def test_risk_becomes_metrics(busy: Status) -> None:
    where = (("symbol", "BTC/USDT"), ("venue", "binance"))
    first = replace(busy.instruments[0], risk_scale=0.3, risk_factors={"volatility": 0.6})
    risk = RiskStatus(
        ladder_step=1, ladder_scale=0.75, capital=d(9_000), reserve=d(50), allocation="no",
        weights={"hybrid binance BTC/USDT": 0.2}, cash=0.8, apy=0.1, apy_low=-0.2, apy_high=0.4,
    )  # fmt: skip
    registry = Registry()
    StatusMetrics(registry).publish(replace(busy, instruments=(first,), risk=risk))
    samples = _parse(registry.render())
    assert samples["bot3_risk_scale", (("factor", "all"), *where)] == 0.3
    assert samples["bot3_risk_scale", (("factor", "volatility"), *where)] == 0.6
    assert samples["bot3_risk_ladder_scale", ()] == 0.75
    assert samples["bot3_capital", ()] == 9_000
    assert samples["bot3_reserve", ()] == 50
    assert samples["bot3_supported_apy_ratio", (("bound", "low"),)] == -0.2
    assert samples["bot3_allocation_ratio", (("sleeve", "hybrid binance BTC/USDT"),)] == 0.2
    assert samples["bot3_target_apy_supported", ()] == 0
