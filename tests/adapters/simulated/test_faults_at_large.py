"""The whole simulated venue with faults: the same bytes for the same seed, and honest without."""

from __future__ import annotations

from functools import partial

import pytest
import trio
import trio.testing
from attrs import evolve

from adapters.binance.rest import BinanceRest
from adapters.net.calls import UnclearError
from adapters.net.network import SocketNetwork
from adapters.simulated.embedded import EmbeddedExchange, EmbeddedSettings
from adapters.simulated.fault_rates import OUTAGES, FaultRates, RequestKind, VenueFault
from adapters.simulated.faults import VenueFaults
from adapters.simulated.later import later_in
from bot3.domain.values import Symbol
from supervisors.clock import Clock, SystemClock
from supervisors.entropy import Entropy
from tests.adapters.simulated.conftest import (
    KEY,
    SECRET,
    START_NS,
    MemoryListener,
    TrioClock,
    signed,
)
from tests.adapters.simulated.faulty_venue import SETTINGS

STORM = FaultRates.even({fault: 0.05 for fault in VenueFault if fault not in OUTAGES})
UPGRADE = (
    b"GET /stream?streams=ethusdt@trade/ethusdt@depth@100ms HTTP/1.1\r\nhost: x\r\n"
    b"upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def listen(stream: trio.abc.Stream, heard: bytearray) -> None:
    await stream.send_all(UPGRADE)
    while data := await stream.receive_some():
        heard += data


async def ask(listener: MemoryListener, number: int) -> bytes:
    """One request of a fixed list on a connection of its own, and what comes within a second."""
    timestamp = (START_NS + round(trio.current_time() * 1e9)) // 1_000_000
    terms = {"symbol": "ETHUSDT", "timestamp": timestamp}
    limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": 2000, "quantity": 0.01}
    method, target = (
        ("POST", f"order?{signed(SECRET, **terms, **limit, newClientOrderId=f'n{number}')}"),
        ("GET", f"order?{signed(SECRET, **terms, origClientOrderId=f'n{number - 1}')}"),
        ("DELETE", f"openOrders?{signed(SECRET, **terms)}"),
        ("GET", "depth?symbol=ETHUSDT&limit=5"),
    )[number % 4]
    head = f"{method} /api/v3/{target} HTTP/1.1\r\nhost: x\r\nx-mbx-apikey: {KEY}\r\n\r\n"
    stream, heard = await listener.connect(), b""
    await stream.send_all(head.encode())
    with trio.move_on_after(1):
        while data := await stream.receive_some():
            heard += bytes(data)
    await trio.aclose_forcefully(stream)
    return heard


def embedded(clock: Clock, faults: VenueFaults | None) -> EmbeddedExchange:
    return EmbeddedExchange(
        EmbeddedSettings(symbols=(Symbol("ETH/USDT"),)),
        clock=clock,
        dice_of=Entropy(9).dice,
        api_key=KEY,
        api_secret=SECRET,
        faults=faults,
    )


Outcome = tuple[list[bytes], bytes, list[tuple[VenueFault, str]]]


async def session(rates: FaultRates | None, seed: int) -> Outcome:
    """(answers, bytes of a stream, faults) of half a minute."""
    struck: list[tuple[VenueFault, str]] = []
    listener, heard = MemoryListener(), bytearray()
    async with trio.open_nursery() as nursery:
        faults = None
        if rates is not None:
            faults = VenueFaults(
                rates,
                Entropy(seed).dice("venue/faults"),
                clock=TrioClock(),
                call_later=later_in(nursery),
                on_fault=lambda fault, detail: struck.append((fault, detail)),
            )
        exchange = embedded(TrioClock(), faults)
        nursery.start_soon(partial(exchange.run, listener, ready=lambda: None))
        await trio.sleep(0.003)
        nursery.start_soon(listen, await listener.connect(), heard)
        answers = [await ask(listener, number) for number in range(25)]
        nursery.cancel_scope.cancel()
    return answers, bytes(heard), struck


def run(rates: FaultRates | None, seed: int = 1) -> Outcome:
    return trio.run(session, rates, seed, clock=trio.testing.MockClock(autojump_threshold=0))


def test_the_same_seed_is_the_same_storm_byte_for_byte() -> None:
    first, second, third = run(STORM), run(STORM), run(STORM, seed=2)
    assert first == second
    answers, _, struck = first
    assert len({fault for fault, _ in struck}) > 6
    assert b"" in answers
    assert struck != third[2]


def test_without_faults_the_venue_is_what_it_was_byte_for_byte() -> None:
    plain, guarded = run(None), run(FaultRates.none())
    assert plain == guarded
    answers, heard, struck = plain
    assert all(answer.startswith(b"HTTP/1.1 ") for answer in answers)
    assert (len(heard) > 10_000, struck) == (True, [])


async def test_faults_strike_over_real_sockets_too() -> None:
    struck: list[VenueFault] = []
    listener = await SocketNetwork().listen("127.0.0.1", 0)
    settings = evolve(
        SETTINGS,
        rest_url=f"http://127.0.0.1:{listener.socket.getsockname()[1]}",
        request_timeout_s=0.2,
    )
    clock = SystemClock()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            faults = VenueFaults(
                FaultRates(requests={RequestKind.DATA: {VenueFault.REQUEST_LOST: 1.0}}),
                Entropy(1).dice("venue/faults"),
                clock=clock,
                call_later=later_in(nursery),
                on_fault=lambda fault, _: struck.append(fault),
            )
            exchange = embedded(clock, faults)
            nursery.start_soon(partial(exchange.run, listener, ready=lambda: None))
            rest = BinanceRest(settings, network=SocketNetwork(), clock=clock)
            with pytest.raises(UnclearError, match="no answer in time"):
                await rest.synchronize()
            faults.rates = FaultRates(requests={RequestKind.DATA: {VenueFault.REPLY_LOST: 1.0}})
            for _ in range(8):
                with pytest.raises(UnclearError):
                    await rest.synchronize()
            faults.rates = FaultRates.none()
            await rest.synchronize()
            await rest.aclose()
            nursery.cancel_scope.cancel()
    assert set(struck) == {VenueFault.REQUEST_LOST, VenueFault.REPLY_LOST}
