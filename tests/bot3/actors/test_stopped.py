"""A protective stop through the core: told, journaled, sold at once, and there again after a crash
of the gate and in the next process.
"""

from __future__ import annotations

from typing import Any

import pytest

from bot3.domain.order import OrderIntent, TimeInForce
from bot3.domain.values import Quantity, Side
from bot3.messages.control import HaltTrading, StopHit
from bot3.messages.orders import OrderDenied, OrderExpired
from supervisors.testing import crash
from tests.bot3.actors.core_driver import BITCOIN, CoreDriver
from tests.bot3.making import d

CHANGES: dict[str, Any] = {"execution.maker_patience_s": 0.0, "risk.stop_loss": 0.05}


def holding() -> CoreDriver:
    """A filled entry at 100."""
    driver = CoreDriver(CHANGES)
    driver.quote_and_mark()
    driver.want(1.0)
    [entry] = driver.submitted()
    driver.acknowledge(entry)
    driver.fund("9850", "1.5")
    driver.fill(entry, entry.amount.amount)
    driver.tick(1.0)
    return driver


def fall(driver: CoreDriver, price: float) -> list[OrderIntent]:
    """The market is there now; what was sent since."""
    before = len(driver.submitted())
    for _ in range(8):
        driver.book(BITCOIN, price - 0.01, price + 0.01)
        driver.tick(0.25)
    return driver.submitted()[before:]


def test_a_stop_that_is_hit_is_told_and_sold_across_the_spread() -> None:
    driver = holding()
    assert fall(driver, 95.5) == []
    [exit_] = fall(driver, 94.0)
    assert (exit_.side, exit_.time_in_force, exit_.strategy) == (Side.SELL, TimeInForce.IOC, "stop")
    assert exit_.amount.amount == driver.submitted()[0].amount.amount
    [hit] = driver.of(StopHit)
    assert hit.value < hit.cost * d("0.95")
    assert driver.watcher.board.stops_hit == {"loss": 1}
    driver.want(1.0)  # the strategy still wants in
    driver.fill(exit_, exit_.amount.amount, "94", trade=2)
    assert fall(driver, 94.0) == []
    assert driver.of(OrderDenied) == []


@pytest.mark.parametrize("commands", [[], [HaltTrading("by hand")]])
def test_it_is_there_again_after_a_crash_of_the_gate_and_through_a_halt(
    commands: list[HaltTrading],
) -> None:
    driver = holding()
    for command in commands:
        driver.core.risk.send(command)
    crash(driver.core.risk, RuntimeError("cosmic ray"))
    driver.restart(driver.core.risk)
    [exit_] = fall(driver, 94.0)
    assert exit_.side is Side.SELL


def test_the_next_process_goes_on_selling_though_the_price_came_back() -> None:
    driver = holding()
    [exit_] = fall(driver, 94.0)
    nothing, now_ns = Quantity(d(0)), driver.now_ns
    driver.core.publish(OrderExpired(exit_.client_order_id, BITCOIN, nothing, now_ns, now_ns))
    second = CoreDriver(CHANGES, driver.memory)
    second.fund("9850", "1.5")
    [again] = fall(second, 101.0)
    assert (again.side, again.strategy) == (Side.SELL, "stop")
