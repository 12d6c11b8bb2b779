"""The example of the README does what it says, is short, and is the only one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import supervisors

README = Path(supervisors.__file__).with_name("README.md")


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README that say they are of this language."""
    fenced = README.read_text().split("```")[1::2]
    return [block.partition("\n")[2] for block in fenced if block.partition("\n")[0] == language]


def test_the_example_runs_and_prints_what_the_readme_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (source,) = blocks("python")
    (printed,) = blocks("")
    namespace: dict[str, Any] = {}
    exec(compile(source, str(README), "exec"), namespace)
    trio.run(namespace["main"], clock=MockClock(autojump_threshold=0))
    assert capsys.readouterr().out == printed


def test_the_example_has_at_most_twenty_lines() -> None:
    (source,) = blocks("python")
    lines = source.splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 100
