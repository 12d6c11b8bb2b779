"""The faulty outbox alone: what it holds is bounded, and ends with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from adapters.simulated.binance.faults import BinanceFaultDialect
from adapters.simulated.fault_rates import FaultRates, VenueFault
from adapters.simulated.faults import VenueFaults
from adapters.simulated.faulty_outbox import FaultyOutbox
from adapters.simulated.wire import OUTBOX_BYTES_MAX
from supervisors.clock import ManualClock
from supervisors.entropy import Entropy
from tests.adapters.simulated.faulty_venue import faulty_venue

EVENT = '{"stream":"btcusdt@trade","data":{"t":1}}'


class Sink:
    """What came through; open even after a close, unlike a real outbox."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.closes: list[tuple[int, str]] = []

    def send(self, text: str) -> None:
        self.texts.append(text)

    def close(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))


def outbox(fault: VenueFault, sink: Sink, later: list[Callable[[], None]]) -> FaultyOutbox:
    faults = VenueFaults(
        FaultRates(frames={fault: 1.0}),
        Entropy(1).dice("venue/faults"),
        clock=ManualClock(),
        call_later=lambda _delay_s, run: later.append(run),
        on_fault=lambda _fault, _detail: None,
    )
    return FaultyOutbox(sink, BinanceFaultDialect(lambda: 0), faults, is_account=False)


def test_a_stalled_socket_that_would_hold_too_much_closes_instead() -> None:
    sink, later = Sink(), []
    stalled = outbox(VenueFault.FRAME_DELAYED, sink, later)
    large = EVENT.replace("1", "1" * 1_000_000)
    for _ in range(OUTBOX_BYTES_MAX // 1_000_000 - 1):
        stalled.send(large)
    assert sink.closes == []
    for _ in range(3):
        stalled.send(large)
    assert sink.closes == [(1008, "Too slow")]
    for run in later:
        run()
    assert sink.texts == []


def test_what_is_held_or_swapped_ends_with_the_socket() -> None:
    for fault in (VenueFault.FRAME_DELAYED, VenueFault.FRAME_REORDERED):
        sink, later = Sink(), []
        ended = outbox(fault, sink, later)
        ended.send(EVENT)
        ended.close(1012, "Service restart")
        ended.send(EVENT)
        assert len(later) == 1
        later[0]()
        assert (sink.texts, sink.closes) == ([], [(1012, "Service restart")])


async def test_a_session_that_is_over_is_forgotten(autojump_clock: Any, nursery: Any) -> None:
    venue = faulty_venue(nursery)
    async with venue.socket("/ws/btcusdt@trade"):
        assert len(venue.faulty._open) == 1
    await trio.sleep(10)
    assert len(venue.faulty._open) == 0
