"""What every venue's decoder answers where a frame is none of the events that we use."""

from __future__ import annotations

import msgspec

# Everything that decoding bytes of any origin can raise.
DECODE_ERRORS = (msgspec.MsgspecError, UnicodeError, RecursionError)


class UnknownFrame(msgspec.Struct, frozen=True):
    """Well formed, of a kind we did not ask for."""

    stream: str


class MalformedFrame(msgspec.Struct, frozen=True):
    """Not what the venue documents."""

    reason: str
