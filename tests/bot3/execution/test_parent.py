"""Schedules over time: what is due never falls, and ends at the end."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.execution.parent import (
    MarketState,
    Parent,
    ScheduleKind,
    ScheduleSettings,
    impact_of,
)
from bot3.execution.volumes import Volumes
from tests.bot3.making import KEY, SECOND_NS, START_NS, d

QUOTE = Quote(99.99, 1.0, 100.01, 1.0)
MIDNIGHT_NS = START_NS - START_NS % (86_400 * SECOND_NS)


def bar(open_s: float, volume: float, interval_s: int = 60) -> Bar:
    open_ns = MIDNIGHT_NS + int(open_s * SECOND_NS)
    return Bar(KEY, interval_s, open_ns, 100.0, 100.0, 100.0, 100.0, volume)


def day(*volumes: float) -> Volumes:
    """One bar a minute from midnight on, of history."""
    made = Volumes()
    for minute, volume in enumerate(volumes):
        made.on_bar(bar(minute * 60, volume), is_warm_up=True)
    return made


def parent(
    kind: ScheduleKind,
    start: str = "0",
    end: str = "10",
    volumes: Volumes | None = None,
    volatility_bps: float = 1.0,
    started_ns: int = MIDNIGHT_NS,
    **changes: object,
) -> Parent:
    known = Volumes() if volumes is None else volumes
    market = MarketState(known, 1, volatility_bps, QUOTE)
    settings = ScheduleSettings(kind=kind, **{"duration_s": 100.0, **changes})
    return Parent(settings, d(start), d(end), started_ns, market)


def due(made: Parent, elapsed_s: float) -> float:
    return float(made.due(made.started_ns + int(elapsed_s * SECOND_NS)))


def test_immediate_and_iceberg_are_due_at_once() -> None:
    assert due(parent(ScheduleKind.IMMEDIATE), 0) == due(parent(ScheduleKind.ICEBERG), 0) == 10


def test_twap_is_a_straight_line_either_way() -> None:
    up, down = parent(ScheduleKind.TWAP), parent(ScheduleKind.TWAP, "10", "2")
    assert [due(up, at) for at in (0, 25, 100, 1_000)] == [0, 2.5, 10, 10]
    assert [due(down, at) for at in (0, 25, 100)] == [10, 8, 2]


def test_vwap_follows_the_time_of_the_day() -> None:
    volumes = day(*[1.0] * 30, *[3.0] * 30)
    start_ns = MIDNIGHT_NS + 20 * 60 * SECOND_NS
    made = parent(ScheduleKind.VWAP, volumes=volumes, started_ns=start_ns, duration_s=1_200.0)
    # Ten minutes at one and ten minutes at three a minute: a quarter is done at half time.
    assert due(made, 600) == pytest.approx(2.5)
    assert due(made, 900) == pytest.approx(6.25)
    assert due(parent(ScheduleKind.VWAP), 25) == 2.5  # nothing known of volumes: as TWAP


def test_pov_follows_what_trades_from_now_on() -> None:
    volumes = day(50.0)
    made = parent(ScheduleKind.POV, volumes=volumes, participation=0.1)
    assert due(made, 1_000) == 0
    volumes.on_bar(bar(60, 30.0), is_warm_up=False)
    assert due(made, 0) == 3
    volumes.on_bar(bar(120, 300.0), is_warm_up=False)
    assert due(made, 0) == 10
    down = parent(ScheduleKind.POV, "10", "4", volumes)
    volumes.on_bar(bar(180, 20.0), is_warm_up=False)
    assert due(down, 0) == 8


def test_almgren_and_chriss_hurries_with_risk_and_is_twap_without() -> None:
    volumes = day(*[1.0] * 60)
    calm = parent(ScheduleKind.ALMGREN_CHRISS, volumes=volumes, risk_aversion=0.0)
    assert due(calm, 50) == pytest.approx(5)
    rash = parent(
        ScheduleKind.ALMGREN_CHRISS, volumes=volumes, risk_aversion=10.0, volatility_bps=5.0
    )
    model = impact_of(MarketState(volumes, 1, 5.0, QUOTE))
    assert model is not None
    # The rule of thumb, by hand: 1,440 a day, spread 0.02, 5 bps of 100 in a root second.
    assert model.temporary == pytest.approx(0.02 / 14.4)
    assert model.permanent == pytest.approx(0.02 / 144)
    assert model.volatility == pytest.approx(0.05 * math.sqrt(86_400))
    tau = 100.0 / 86_400 / 20
    eta = model.temporary - model.permanent * tau / 2
    kappa = math.acosh(10 * model.volatility**2 / eta * tau**2 / 2 + 1) / tau
    left = 10 * math.sinh(kappa * 50 / 86_400) / math.sinh(kappa * 100 / 86_400)
    assert due(rash, 50) == pytest.approx(10 - left, rel=1e-9)
    assert due(rash, 50) > 5.5
    assert due(parent(ScheduleKind.ALMGREN_CHRISS), 25) == 2.5  # no volume known: as TWAP


def test_several_venues_trade_more_a_day() -> None:
    assert day(1.0, 1.0).per_day(3) == pytest.approx(3 * 1_440)
    assert Volumes().per_day(3) == 0.0


def test_a_new_end_near_the_old_one_is_the_same_change() -> None:
    made = parent(ScheduleKind.TWAP)
    assert [made.takes(d(end)) for end in (12, 6)] == [True, True]
    assert [made.takes(d(end)) for end in (16, 4, -1)] == [False, False, False]
    assert not parent(ScheduleKind.TWAP, "5", "5").takes(d(6))


@given(
    st.sampled_from(list(ScheduleKind)),
    st.lists(st.floats(0, 1e3), min_size=1, max_size=60),
    st.lists(st.floats(0, 200), min_size=2, max_size=8).map(sorted),
    st.booleans(),
)
def test_what_is_due_never_falls_and_stays_between_start_and_end(
    kind: ScheduleKind, volumes: list[float], times: list[float], is_buy: bool
) -> None:
    start, end = ("0", "10") if is_buy else ("10", "0")
    market = day(*volumes)
    made = parent(kind, start, end, market)
    before = made.start
    for number, at in enumerate(times):
        market.on_bar(bar((number + 60) * 60, at), is_warm_up=False)
        now = made.due(made.started_ns + int(at * SECOND_NS))
        assert (now - before) * (made.end - made.start) >= 0
        assert Decimal(0) <= now <= Decimal(10)
        before = now
    if kind is not ScheduleKind.POV:
        assert made.due(made.started_ns + 100 * SECOND_NS) == made.end
