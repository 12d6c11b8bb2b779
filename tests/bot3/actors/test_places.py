"""What execution hears of depth, funds and volumes reaches its plans through the core."""

from __future__ import annotations

from typing import Any

from bot3.domain.values import InstrumentId
from bot3.messages.market import BookReplaced
from bot3.messages.orders import TargetSized
from supervisors.testing import crash
from tests.bot3.actors.core_driver import BITCOIN, CoreDriver
from tests.bot3.making import START_NS, d

CROSSING: dict[str, Any] = {
    "execution.maker_patience_s": 0.0,
    "risk.max_position_size": 0.375,
    "risk.max_total_exposure": 0.375,
}


def deep_book(driver: CoreDriver, key: InstrumentId, *amounts: float) -> None:
    """Asks a cent apart."""
    asks = [(100.01 + step / 100, amount) for step, amount in enumerate(amounts)]
    now_ns = driver.now_ns
    driver.market(key).send(BookReplaced(key, [(99.99, 5.0)], asks, 1, now_ns, now_ns))


def test_a_crossing_order_takes_what_the_sampled_book_shows() -> None:
    driver = CoreDriver(CROSSING)
    driver.quote_and_mark()
    deep_book(driver, BITCOIN, 0.25, 0.5, 1.0)
    driver.tick()
    driver.want(0.5)  # 75 % of half the equity: more than the book has
    [intent] = driver.submitted()
    assert intent.amount.amount == d("1.75")


def test_a_sized_target_says_how_much_its_venue_may_hold_of_the_sum() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.want(0.25)
    [quarter] = driver.heard(TargetSized)
    driver.want(1.0)
    assert driver.heard(TargetSized)[-1].position == quarter.position_max > 3 * quarter.position


def test_a_buy_is_no_larger_than_the_venue_s_funds_allow() -> None:
    driver = CoreDriver(CROSSING)
    driver.quote_and_mark()
    driver.fund("50")
    deep_book(driver, BITCOIN, 5.0)
    driver.tick()
    driver.want(0.5)
    [intent] = driver.submitted()
    assert intent.price is not None
    cost = intent.amount.amount * intent.price.amount * d("1.001")
    assert d("49.9") < cost <= 50


def test_a_share_of_the_volume_follows_the_bars() -> None:
    changes = {"execution.schedule": "pov", "execution.participation": 0.5}
    driver = CoreDriver({**CROSSING, **changes})
    driver.quote_and_mark()
    driver.want(0.01)
    assert driver.submitted() == []
    for _ in range(3):
        driver.live_bar(BITCOIN, 100.0)  # 0.1 traded in each
        driver.trade(BITCOIN, 100.0)
    assert driver.now_ns > START_NS
    assert [float(each.amount.amount) for each in driver.submitted()] == [0.05]


def test_a_restored_execution_knows_the_venue_s_funds() -> None:
    driver = CoreDriver(CROSSING)
    driver.quote_and_mark()
    driver.fund("50")
    crash(driver.core.execution, RuntimeError("cosmic ray"))
    driver.restart(driver.core.execution)
    deep_book(driver, BITCOIN, 5.0)
    driver.tick()
    driver.want(0.5)
    [intent] = driver.submitted()
    assert intent.price is not None
    assert intent.amount.amount * intent.price.amount <= 50
