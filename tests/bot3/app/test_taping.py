"""Decided again from what it was told, a session says the same; told otherwise, it does not."""

from __future__ import annotations

import pytest

from bot3.actors.memory import Memory
from bot3.app.taping import Replayed, replay
from bot3.messages.mev import DexPriced, DexTraded
from bot3.messages.orders import SubmitOrder
from bot3.portfolio.recovery import Recovery
from supervisors.tape import TapeMark
from supervisors.testing import crash
from tests.bot3.actors.core_driver import ACCOUNT, BITCOIN, CoreDriver

CROSSING = {"execution.maker_patience_s": 0.0}


def session() -> CoreDriver:
    """A target, an order, its fill, a crash of risk, another target; durable when released."""
    driver = CoreDriver(CROSSING, is_taped=True)
    driver.journal.is_slow = True
    driver.quote_and_mark()
    for share in (0.5, 1.0, 0.0):
        driver.want(share)
        driver.journal.release()
        for intent in driver.submitted()[-1:]:
            driver.acknowledge(intent)
            driver.fill(intent, intent.amount.amount, trade=intent.number)
            driver.journal.release()
        driver.quiet(1.0)
        driver.journal.release()
        if share == 0.5:
            crash(driver.core.risk, RuntimeError("of a test"))
            driver.restart(driver.core.risk)
        driver.core.mev.send(DexTraded(BITCOIN.symbol, 1, 2e4, 3.0, 1.0, driver.now_ns))
    assert driver.of(SubmitOrder)
    assert driver.heard(DexPriced)
    return driver


def again(driver: CoreDriver) -> Replayed:
    assert driver.tape is not None
    return replay(driver.core, driver.tape, Memory(Recovery(ACCOUNT), bars_kept=400))


def test_the_same_is_said_again() -> None:
    driver = session()
    found = again(driver)
    assert found.is_same, found.difference
    assert found.said > 30


@pytest.mark.parametrize("harm", ["event", "time", "start", "memory"])
def test_what_is_not_the_same_is_found(harm: str) -> None:
    driver = session()
    tape = driver.tape
    assert tape is not None
    marks = [event.mark for event in tape.events]
    match harm:
        case "event":
            places = [event.place for event in tape.events]
            del tape.events[places.index(driver.core.minds[BITCOIN].market)]
        case "time":
            tape.readings.pop()
        case "start":
            del tape.events[len(marks) - 1 - marks[::-1].index(TapeMark.STARTED)]
        case "memory":
            del tape.events[marks.index(TapeMark.TOLD)]
    assert not again(driver).is_same
