"""Real money: said, shown and agreed to, or not traded with; keys nobody else can read."""

from __future__ import annotations

import io
from pathlib import Path

import attrs
import pytest

from bot3.app import live
from bot3.app.config import load_config
from bot3.app.live import confirm_live, with_keys_file
from bot3.app.options import RunOptions
from bot3.app.settings import Config
from bot3.domain.errors import ConfigError
from tests.bot3.app.processes import ROOT, bot3, one_error_line

OPTIONS = RunOptions(None, None, None, is_json=False, replay=None, is_verbose=False)
SAID = attrs.evolve(OPTIONS, is_live=True)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def live_config() -> Config:
    return load_config(ROOT / "config" / "live.toml", {}).config


def test_real_money_must_be_said() -> None:
    with pytest.raises(ConfigError, match="trade --live"):
        confirm_live(live_config(), OPTIONS)
    with pytest.raises(ConfigError, match="no active venue"):
        confirm_live(load_config(None, {}).config, SAID)
    confirm_live(load_config(None, {}).config, OPTIONS)


@pytest.mark.parametrize(("typed", "is_agreed"), [("live\n", True), ("yes\n", False), ("", False)])
def test_it_shows_the_limits_and_asks(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    *,
    is_agreed: bool,
) -> None:
    monkeypatch.setattr(live.sys, "stdin", Terminal(typed))
    if is_agreed:
        confirm_live(live_config(), SAID)
    else:
        with pytest.raises(ConfigError, match="not agreed"):
            confirm_live(live_config(), SAID)
    told = capsys.readouterr().err
    assert "REAL MONEY on binance: BTC/USDT, ETH/USDT" in told
    assert "15.0% of equity" in told
    assert "20 USDT" in told


def test_a_script_must_say_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.sys, "stdin", io.StringIO("live\n"))
    with pytest.raises(ConfigError, match="--yes"):
        confirm_live(live_config(), SAID)
    confirm_live(live_config(), attrs.evolve(SAID, is_confirmed=True))


def _with_file(path: Path) -> Config:
    return load_config(None, {}, {"system.keys_file": str(path)}).config


def test_a_keys_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# mine\nBOT3_BINANCE_KEY = k1\n\nBOT3_BINANCE_SECRET=s=1\n")
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        with_keys_file(_with_file(path), {})
    path.chmod(0o600)
    found = with_keys_file(_with_file(path), {"BOT3_BINANCE_KEY": "of the environment"})
    assert found["BOT3_BINANCE_KEY"] == "of the environment"
    assert found["BOT3_BINANCE_SECRET"] == "s=1"


def test_a_bad_keys_file_does_not_show_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("A=1\nhush hush\n")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="line 2: want NAME=value") as caught:
        with_keys_file(_with_file(path), {})
    assert "hush" not in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        with_keys_file(_with_file(tmp_path / "nowhere"), {})


def test_the_shipped_files_are_refused_or_accepted_for_the_right_reason(tmp_path: Path) -> None:
    where = str(ROOT / "config" / "live.toml")
    unsaid = bot3("trade", "-c", where, cwd=tmp_path)
    assert (unsaid.returncode, "trade --live" in one_error_line(unsaid)) == (4, True)
    unkeyed = bot3("trade", "-c", where, "--live", "--yes", cwd=tmp_path)
    assert (unkeyed.returncode, "BOT3_BINANCE_KEY" in one_error_line(unkeyed)) == (4, True)
    mixed = bot3("-c", where, cwd=tmp_path, BOT3__EXCHANGES__ACTIVE='["binance","okx"]',
                 BOT3__VENUES__OKX__MODE="paper")  # fmt: skip
    assert "some live, some not" in one_error_line(mixed)
