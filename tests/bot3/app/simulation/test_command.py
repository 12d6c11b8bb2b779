"""`simulate` from the command line: what it takes, and what it does with broken invariants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot3.app.cli import cli
from bot3.app.simulation import simulate as simulation
from bot3.app.simulation.command import load_busy_config
from bot3.app.simulation.invariants.jury import Jury, Violation
from bot3.app.simulation.report import commit
from bot3.app.simulation.world import WorldParts


def test_orders_come_often_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("[ta_ml_split]\nadaptive = true\n")
    busy = load_busy_config(None, {}, 7).config
    assert (busy.ta_ml_split.adaptive, busy.execution.rebalance_band) == (False, 0.05)
    config = load_busy_config(mine, {"BOT3__EXECUTION__REBALANCE_BAND": "0.4"}, 7).config
    assert (config.ta_ml_split.adaptive, config.execution.rebalance_band) == (True, 0.4)
    assert config.system.seed == 7


@pytest.mark.parametrize(
    "words", [["--hours", "0"], ["--faults", "breeze"], ["--seed", "-1"], ["--seed", "x"]]
)
def test_what_cannot_be_simulated_is_a_usage_error(words: list[str]) -> None:
    result = CliRunner().invoke(cli, ["simulate", *words])
    assert result.exit_code == 2
    assert words[0] in result.output


def test_a_bad_configuration_is_told_in_one_line(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("[risk]\nmax_drawdown = 7\n")
    result = CliRunner().invoke(cli, ["simulate", "-c", str(mine)])
    assert result.exit_code == 4
    assert "risk.max_drawdown" in result.output


class Grumbler:
    """A checker that finds fault with every event."""

    name = "grumbler"

    @property
    def hears(self) -> tuple[type, ...]:
        from bot3.app.simulation.invariants.events import ProcessStarted

        return (ProcessStarted,)

    def hear(self, event: object) -> list[Violation]:
        return [Violation(self.name, 1_000_000_000, "it has begun")]


def test_a_broken_invariant_is_exit_code_1_and_told_with_the_command_that_repeats_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def parts(build_access: object, **more: float) -> WorldParts:
        return WorldParts(build_access, **more, convene=lambda *_: Jury((Grumbler(),)))

    monkeypatch.setattr(simulation, "WorldParts", parts)
    words = ["simulate", "--seed", "9", "--hours", "0.002", "--faults", "none", "--json"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 1, result.output
    body = json.loads(result.stdout.splitlines()[-1])
    assert body["violations"] == [
        {"checker": "grumbler", "ts_ns": 1_000_000_000, "text": "it has begun"}
    ]
    assert "again: python -m bot3 simulate --seed 9 --hours 0.002 --faults none" in result.stderr


def test_the_commit_is_that_of_the_checkout_however_git_keeps_it(tmp_path: Path) -> None:
    one, other = "1" * 40, "2" * 40
    assert commit(tmp_path) == "unknown"
    (tmp_path / "HEAD").write_text("ref: refs/heads/main\n")
    packed = f"# pack-refs with: peeled\n{other} refs/heads/maintenance\n{one} refs/heads/main\n"
    (tmp_path / "packed-refs").write_text(packed)
    assert commit(tmp_path) == one
    (tmp_path / "refs/heads").mkdir(parents=True)
    (tmp_path / "refs/heads/main").write_text(f"{other}\n")
    assert commit(tmp_path) == other
    (tmp_path / "HEAD").write_text(f"{one}\n")
    assert commit(tmp_path) == one
