"""The account that config/live.toml is cut for: 100 USDT, where a least order is 5 to 10."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot3.domain.values import Side
from bot3.messages.control import FlattenPositions
from bot3.messages.orders import OrderDenied, OrderFilled
from tests.bot3.actors.core_driver import KEYS, CoreDriver
from tests.bot3.making import BTC, d, make_fill, make_instrument

LIVE = Path(__file__).parents[3] / "config" / "live.toml"


def keys_of_live() -> dict[str, Any]:
    """What decisions depend on: its limits, and how it trades."""
    given = tomllib.loads(LIVE.read_text())
    sections = ("system", "risk", "market", "execution")
    return {f"{name}.{key}": value for name in sections for key, value in given[name].items()}


def driver_of(least: int, changes: dict[str, Any] | None = None) -> CoreDriver:
    keys = {**keys_of_live(), "execution.maker_patience_s": 0.0, **(changes or {})}
    driver = CoreDriver(keys)
    driver.load(make_instrument(key, notional_min=d(least)) for key in KEYS)
    driver.fund("100")
    driver.quote_and_mark()
    return driver


@pytest.mark.parametrize("least", [5, 10])
def test_it_buys_above_the_venue_s_least_order_within_its_limits_and_gets_out(least: int) -> None:
    driver = driver_of(least)
    driver.want(1.0)
    [entry] = driver.submitted()
    assert driver.of(OrderDenied) == []
    assert least <= entry.notional.amount <= 15
    fee = entry.amount.amount / 1000  # in what is bought
    driver.acknowledge(entry)
    bought = make_fill(1, entry.number, entry.amount.amount, fee=fee, fee_asset=BTC)
    driver.core.publish(OrderFilled(bought))
    held = entry.amount.amount - fee
    driver.fund(str(100 - 100 * entry.amount.amount), str(held))
    driver.core.risk.send(FlattenPositions("out"))
    driver.quiet(1.0)
    sold = driver.submitted()[-1]
    assert (sold.side, sold.amount.amount > 0) == (Side.SELL, True)
    left = held - sold.amount.amount
    assert 0 <= left * 100 < least  # dust: no venue takes an order for it


def test_a_smaller_account_stays_out_without_an_error() -> None:
    driver = driver_of(10)
    driver.fund("40")
    driver.quiet(2.0)
    driver.want(1.0)
    driver.quiet(2.0)
    assert driver.submitted() == []
    assert driver.errors() == {}
