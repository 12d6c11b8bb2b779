"""Bybit's public topics as commands: subscriptions within the limits of bybit.md, 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import msgspec

from adapters.bybit.schemas import MINUTES, TOUCH, decode_feed
from adapters.net.feed_frames import Command, FeedFrame

BOOK: Final = "orderbook.200"
TOPICS: Final = (BOOK, "publicTrade", TOUCH, MINUTES)
ARGS_MAX: Final = 10


@final
class BybitDialect:
    """`FeedDialect`; commands are numbered per connection."""

    ping: Final = '{"op":"ping"}'

    def __init__(self) -> None:
        self._number = 0

    def subscribe(self, wires: Sequence[str]) -> list[Command]:
        """One answer comes per request."""
        args = [f"{topic}.{wire}" for wire in wires for topic in TOPICS]
        return [
            self._command("subscribe", args[start : start + ARGS_MAX])
            for start in range(0, len(args), ARGS_MAX)
        ]

    def renew_book(self, wire: str) -> list[Command]:
        """A snapshot comes only after a new subscription; a second one would not be answered."""
        return [self._command(op, [f"{BOOK}.{wire}"]) for op in ("unsubscribe", "subscribe")]

    def decode(self, text: str | bytes) -> Sequence[FeedFrame]:
        """Never raises."""
        return decode_feed(text)

    def _command(self, op: str, args: Sequence[str]) -> Command:
        self._number += 1
        body = {"req_id": str(self._number), "op": op, "args": args}
        return Command(str(self._number), msgspec.json.encode(body).decode(), 1)
