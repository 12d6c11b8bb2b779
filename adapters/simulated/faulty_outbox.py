"""A websocket's outbox with faults before the real one: frames lost, twice, swapped, broken, late.

Invariant: answers to a client's commands are never struck; a frame is swapped only with the next of
its own stream, and a late one holds back everything behind it, so that TCP's order stays.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, final

import msgspec

from adapters.simulated.fault_dialect import FaultDialect
from adapters.simulated.fault_rates import VenueFault
from adapters.simulated.faults import VenueFaults
from adapters.simulated.wire import OUTBOX_BYTES_MAX, POLICY_VIOLATION, TextSink

_SHOWN = 60


@final
class FaultyOutbox:
    """A `TextSink`."""

    def __init__(
        self, inner: TextSink, dialect: FaultDialect, faults: VenueFaults, *, is_account: bool
    ) -> None:
        self._inner, self._dialect, self._faults = inner, dialect, faults
        self._draw = faults.of_account_frame if is_account else faults.of_frame
        self._held: deque[str] = deque()
        self._held_characters = 0
        self._is_stalled = False
        self._is_closed = False
        self._swapped: dict[str, list[str]] = {}

    def send(self, text: str) -> None:
        """On to the real outbox, unless a fault strikes."""
        if self._is_closed:
            return
        if self._is_stalled:
            self._pass(text)
            return
        if self._faults.spares_frames and not self._swapped:
            self._inner.send(text)
            return
        stream = self._dialect.stream_of(text)
        if stream is None:
            self._inner.send(text)
            return
        fault = self._draw()
        if fault is not None:
            self._faults.report(fault, text[:_SHOWN])
            self._strike(fault, text, stream)
            return
        self._inner.send(text)
        if self._swapped:
            self._release(self._swapped.pop(stream, []))

    def close(self, code: int, reason: str) -> None:
        """At once: what is held back is lost."""
        self._is_closed = True
        self._held.clear()
        self._inner.close(code, reason)

    def _strike(self, fault: VenueFault, text: str, stream: str) -> None:
        match fault:
            case VenueFault.FRAME_DUPLICATED | VenueFault.ACCOUNT_FRAME_DUPLICATED:
                self._pass(text)
                self._pass(text)
            case VenueFault.FRAME_CORRUPTED:
                self._pass(_corrupted(text, self._faults))
            case VenueFault.FRAME_DELAYED | VenueFault.ACCOUNT_FRAME_DELAYED:
                self._is_stalled = True
                self._pass(text)
                self._faults.call_later(self._delay_s(), self._resume)
            case VenueFault.FRAME_REORDERED:
                self._release(self._swapped.pop(stream, []))
                waiting = self._swapped[stream] = [text]
                self._faults.call_later(self._delay_s(), partial(self._release, waiting))
            case VenueFault.ACCOUNT_FRAME_LOST:
                codes = self._dialect.lost_codes
                self.close(*codes[self._faults.choose(len(codes))])
            case _:
                assert fault is VenueFault.FRAME_GAP

    def _delay_s(self) -> float:
        return self._faults.within(self._faults.rates.frame_delay_s)

    def _pass(self, text: str) -> None:
        if not self._is_stalled:
            self._inner.send(text)
            return
        self._held.append(text)
        self._held_characters += len(text)
        if self._held_characters > OUTBOX_BYTES_MAX:
            self.close(POLICY_VIOLATION, "Too slow")

    def _resume(self) -> None:
        self._is_stalled = False
        while self._held:
            self._inner.send(self._held.popleft())
        self._held_characters = 0

    def _release(self, waiting: list[str]) -> None:
        """At most once: by the next frame of its stream, or by the timer where none comes."""
        while waiting and not self._is_closed:
            self._pass(waiting.pop())


def _corrupted(text: str, faults: VenueFaults) -> str:
    """Cut short, or with one value of a type that no field has; always to be noticed where read."""
    if faults.choose(2):
        return text[: len(text) // 2]
    message = msgspec.json.decode(text)
    leaves = list(_leaves(message))
    container, key = leaves[faults.choose(len(leaves))]
    container[key] = {}
    return msgspec.json.encode(message).decode()


def _leaves(value: Any) -> list[tuple[Any, Any]]:
    """Every place (container, key) of a plain value."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    found: list[tuple[Any, Any]] = []
    for key, child in pairs:
        found += _leaves(child) if isinstance(child, dict | list) else [(value, key)]
    return found
