"""Layers, checks and the words of the configuration."""

from __future__ import annotations

import itertools
import json
import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.app.config import LoadedConfig, describe, describe_json, load_config
from bot3.app.layers import default_text
from bot3.domain.errors import ConfigError

DEFAULTS = tomllib.loads(default_text())


def _leaves(table: dict[str, Any], at: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found = []
    for key, value in table.items():
        found += _leaves(value, (*at, key)) if isinstance(value, dict) else [((*at, key), value)]
    return found


LEAVES = _leaves(DEFAULTS)
KEYS = st.sampled_from([keys for keys, _ in LEAVES])


def _refused(environ: dict[str, str] | None = None, **options: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(options.get("path"), environ or {}, options.get("overrides", {}))
    assert caught.value.exit_code == 4
    return str(caught.value).splitlines()


def _write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_the_defaults_are_whole_and_each_key_has_its_comment() -> None:
    loaded = load_config(None, {})
    assert loaded.config.risk.max_drawdown == 0.15
    assert loaded.config.exchanges.symbols == ("BTC/USDT", "ETH/USDT", "SOL/USDT")
    assert loaded.config.system.seed is None
    values = attrs.asdict(loaded.config)
    assert values["system"].pop("seed") is None
    assert {keys for keys, _ in _leaves(values)} == {keys for keys, _ in LEAVES}
    lines = default_text().splitlines()
    for above, line in itertools.pairwise(lines):
        if "=" in line and not line.startswith("#"):
            assert above.startswith("# "), line


def test_file_over_defaults_environment_over_file_command_line_over_all(tmp_path: Path) -> None:
    path = _write(tmp_path, "[risk]\nmax_drawdown = 0.2\nmax_daily_loss = 0.03\n[system]\nseed = 7")
    loaded = load_config(
        path,
        {"BOT3__RISK__MAX_DRAWDOWN": "0.1", "BOT3__SIMULATION__WORLD": "null", "HOME": "/x"},
        {"simulation.world": "planted", "telemetry.port": 0, "risk.max_daily_loss": None},
    )
    config = loaded.config
    assert (config.risk.max_drawdown, config.risk.max_daily_loss) == (0.1, 0.03)
    assert (config.simulation.world, config.telemetry.port, config.system.seed) == ("planted", 0, 7)
    assert loaded.sources["risk.max_drawdown"] == "BOT3__RISK__MAX_DRAWDOWN"
    assert loaded.sources["risk.max_daily_loss"] == str(path)
    assert loaded.sources["simulation.world"] == "command line"
    assert loaded.sources["risk.max_book_age_s"] == "default"


def test_environment_values_are_toml_or_plain_text() -> None:
    config = load_config(
        None,
        {
            "BOT3__EXCHANGES__SYMBOLS": '["BTC/USDT"]',
            "BOT3__VENUES__BINANCE__REST_URL": "http://127.0.0.1:9001",
            "BOT3__TA_ML_SPLIT__ADAPTIVE": "false",
            "BOT3__SIMULATION__REPLAY": "2024",
            "BOT3__SYSTEM__CAPITAL": "5000",
            "BOT3__SYSTEM__LOG_LEVEL": '"debug"',
        },
    ).config
    assert config.exchanges.symbols == ("BTC/USDT",)
    assert config.venues.binance.rest_url == "http://127.0.0.1:9001"
    assert config.ta_ml_split.adaptive is False
    assert config.simulation.replay == "2024"
    assert (config.system.capital, type(config.system.capital)) == (5000.0, float)
    assert config.system.log_level == "debug"


def test_an_environment_value_cannot_smuggle_in_a_second_key() -> None:
    (line,) = _refused({"BOT3__RISK__MAX_DRAWDOWN": "0.1\nother = 2"})
    assert line.startswith(r'configuration: risk.max_drawdown = "0.1\nother = 2": want a number')


def test_every_problem_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "[risk]\nmax_drawdwn = 0.2\nmax_daily_loss = true\n[sytem]\n[ta_ml_split]\nta_weight=0.6",
    )
    lines = _refused({"BOT3__TELEMETRY__PORT": "99999", "BOT3__FOO__BAR": "1"}, path=path)
    assert lines[0] == "configuration: 6 problems"
    told = "\n".join(lines[1:])
    assert f"risk.max_drawdwn is an unknown key; did you mean max_drawdown? (from {path})" in told
    assert f"risk.max_daily_loss = true: want a number above 0, at most 1 (from {path})" in told
    assert f"sytem is an unknown section; did you mean system? (from {path})" in told
    assert "telemetry.port = 99999: want a whole number from 0 to 65535" in told
    assert "(from BOT3__TELEMETRY__PORT)" in told
    assert "foo is an unknown section" in told
    assert "(from BOT3__FOO__BAR)" in told
    assert "ta_ml_split.ta_weight + ta_ml_split.ml_weight = 1.1: want a sum of 1" in told


def test_a_bad_value_is_not_told_twice_by_the_checks_between_keys() -> None:
    (line,) = _refused(overrides={"ta_ml_split.ta_weight": 5, "ta_ml_split.ml_weight": 0.3})
    assert line.startswith("configuration: ta_ml_split.ta_weight = 5: want a number from 0 to 1")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("exchanges.active", ["kraken"], 'each one of "binance"'),
        ("exchanges.arbitrage_enabled", 3, "true or false"),
        ("exchanges.symbols", ["BTC/USDT", "BTC/USDT"], "without repetitions"),
        ("exchanges.symbols", ["BTC/EUR"], "end in /USDT"),
        ("exchanges.symbols", [], "a list of 1 to 20"),
        ("exchanges.symbols", "BTC/USDT", "a list of 1 to 20"),
        ("arbitrage.cross_symbols", ["ETH"], 'like "ETH/BTC"'),
        ("arbitrage.cross_symbols", ["ETH/USDT"], "another quote asset than USDT"),
        ("arbitrage.cross_symbols", ["ETH/EUR"], "has ETH/EUR: want EUR/USDT in exchanges.symbols"),
        ("system.risk_tolerance", "balance", "did you mean balanced?"),
        ("system.capital", float("nan"), "a number above 0"),
        ("system.capital", 10**400, "a number above 0"),
        ("system.max_drawdown", 0.1, "belongs in [risk]"),
        ("system", 3, "is a section [system]"),
        ("risk.max_drawdown", {"deep": 1}, "want a number"),
        ("risk.max_drawdown", {"deep": 16**5000}, "a value too large to show"),
        ("risk.max_position_size", 0.9, "at most risk.max_total_exposure"),
        ("execution.taker_collar_bps", 60.0, "at most risk.price_collar_bps"),
        ("healing.circuit_open_max_s", 1.0, "at least circuit_open_s = 15"),
        ("healing.resume_data_below", 0.5, "less than shed_data_above = 0.5"),
        ("venues.binance.mode", "custom", "rest_url, ws_url, private_ws_url too"),
        ("venues.binance.ws_url", "http://127.0.0.1", "a URL like ws://"),
        ("venues.binance.rest_url", "http://a:99999", "a URL like http://"),
        ("market.bar_interval_s", 2, "one of 1, 60"),
        ("market.warm_up_bars", 1.0, "a whole number"),
    ],
)
def test_refusals_say_what_is_allowed(key: str, value: object, words: str) -> None:
    (line,) = _refused(overrides={key: value})
    assert line.startswith(f"configuration: {key}")
    assert words in line
    assert line.endswith("(from command line)")


