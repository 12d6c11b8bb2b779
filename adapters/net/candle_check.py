"""The venue's one-minute candles against the trades that we heard: what no sequence number tells.

Trade ids have holes on some venues, so a lost trade shows only in the volume of its minute. It is
compared once the next one's candle has come, for trades may be a little late; minutes that we did
not hear from their beginning are not compared.

Invariant: a minute is compared at most once, and never one with a lost connection in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

from adapters.net.feed_frames import CandleFrame
from adapters.net.statistics import FeedStatistics

MINUTE_MS: Final = 60_000
_RELATIVE: Final = 1e-6  # sums of floats


@final
class _Minutes:
    """One instrument's."""

    def __init__(self) -> None:
        self._volumes: dict[int, float] = {}
        self._heard_from_ms: int | None = None
        self._waiting: CandleFrame | None = None

    def trade(self, trade_ms: int, amount: float) -> None:
        open_ms = trade_ms // MINUTE_MS * MINUTE_MS
        self._hear(open_ms)
        self._volumes[open_ms] = self._volumes.get(open_ms, 0.0) + amount

    def candle(self, frame: CandleFrame) -> tuple[float, float] | None:
        """(its volume, ours) of the minute before this closed candle, where it can be told."""
        heard_from_ms = self._hear(frame.open_ms)
        before = self._waiting
        if not frame.is_closed or (before is not None and frame.open_ms <= before.open_ms):
            return None
        self._waiting = frame
        if before is None:
            return None
        ours = self._volumes.get(before.open_ms, 0.0)
        self._volumes = {ms: each for ms, each in self._volumes.items() if ms > before.open_ms}
        return None if before.open_ms < heard_from_ms else (before.volume, ours)

    def _hear(self, open_ms: int) -> int:
        if self._heard_from_ms is None:
            self._heard_from_ms = open_ms + MINUTE_MS
        return self._heard_from_ms


@final
class CandleChecks:
    """Of a feed's instruments, by the venue's names; counts into the feed's statistics."""

    def __init__(self, statistics: FeedStatistics) -> None:
        self._statistics = statistics
        self._minutes: dict[str, _Minutes] = {}

    def trade(self, wire: str, trade_ms: int, amount: float) -> None:
        """One that was published."""
        self._of(wire).trade(trade_ms, amount)

    def candle(self, frame: CandleFrame) -> None:
        """A candle of the venue, open or closed."""
        compared = self._of(frame.wire).candle(frame)
        if compared is None:
            return
        theirs, ours = compared
        self._statistics.candles_checked += 1
        if abs(theirs - ours) > _RELATIVE * max(theirs, ours):
            self._statistics.candles_differ += 1
            self._statistics.last_failure = (
                f"{frame.wire}: the candle before {frame.open_ms} has volume {theirs:g},"
                f" its trades {ours:g}"
            )

    def doubt(self, wires: Iterable[str]) -> None:
        """A connection is gone: the minutes under way are not known whole."""
        for wire in wires:
            self._minutes.pop(wire, None)

    def _of(self, wire: str) -> _Minutes:
        found = self._minutes.get(wire)
        if found is None:
            found = self._minutes[wire] = _Minutes()
        return found
