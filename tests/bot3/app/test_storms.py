"""Storms find what they look for: a gate without a limit, a halt that sells nothing."""

from __future__ import annotations

import pytest

from bot3.app.science.storms import run_storm
from bot3.domain.approval import grant
from bot3.risk import halts, manager, state

HALTING = 1177  # a storm of many whose equity falls through its limit in one step
RESTARTING = 1330  # one in which a gate begins again while much is held


def test_a_storm_breaks_no_limit_and_sells_at_its_drawdown() -> None:
    storm = run_storm(HALTING)
    assert storm.is_halted
    assert storm.broken == []
    assert 0.0 < storm.beyond <= storm.gap
    assert storm.seconds <= 5.0
    assert run_storm(HALTING) == storm


def test_a_gate_without_limits_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    original = manager.size_target
    monkeypatch.setattr(
        manager, "size_target", lambda *given, **named: 2 * original(*given, **named)
    )
    assert all(run_storm(seed).broken == [] for seed in range(1, 4))  # the gate holds
    monkeypatch.setattr(manager, "judge", lambda _state, _limits, intent, _now_ns: grant(intent))
    broken = [words for seed in range(1, 4) for words in run_storm(seed).broken]
    assert any(words.startswith("position") for words in broken)
    assert any(words.startswith("exposure") for words in broken)


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


def test_a_restarted_gate_that_takes_what_has_no_price_for_nothing_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storm = run_storm(RESTARTING)
    assert storm.restarts > 10
    assert storm.broken == []
    monkeypatch.setattr(state.RiskState, "unpriced", lambda _self, _is_counted: None)
    assert [words.split()[0] for words in run_storm(RESTARTING).broken] == ["exposure"]
