"""What is tried: within what a strategy declares."""

from __future__ import annotations

from typing import Any

import pytest

from bot3.backtest.strategies import EmaCross, Parameter
from bot3.domain.errors import ConfigError
from bot3.optimize.space import Range, default_space, space_of

DECLARED = {"fall": Parameter(0.02, 0.001, 0.5), **EmaCross.parameters}


def test_everything_declared_and_periods_by_their_logarithm() -> None:
    space = default_space(DECLARED)
    assert space["fast"] == Range(1, 10_000, is_whole=True, is_log=True)
    assert space["fall"].is_log
    assert not default_space({"share": Parameter(0.5, 0.0, 1.0)})["share"].is_log
    with pytest.raises(ConfigError, match="no parameters"):
        default_space({})


def test_narrower_bounds_of_a_file() -> None:
    told = {"fast": [2, 30], "fall": {"low": 0.01, "high": 0.1, "log": True}}
    assert space_of(told, DECLARED) == {
        "fast": Range(2, 30, is_whole=True, is_log=False),
        "fall": Range(0.01, 0.1, is_whole=False, is_log=True),
    }


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "names no parameter"),
        ({"slwo": [1, 2]}, "slwo"),
        ({"fast": [2]}, "fast: want"),
        ({"fast": [2, "x"]}, "fast: want"),
        ({"fast": [True, 5]}, "fast: want"),
        ({"fast": [30, 2]}, "low less than high"),
        ({"fast": [0, 20]}, "from 1 to"),
        ({"fast": [2.5, 20]}, "whole"),
        ({"fall": {"low": 0.01, "high": 0.1, "step": 1}}, "fall: want"),
        ({"fall": {"low": 0.01, "high": 0.1, "log": 3}}, "fall: want"),
    ],
)
def test_what_cannot_be_tried_says_which(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        space_of(told, DECLARED)
