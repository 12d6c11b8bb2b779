"""Alerts are told one after another, tried a few times, and let go."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
import structlog
import trio
from structlog.testing import capture_logs

from bot3.domain.errors import AlertNotSentError
from bot3.messages.alerts import Alert, AlertFailed, AlertKind, AlertSent
from bot3.services.alerts import TRIES, AlertActor
from supervisors.mailbox import Mailbox, Overflow
from tests.bot3.listening import Ear, Looks


class Way:
    """An `AlertPort` that fails as often as it is told to; `took_s` each time."""

    def __init__(self, fails: int = 0, took_s: float = 0.0) -> None:
        self.fails, self.took_s = fails, took_s
        self.asked: list[tuple[float, str]] = []

    async def send(self, alert: Alert) -> None:
        self.asked.append((trio.current_time(), alert.text))
        await trio.sleep(self.took_s)
        if self.fails:
            self.fails -= 1
            raise AlertNotSentError("the webhook answered HTTP 500")


class Bench:
    def __init__(self, way: Way, capacity: int = 3) -> None:
        self.way, self.board, self.context = way, Ear(), Looks()
        self.waiting: Mailbox[Alert] = Mailbox(
            "alerts", capacity=capacity, policy=Overflow.DROP_OLDEST
        )
        self.started = trio.current_time()

    async def tell(self, *texts: str) -> None:
        """Sends them all at once, and waits until nothing waits."""
        for text in texts:
            self.waiting.send(Alert(AlertKind.STOP, "BTC/USDT", text, 1))
        actor = AlertActor(self.waiting, self.way, random.Random(1), self.board)
        with trio.move_on_after(1_000.0):
            await actor.run(self.context)

    @property
    def asked(self) -> list[str]:
        return [text for _, text in self.way.asked]


async def test_one_after_another(autojump_clock: object) -> None:
    bench = Bench(Way(took_s=4.0))
    await bench.tell("a", "b")
    assert bench.context.is_ready.is_set()
    assert [at - bench.started for at, _ in bench.way.asked] == [0.0, 4.0]
    assert bench.board.heard == [AlertSent(AlertKind.STOP)] * 2


@pytest.mark.parametrize("fails", [1, TRIES - 1])
async def test_it_is_tried_again_a_little_later(autojump_clock: object, fails: int) -> None:
    bench = Bench(Way(fails))
    with capture_logs() as logged:
        await bench.tell("a")
    assert bench.asked == ["a"] * (fails + 1)
    times = [at for at, _ in bench.way.asked]
    pauses = [later - sooner for sooner, later in pairwise(times)]
    for pause_s, most_s in zip(pauses, (1.0, 4.0), strict=False):
        assert 0.8 * most_s <= pause_s <= most_s
    assert bench.board.heard == [AlertSent(AlertKind.STOP)]
    assert logged == []


async def test_after_the_last_try_it_is_logged_counted_and_let_go(autojump_clock: object) -> None:
    bench = Bench(Way(TRIES))
    structlog.reset_defaults()
    with capture_logs() as logged:
        await bench.tell("a", "b")
    assert bench.asked == ["a"] * TRIES + ["b"]
    assert bench.board.heard == [AlertFailed(AlertKind.STOP), AlertSent(AlertKind.STOP)]
    (line,) = logged
    assert (line["log_level"], line["event"]) == ("warning", "nobody was told")
    assert line["reason"] == "the webhook answered HTTP 500"
    assert bench.context.looks == TRIES + 1


async def test_of_too_many_the_oldest_are_dropped_and_counted(autojump_clock: object) -> None:
    bench = Bench(Way(), capacity=2)
    await bench.tell("a", "b", "c")
    assert (bench.asked, bench.waiting.dropped) == (["b", "c"], 1)
