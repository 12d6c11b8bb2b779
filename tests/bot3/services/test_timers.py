"""The beat: to everybody, in order, and never made up for."""

from __future__ import annotations

from typing import Any

import trio

from bot3.messages.market import TimerTicked
from bot3.services.timers import TimerActor
from supervisors.testing import TrioClock
from tests.bot3.making import START_NS
from tests.bot3.services.fake_ports import Inbox, living


async def test_beats_reach_all_in_their_order(autojump_clock: trio.testing.MockClock) -> None:
    log: list[Any] = []
    listeners: list[Inbox[TimerTicked]] = [Inbox("market", log), Inbox("execution", log)]
    async with living(TimerActor(TrioClock(START_NS), 0.25, listeners)) as stage:
        assert log == []
        await trio.sleep(0.6)
        assert stage.progresses == 2
    times = [START_NS + 250_000_000, START_NS + 500_000_000]
    assert log == [
        (name, TimerTicked(ts_ns)) for ts_ns in times for name in ("market", "execution")
    ]
