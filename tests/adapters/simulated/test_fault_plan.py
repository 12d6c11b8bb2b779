"""Rates, dice and determinism: what strikes is known from the seed, and nothing without rates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.fault_rates import (
    ACCOUNT_FRAME_FAULTS,
    FRAME_FAULTS,
    OUTAGES,
    REQUEST_FAULTS,
    FaultRates,
    RequestKind,
    VenueFault,
)
from adapters.simulated.faults import VenueFaults
from bot3.domain.errors import ConfigError
from supervisors.clock import ManualClock
from supervisors.entropy import Entropy

SOME = {fault: 0.1 for fault in VenueFault if fault not in OUTAGES}


def faults(rates: FaultRates, seed: int = 1) -> VenueFaults:
    return VenueFaults(
        rates,
        Entropy(seed).dice("venue/faults"),
        clock=ManualClock(),
        call_later=lambda _delay_s, _run: None,
        on_fault=lambda _fault, _detail: None,
    )


def drawn(source: VenueFaults, count: int = 200) -> list[VenueFault | None]:
    draws = [source.of_frame, source.of_account_frame]
    draws += [partial(source.of_request, kind) for kind in RequestKind]
    return [draw() for _ in range(count) for draw in draws]


def test_every_fault_has_its_place() -> None:
    requests = {fault for possible in REQUEST_FAULTS.values() for fault in possible}
    places = [requests, set(FRAME_FAULTS), set(ACCOUNT_FRAME_FAULTS), set(OUTAGES)]
    assert set.union(*places) == set(VenueFault)
    assert sum(map(len, places)) == len(VenueFault)
    late = [
        kind for kind, possible in REQUEST_FAULTS.items() if VenueFault.ENGINE_QUEUED in possible
    ]
    assert late == [RequestKind.ENTRY]


def test_the_same_seed_draws_the_same_faults_and_another_seed_others() -> None:
    rates = FaultRates.even(SOME)
    first, second, third = (drawn(faults(rates, seed)) for seed in (1, 1, 2))
    assert first == second != third
    assert set(SOME) < set(first)


def test_rates_are_shares() -> None:
    rates = FaultRates(frames={VenueFault.FRAME_GAP: 0.2, VenueFault.FRAME_DELAYED: 0.05})
    source = faults(rates)
    counts = [source.of_frame() for _ in range(10_000)]
    assert counts.count(VenueFault.FRAME_GAP) == pytest.approx(2_000, rel=0.1)
    assert counts.count(VenueFault.FRAME_DELAYED) == pytest.approx(500, rel=0.2)
    assert source.of_account_frame() is None


def test_without_rates_nothing_is_drawn() -> None:
    dice = Entropy(1).dice("venue/faults")
    source = faults(FaultRates.none())
    source._dice = dice
    before = dice.getstate()
    assert set(drawn(source)) == {None}
    assert dice.getstate() == before


@given(st.permutations(list(FRAME_FAULTS)))
def test_the_order_in_which_rates_are_written_does_not_count(order: list[VenueFault]) -> None:
    written = FaultRates(frames=dict.fromkeys(order, 0.15))
    assert drawn(faults(written), 20) == drawn(
        faults(FaultRates(frames=dict.fromkeys(FRAME_FAULTS, 0.15))), 20
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FaultRates(frames={VenueFault.BANNED: 0.1}), "banned: cannot strike here"),
        (lambda: FaultRates(frames={VenueFault.FRAME_GAP: -0.1}), "sum up to 1 at most"),
        (lambda: FaultRates(frames=dict.fromkeys(FRAME_FAULTS, 0.3)), "sum up to 1 at most"),
        (
            lambda: FaultRates(requests={RequestKind.DATA: {VenueFault.ENGINE_QUEUED: 0.1}}),
            "engine_queued: cannot strike here",
        ),
        (lambda: FaultRates.even({VenueFault.REST_OUTAGE: 0.1}), "rest_outage: lasts"),
        (lambda: FaultRates(reply_delay_s=(3.0, 2.0)), "reply_delay_s"),
        (lambda: FaultRates(frame_delay_s=(0.0, 1e9)), "frame_delay_s"),
    ],
)
def test_rates_that_make_no_sense_are_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()


def test_only_an_outage_can_be_switched_on() -> None:
    with pytest.raises(ValueError, match="frame_gap strikes by its rate"):
        faults(FaultRates.none()).outage(VenueFault.FRAME_GAP, is_on=True)
