"""Venues by name: this machine only, keys from the environment, secrets in no repr."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.net.network import SocketNetwork
from bot3.app.config import load_config
from bot3.app.venues import EmbeddedVenue, Surroundings, VenueAccess, build_venues
from bot3.domain.errors import ConfigError
from bot3.domain.values import VenueName
from supervisors.clock import ManualClock
from supervisors.entropy import Entropy

KEY, SECRET = "k3y-of-a-test", "s3cret-of-a-test"
KEYS = {"BOT3_BINANCE_KEY": KEY, "BOT3_BINANCE_SECRET": SECRET}
CUSTOM = {
    "venues.binance.mode": "custom",
    "venues.binance.rest_url": "http://127.0.0.1:8100",
    "venues.binance.ws_url": "ws://localhost:8101/stream",
    "venues.binance.private_ws_url": "ws://[::1]:8102/ws-api/v3",
}
BINANCE = VenueName("binance")
EMBEDDED = EmbeddedVenue("127.0.0.1", 8200, KEY, SECRET)


def surroundings(environ: Mapping[str, str]) -> Surroundings:
    return Surroundings(SocketNetwork(), ManualClock(), Entropy(1), environ)


def build(
    keys: dict[str, Any], environ: Mapping[str, str] = KEYS, embedded: EmbeddedVenue | None = None
) -> VenueAccess:
    config = load_config(None, {}, {"exchanges.active": ["binance"], **keys}).config
    (access,) = build_venues(
        config, {} if embedded is None else {BINANCE: embedded}, surroundings(environ)
    ).values()
    return access


async def test_custom_urls_of_this_machine_make_both_ports() -> None:
    access = build(CUSTOM)
    assert (access.feed.venue, access.venue.venue) == ("binance", "binance")
    assert access.venue.account == build({}, {}, EMBEDDED).venue.account  # the same key
    assert access.venue.account != build(CUSTOM, {**KEYS, "BOT3_BINANCE_KEY": "k"}).venue.account


async def test_the_embedded_exchange_needs_no_keys_of_ours() -> None:
    assert build({}, {}, EMBEDDED).venue.venue == "binance"


async def test_paper_needs_no_keys_and_leads_to_the_venues_own_public_data(tmp_path: Path) -> None:
    access = build({"venues.binance.mode": "paper", "journal.directory": str(tmp_path)}, {})
    assert (access.venue.account, access.feed.venue) == ("paper-binance", "binance")
    [held] = await access.venue.balances()
    assert (held.asset, held.total) == ("USDT", 10_000)
    [held_still] = await access.venue.balances()  # looking changes nothing
    assert held_still == held


LIVE = {"venues.binance.mode": "live"}


async def test_live_leads_to_the_venue_itself_and_wants_keys() -> None:
    access = build(LIVE)
    assert access.venue.account == build(CUSTOM).venue.account  # named after the key
    with pytest.raises(ConfigError, match="BOT3_BINANCE_KEY"):
        build(LIVE, {})


async def test_live_leads_nowhere_else() -> None:
    with pytest.raises(ConfigError, match=r"venues\.binance\.rest_url"):
        build({**LIVE, "venues.binance.rest_url": "https://api.binance.example.com"})


@pytest.mark.parametrize("name", ["rest_url", "ws_url", "private_ws_url"])
@pytest.mark.parametrize(
    "where",
    ["api.binance.com", "127.0.0.1.example.com", "localhost@example.com", "10.0.0.1", "0.0.0.0"],
)
async def test_any_other_machine_is_refused_by_the_key_that_names_it(name: str, where: str) -> None:
    scheme = "http" if name == "rest_url" else "ws"
    url = f"{scheme}://{where}/"
    with pytest.raises(ConfigError) as caught:
        build({**CUSTOM, f"venues.binance.{name}": url})
    assert f"venues.binance.{name}" in str(caught.value)


async def test_the_embedded_mode_does_not_lead_to_another_machine_either() -> None:
    with pytest.raises(ConfigError, match=r"venues\.binance\.ws_url"):
        build({"venues.binance.ws_url": "wss://stream.binance.com/stream"}, {}, EMBEDDED)


@pytest.mark.parametrize("name", ["rest_url", "ws_url", "private_ws_url"])
async def test_custom_without_a_url_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"venues.binance.{name}"):
        build({**CUSTOM, f"venues.binance.{name}": ""})


@pytest.mark.parametrize("missing", [{"BOT3_BINANCE_KEY"}, {"BOT3_BINANCE_SECRET"}, {*KEYS}])
async def test_custom_without_keys_names_the_variables(missing: set[str]) -> None:
    left = {name: value for name, value in KEYS.items() if name not in missing}
    with pytest.raises(ConfigError) as caught:
        build(CUSTOM, left)
    named = {name for name in KEYS if name in str(caught.value)}
    assert named == missing
    assert not any(value in str(caught.value) for value in KEYS.values())


async def test_the_variables_are_the_configured_ones() -> None:
    renamed = {"venues.binance.key_env": "MY_KEY", "venues.binance.secret_env": "MY_SECRET"}
    with pytest.raises(ConfigError, match="MY_KEY and MY_SECRET"):
        build({**CUSTOM, **renamed})
    assert build({**CUSTOM, **renamed}, {"MY_KEY": KEY, "MY_SECRET": SECRET}).venue.account


async def test_a_key_that_no_header_can_carry_is_refused_unseen() -> None:
    with pytest.raises(ConfigError, match="BOT3_BINANCE_KEY") as caught:
        build(CUSTOM, {**KEYS, "BOT3_BINANCE_KEY": "k3y\nof"})
    assert "k3y" not in str(caught.value)


async def test_no_repr_shows_a_secret() -> None:
    access = build(CUSTOM)
    shown = [EMBEDDED, surroundings(KEYS), access, access.feed, access.venue]
    for each in shown:
        assert KEY not in repr(each)
        assert SECRET not in repr(each)
        assert SECRET not in str(each)


@pytest.mark.parametrize(
    ("venue", "seconds", "allowed"),
    [("binance", 30, "no such switch"), ("okx", 5, "10 to 120"), ("bybit", 2, "3 to 300")],
)
async def test_a_dead_man_s_switch_is_what_the_venue_has(
    venue: str, seconds: int, allowed: str
) -> None:
    keys = {"exchanges.active": [venue], f"venues.{venue}.dead_man_s": seconds}
    config = load_config(None, {}, keys).config
    there = EmbeddedVenue("127.0.0.1", 8200, KEY, SECRET, protocol=venue)
    with pytest.raises(ConfigError, match=rf"venues\.{venue}\.dead_man_s = {seconds}.*{allowed}"):
        build_venues(config, {VenueName(venue): there}, surroundings({}))


async def test_okx_has_one_unless_told_otherwise_bybit_and_binance_have_none() -> None:
    names = ["binance", "okx", "bybit"]
    config = load_config(None, {}, {"exchanges.active": names}).config
    there = {
        VenueName(name): EmbeddedVenue("127.0.0.1", 8200, KEY, SECRET, protocol=name)
        for name in names
    }
    built = build_venues(config, there, surroundings({}))
    ports = {name: each.venue.dead_man for name, each in built.items()}
    assert {name: port.timeout_s for name, port in ports.items() if port} == {"okx": 30}
