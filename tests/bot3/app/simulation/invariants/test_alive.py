from __future__ import annotations

import pytest
from attrs import evolve

from bot3.app.simulation.invariants.alive import Alive
from supervisors.observe import ActorState
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.app.simulation.invariants.world_books import actor


def history() -> History:
    return History(Alive(promises()).hear).begin()


def test_a_bot_that_is_ready_and_runs_is_well() -> None:
    world = history()
    world.settle()
    ignored = actor("bot3/http", state=ActorState.IGNORED)
    world.settle(bot={"actors": (actor("bot3/risk"), ignored)})
    assert world.texts == []


def test_a_bot_that_is_not_ready_is_caught() -> None:
    world = history()
    world.settle(bot={"unready": ("binance: account down", "BTC/USDT: no book")})
    assert world.texts == ["not ready: binance: account down, BTC/USDT: no book"]


def test_a_halt_is_caught_unless_somebody_asked_for_it() -> None:
    world = history()
    world.settle(bot={"halted_reason": "operator", "is_halt_expected": True})
    assert world.texts == []
    world.settle(bot={"halted_reason": "drawdown"})
    assert world.texts == ["halted: drawdown"]


@pytest.mark.parametrize(
    "state", [ActorState.BACKOFF, ActorState.STUCK, ActorState.ENDED, ActorState.PENDING]
)
def test_an_actor_that_does_not_run_is_caught(state: ActorState) -> None:
    world = history()
    world.settle(bot={"actors": (actor("bot3/risk"), actor("bot3/timers", state=state))})
    assert world.texts == [f"bot3/timers: {state.value}, last error ''"]


def test_a_bot_without_actors_is_caught() -> None:
    world = history()
    world.settle(bot={"actors": ()})
    assert world.texts == ["no actor runs"]


def test_a_market_that_has_gone_quiet_is_caught() -> None:
    world = history()
    (book,) = world.bot_rest().books
    world.wait(5.5)
    world.settle(bot={"books": (book,)})
    assert world.texts == ["binance:BTC/USDT: no market event for 5.500 s"]


def test_a_market_without_a_book_is_caught() -> None:
    world = history()
    (book,) = world.bot_rest().books
    world.settle(bot={"books": (evolve(book, touch=None),)})
    world.settle(bot={"books": ()})
    assert world.texts == ["binance:BTC/USDT: the bot has no book"] * 2
