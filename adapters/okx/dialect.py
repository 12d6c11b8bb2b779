"""OKX's public channels as commands: subscriptions within the limits of okx.md, 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import msgspec

from adapters.net.feed_frames import Command, FeedFrame
from adapters.okx.schemas import MINUTES, decode_feed

PUBLIC: Final = ("books", "trades", "bbo-tbt")
BUSINESS: Final = (MINUTES,)
# One request may be 64 KiB; an argument is some 50 bytes.
SYMBOLS_PER_REQUEST: Final = 100


@final
class OkxDialect:
    """`FeedDialect`; commands are numbered per connection. Candles are on a path of their own."""

    ping: Final = "ping"

    def __init__(self, channels: Sequence[str] = PUBLIC) -> None:
        self._channels = channels
        self._number = 0

    def subscribe(self, wires: Sequence[str]) -> list[Command]:
        """One answer comes per argument."""
        return [
            self._command("subscribe", self._channels, wires[start : start + SYMBOLS_PER_REQUEST])
            for start in range(0, len(wires), SYMBOLS_PER_REQUEST)
        ]

    def renew_book(self, wire: str) -> list[Command]:
        """A snapshot comes only in reply to a subscription."""
        return [self._command(op, ("books",), [wire]) for op in ("unsubscribe", "subscribe")]

    def decode(self, text: str | bytes) -> Sequence[FeedFrame]:
        """Never raises."""
        return decode_feed(text)

    def _command(self, op: str, channels: Sequence[str], wires: Sequence[str]) -> Command:
        self._number += 1
        args = [{"channel": channel, "instId": wire} for wire in wires for channel in channels]
        body = {"id": str(self._number), "op": op, "args": args}
        return Command(str(self._number), msgspec.json.encode(body).decode(), len(args))