def test_a_webhook_s_url_is_taken_and_not_shown() -> None:
    url = "https://hooks.example/services/s3cret?token=s3cret2"
    loaded = load_config(None, {"BOT3__ALERTS__WEBHOOK_URL": url})
    assert loaded.config.alerts.webhook_url == url
    shown = [*describe(loaded), describe_json(loaded), repr(loaded), repr(loaded.config)]
    assert "s3cret" not in "".join(shown)
    assert 'alerts.webhook_url = "***"  (BOT3__ALERTS__WEBHOOK_URL)' in shown
    other = load_config(None, {"BOT3__ALERTS__WEBHOOK_URL": "http://127.0.0.1/another"})
    assert other.hash == loaded.hash
    nobody = load_config(None, {})
    assert 'alerts.webhook_url = ""  (default)' in describe(nobody)
    assert '"webhook_url": ""' in describe_json(nobody)


@pytest.mark.parametrize("url", ["ftp://a/s3cret", "hooks.example/s3cret", "http://me:s3cret@a/"])
def test_a_webhook_is_http_or_https(url: str) -> None:
    (line,) = _refused({"BOT3__ALERTS__WEBHOOK_URL": url})
    assert 'alerts.webhook_url = "***": want a URL like http://127.0.0.1:9001, or empty' in line
    assert "s3cret" not in line


