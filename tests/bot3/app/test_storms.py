"""Storms find what they look for: a gate without a limit, a halt that sells nothing."""

from __future__ import annotations

import pytest

from bot3.app.science.storms import run_storm
from bot3.domain.refusal import DenialReason
from bot3.risk import gate, halts
from bot3.risk.gate import CHECKS

HALTING = 1177  # a storm of many whose equity falls through its limit in one step


def test_a_storm_breaks_no_limit_and_sells_at_its_drawdown() -> None:
    storm = run_storm(HALTING)
    assert storm.is_halted
    assert storm.broken == []
    assert 0.0 < storm.beyond <= storm.gap
    assert storm.seconds <= 5.0
    assert run_storm(HALTING) == storm


def test_a_gate_without_limits_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    free = {
        reason: (lambda *_: None) for reason in (DenialReason.EXPOSURE_LIMIT, DenialReason.ASSET_LIMIT,
        DenialReason.VENUE_LIMIT, DenialReason.POSITION_LIMIT)
    }  # fmt: skip
    monkeypatch.setattr(gate, "CHECKS", {**CHECKS, **free})
    broken = [words for seed in range(1, 6) for words in run_storm(seed).broken]
    assert any("exposure" in words for words in broken)


def test_a_halt_that_sells_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halts, "is_flat", lambda _state: True)
    original = halts._by_limit

    def kept(*args: object) -> object:
        halted = original(*args)
        if halted is not None:
            args[0].halted = type(halted)(halted.reason, halted.ts_ns, cause=halted.cause)
        return halted

    monkeypatch.setattr(halts, "_by_limit", kept)
    assert run_storm(HALTING).seconds > 5.0
