"""HTTP 403: an address that asked too much stops asking for ten minutes (bybit.md, 13)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import trio

from adapters.bybit.errors import BybitError
from adapters.bybit.feed import load_instruments
from adapters.bybit.rest import BybitRest
from adapters.bybit.settings import MAINNET
from adapters.net.calls import NotSentError
from tests.adapters.net.virtual_time import TrioClock


class ShuttingOut:
    """A network that carries requests as they are; everything is forbidden."""

    def __init__(self) -> None:
        self.asked = 0

    async def exchange(
        self,
        address: tuple[str, int],
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Mapping[str, str], bytes]:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        return 403, {}, b"<html>access too frequent</html>"

    async def connect(self, host: str, port: int, *, is_tls: bool) -> trio.abc.Stream:
        raise OSError(f"{host}:{port}: only whole requests here")

    async def listen(self, host: str, port: int) -> trio.abc.Listener[trio.abc.Stream]:
        raise OSError(f"{host}:{port}: only whole requests here")


async def test_nothing_is_asked_for_ten_minutes(autojump_clock: object) -> None:
    network = ShuttingOut()
    rest = BybitRest(MAINNET, network=network, clock=TrioClock(10**18))
    with pytest.raises(BybitError, match="HTTP 403"):
        await load_instruments(rest)
    for _ in range(20):
        with pytest.raises(NotSentError):
            await load_instruments(rest)
        await trio.sleep(28)
    assert network.asked == 1
    await trio.sleep(50)
    with pytest.raises(BybitError, match="HTTP 403"):
        await load_instruments(rest)
    assert network.asked == 2
