"""Silence is noticed at its deadline, whatever floats make of the difference."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio

from adapters.net.errors import ConnectionSilentError
from adapters.net.websocket import WebSocket


class QuietStream:
    """Heard at 7.7: 7.7 + 5.0 is reached while (7.7 + 5.0) - 7.7 is less than 5.0, in floats."""

    heard_at = 7.7
    tries = 0

    async def next_batch(self) -> list[str]:
        self.tries += 1
        assert self.tries == 1, "the deadline has passed: there is no second try"
        await trio.sleep_forever()
        return []


async def test_silence_is_noticed_where_floats_make_it_a_hair_too_short(
    autojump_clock: trio.abc.Clock,
) -> None:
    assert (7.7 + 5.0) - 7.7 < 5.0
    socket = WebSocket(cast("Any", None), cast("Any", QuietStream()), silence_s=5.0)
    with pytest.raises(ConnectionSilentError):
        await socket.receive_batch()
    assert trio.current_time() == 7.7 + 5.0
