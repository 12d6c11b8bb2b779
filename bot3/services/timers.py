"""The clock's beat: tells decision actors that time has passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import trio

from bot3.messages.market import TimerTicked
from supervisors.actor import Address, EdgeActor, EdgeContext
from supervisors.clock import Clock


@final
class TimerActor(EdgeActor):
    """Sends `TimerTicked` to each listener, every `interval_s`. A late beat is not made up for."""

    def __init__(
        self, clock: Clock, interval_s: float, listeners: Sequence[Address[TimerTicked]]
    ) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._listeners = listeners

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            await trio.sleep(self._interval_s)
            tick = TimerTicked(self._clock.now_ns())
            for listener in self._listeners:
                listener.send(tick)
            context.progress()
