"""What a venue's streams count, by the same names everywhere."""

from __future__ import annotations

from attrs import asdict, define


def _counts(statistics: FeedStatistics | AccountStatistics) -> dict[str, int]:
    return asdict(statistics, filter=lambda a, _: not a.name.startswith("last_"))


@define
class FeedStatistics:
    """Counters since the feed was made; `last_message_ns` is local, 0 before the first.

    `candles_differ` are minutes whose trades do not add up to the venue's own candle.
    `last_failure` says what was wrong last.
    """

    messages: int = 0
    malformed: int = 0
    unknown: int = 0
    book_gaps: int = 0
    trade_gaps: int = 0
    snapshots: int = 0
    snapshot_failures: int = 0
    reconnects: int = 0
    candles_checked: int = 0
    candles_differ: int = 0
    last_message_ns: int = 0
    last_failure: str = ""

    def counts(self) -> dict[str, int]:
        """What is counted, by name."""
        return _counts(self)


@define
class AccountStatistics:
    """Counters since the venue was made; `foreign` are reports of symbols nobody asked for."""

    messages: int = 0
    malformed: int = 0
    unknown: int = 0
    foreign: int = 0
    reconnects: int = 0
    last_message_ns: int = 0

    def counts(self) -> dict[str, int]:
        """What is counted, by name."""
        return _counts(self)
