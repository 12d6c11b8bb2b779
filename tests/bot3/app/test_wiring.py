"""Every key that is to change a decision changes what the decision actors are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from bot3.actors.core_settings import CoreSettings
from bot3.app.beside import Beside
from bot3.app.config import load_config
from bot3.app.fees import Fees, fees_of
from bot3.app.settings import Config
from bot3.app.wiring import core_settings
from bot3.domain.ids import RunId
from bot3.domain.values import VenueName
from bot3.messages.minds import TargetProposed
from tests.bot3.app.wiring_routes import ELSEWHERE, ELSEWHERE_SECTIONS, ROUTES
from tests.bot3.making import KEY, START_NS, d

RUN = RunId("testrun1")


def settings_of(**keys: Any) -> CoreSettings:
    return core_settings(
        load_config(None, {}, {"exchanges.active": ["binance"], **keys}).config, RUN
    )


def at(settings: CoreSettings, path: str) -> Any:
    found: Any = settings
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize(("keys", "arrivals"), ROUTES, ids="+".join)
def test_a_key_arrives(keys: dict[str, Any], arrivals: dict[str, Any]) -> None:
    default, changed = settings_of(), settings_of(**keys)
    assert {path: at(changed, path) for path in arrivals} == arrivals
    assert all(at(default, path) != at(changed, path) for path in arrivals)


@pytest.mark.parametrize(("keys", "arrivals"), ROUTES, ids="+".join)
def test_a_key_changes_nothing_else(keys: dict[str, Any], arrivals: dict[str, Any]) -> None:
    default, changed = dict(_flat(settings_of())), dict(_flat(settings_of(**keys)))
    moved = {path for path in default if default[path] != changed[path]}
    assert moved == set(arrivals)


def _flat(settings: Any, at_path: str = "") -> Iterator[tuple[str, Any]]:
    for each in attrs.fields(type(settings)):
        value = getattr(settings, each.name)
        if attrs.has(type(value)):
            yield from _flat(value, f"{at_path}{each.name}.")
        else:
            yield f"{at_path}{each.name}", value


def test_every_key_has_its_place() -> None:
    """A new key belongs into one of the two tables above."""
    sections = {each.name: each.type for each in attrs.fields(attrs.resolve_types(Config))}
    keys = {
        f"{section}.{each.name}"
        for section, kind in sections.items()
        if section not in ELSEWHERE_SECTIONS and kind is not None
        for each in attrs.fields(kind)
    }
    routed = {key for keys_of_route, _ in ROUTES for key in keys_of_route}
    assert routed & ELSEWHERE == set()
    assert routed | ELSEWHERE == keys


@pytest.mark.parametrize(
    ("keys", "bar_s"),
    [
        ({}, 10.0),
        ({"venues.binance.mode": "paper"}, 1.0),
        ({"simulation.replay": "bars.csv", "simulation.replay_speed": 60.0}, 60.0),
    ],
)
def test_a_hurried_market_s_bars_are_longer(keys: dict[str, Any], bar_s: float) -> None:
    assert settings_of(**keys).adaptive.bar_s == bar_s


def test_the_run_is_the_one_that_was_given() -> None:
    assert settings_of().run == RUN


def test_costs_are_those_of_the_dearest_active_venue() -> None:
    keys = {
        "exchanges.active": ["binance", "okx"],
        "venues.binance.mode": "paper",
        "venues.binance.taker_fee_rate": 0.0002,
        "venues.okx.mode": "paper",
        "venues.okx.taker_fee_rate": 0.0005,
        "venues.bybit.taker_fee_rate": 0.01,
    }
    config = load_config(None, {}, keys).config
    assert core_settings(config, RUN).mind.cost_bps == 5.0
    assert fees_of(config, VenueName("binance")) == Fees(d("0.001"), d("0.0002"))


def test_an_embedded_exchange_charges_what_the_simulation_says() -> None:
    config = load_config(None, {}, {"simulation.maker_fee_rate": 0.0}).config
    assert fees_of(config, VenueName("binance")) == Fees(d("0"), d("0.001"))


def test_a_warm_up_in_one_burst_is_not_dropped_by_estimation() -> None:
    """Thirty instruments, 300 bars each: the bar and the targets of three strategies."""
    inbox = Beside().estimated
    for _ in range(30 * 300 * 4):
        inbox.send(TargetProposed(KEY, "ta", START_NS, 0, 1.0, 1.0, is_warm_up=True))
    assert inbox.dropped == 0