def test_secrets_are_never_repeated() -> None:
    told = "\n".join(
        _refused(
            {
                "BOT3__VENUES__BINANCE__KEY_ENV": "s3cretKEY",
                "BOT3__VENUES__BINANCE__API_SECRET": "s3cretKEY",
                "BOT3__VENUES__BINANCE__REST_URL": "http://me:s3cretKEY@127.0.0.1",
            }
        )
    )
    assert "configuration: 3 problems" in told
    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[risk]\nmax_drawdown = \n", "mine.toml:2:16: not TOML: Invalid value"),
        ("[risk", "mine.toml:1:6: not TOML: "),
        ("a = 1\na = 2", "mine.toml:2:6: not TOML: Cannot overwrite a value"),
        ("a = 1" + "0" * 5000, "mine.toml: a number has too many digits"),
        ("a = " + "[" * 5000, "mine.toml: nested too deeply"),
    ],
)
def test_bad_toml_has_its_line_and_column(tmp_path: Path, text: str, words: str) -> None:
    (line,) = _refused(path=_write(tmp_path, text))
    assert words in line


def test_unreadable_files_are_one_clear_line(tmp_path: Path) -> None:
    (line,) = _refused(path=tmp_path / "absent.toml")
    assert line == f"{tmp_path / 'absent.toml'}: no such file"
    (line,) = _refused(path=tmp_path)
    assert "cannot be read" in line
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# caf\xe9\n")
    (line,) = _refused(path=path)
    assert "not UTF-8 text (byte 5)" in line


@given(
    keys=KEYS, depth=st.integers(0, 3), name=st.from_regex(r"[a-z]{3}_zz[a-z]{3}", fullmatch=True)
)
def test_unknown_keys_are_named_at_any_depth(keys: tuple[str, ...], depth: int, name: str) -> None:
    path = (*keys[: min(depth, len(keys) - 1)], name)
    (line,) = _refused({"BOT3__" + "__".join(path).upper(): "1"})
    assert line.startswith(f"configuration: {'.'.join(path)} is an unknown ")


@given(keys=KEYS)
def test_a_wrong_type_is_refused_for_every_key(keys: tuple[str, ...]) -> None:
    wrong: list[object] = [{"a": 1}, [1], "\0", -(10**30), float("inf")]
    good = DEFAULTS
    for key in keys:
        good = good[key]
    if good != []:
        wrong.append([])
    wrong.append(1 if isinstance(good, bool) else True)
    for value in wrong:
        (line,) = _refused(overrides={".".join(keys): value})
        assert line.startswith(f"configuration: {'.'.join(keys)} = ")
        assert ": want " in line


def test_the_hash_follows_values_not_their_spelling_or_source(tmp_path: Path) -> None:
    default = load_config(None, {})
    same = load_config(_write(tmp_path, "[system]\ncapital = 10000"), {})
    assert default.hash == same.hash
    assert len(default.hash) == 16
    hashes = {default.hash}
    for override in ({"system.seed": 7}, {"system.seed": 8}, {"risk.max_drawdown": 0.1}):
        hashes.add(load_config(None, {}, override).hash)
    assert len(hashes) == 4


def test_the_description_is_the_configuration(tmp_path: Path) -> None:
    loaded: LoadedConfig = load_config(None, {"BOT3__RISK__MAX_DRAWDOWN": "0.1"})
    lines = describe(loaded)
    assert "risk.max_drawdown = 0.1  (BOT3__RISK__MAX_DRAWDOWN)" in lines
    assert 'exchanges.symbols = ["BTC/USDT", "ETH/USDT", "SOL/USDT"]  (default)' in lines
    assert "system.seed = absent  (default)" in lines
    assert len(lines) == len(LEAVES) + 1
    body = json.loads(describe_json(loaded))
    assert body["hash"] == loaded.hash
    assert body["config"]["risk"]["max_drawdown"] == 0.1
    assert body["sources"]["risk.max_drawdown"] == "BOT3__RISK__MAX_DRAWDOWN"


def test_a_wheel_carries_the_defaults_beside_the_module(tmp_path: Path) -> None:
    (tmp_path / "default.toml").write_text("# from the wheel")
    assert default_text(tmp_path) == "# from the wheel"
    with pytest.raises(ConfigError, match="install bot3 again"):
        default_text(tmp_path / "empty")
