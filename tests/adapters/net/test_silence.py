"""Silence is noticed at its deadline, whatever floats make of the difference."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio

from adapters.net.errors import ConnectionSilentError
from adapters.net.frame_stream import FrameStream
from adapters.net.websocket import WebSocket

HEARD_S, SILENCE_S = 7.7, 5.0


async def test_silence_is_noticed_where_floats_make_it_a_hair_too_short(
    autojump_clock: trio.abc.Clock,
) -> None:
    assert (HEARD_S + SILENCE_S) - HEARD_S < SILENCE_S
    stream = FrameStream(cast("Any", None), message_bytes=1, queue=1)
    stream.heard_at = HEARD_S
    socket = WebSocket(cast("Any", None), stream, silence_s=SILENCE_S)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(socket.watch_silence)
        with pytest.raises(ConnectionSilentError):
            await socket.receive_batch()
        nursery.cancel_scope.cancel()
    assert trio.current_time() == HEARD_S + SILENCE_S


async def test_what_is_heard_meanwhile_puts_the_deadline_off(
    autojump_clock: trio.abc.Clock,
) -> None:
    stream = FrameStream(cast("Any", None), message_bytes=1, queue=1)
    socket = WebSocket(cast("Any", None), stream, silence_s=SILENCE_S)

    async def hear() -> None:
        for _ in range(3):
            await trio.sleep(SILENCE_S / 2)
            stream.heard_at = trio.current_time()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(socket.watch_silence)
        nursery.start_soon(hear)
        with pytest.raises(ConnectionSilentError):
            await socket.receive_batch()
        nursery.cancel_scope.cancel()
    assert trio.current_time() == SILENCE_S / 2 * 3 + SILENCE_S
