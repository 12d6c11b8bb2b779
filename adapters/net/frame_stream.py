"""A byte stream below a websocket client that takes the data frames out by itself (RFC 6455, 5).

Invariant: every complete message is kept once and in order, and nothing above sees a data frame:
the library that speaks the protocol gets the handshake and the control frames, each one whole, and
everything as it came once a frame is not as the protocol wants it. One read is one batch.

Why: a scheduler pass, a channel and a parser in pure Python per message cost several times what the
message's decoder does.
"""

from __future__ import annotations

from collections import deque
from typing import Final, final

import trio

Message = str | bytes
_END_OF_HEAD: Final = b"\r\n\r\n"
_SWITCHING: Final = b" 101 "
_FIN, _TEXT, _BINARY, _CONTINUED, _CLOSE = 0x80, 0x1, 0x2, 0x0, 0x8
_RESERVED: Final = 0x70
_DATA: Final = frozenset({_TEXT, _BINARY, _CONTINUED})
_CONTROL_MIN, _CONTROL_MAX = 0x8, 0xA
_MEDIUM, _LONG = 126, 127
_HEAD_MAX: Final = 64 * 1024


@final
class FrameStream(trio.abc.Stream):
    """`heard_at`: when bytes last came; pings count as life. `problem`: why it was broken off."""

    def __init__(self, stream: trio.abc.Stream, *, message_bytes: int, queue: int) -> None:
        self._stream = stream
        self._message_bytes, self._queue = message_bytes, queue
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._is_text = True
        self._is_open = False
        self._is_raw = False
        self._messages: deque[Message] = deque()
        self._news, self._room = trio.Event(), trio.Event()
        self.is_over = False
        self._is_called = False
        self.heard_at = trio.current_time()
        self.problem = ""

    def end(self) -> None:
        """Nothing more will come."""
        self.is_over = True
        self._news.set()

    def look_up(self) -> None:
        """`next_batch` returns, with nothing if nothing has come."""
        self._is_called = True
        self._news.set()

    async def next_batch(self) -> list[Message]:
        """What has come; empty once it is over and everything was handed out, and when called."""
        while not (self._messages or self.is_over or self._is_called):
            self._news = trio.Event()
            await self._news.wait()
        self._is_called = False
        batch = list(self._messages)
        self._messages.clear()
        self._room.set()
        return batch

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Bytes for the library: never data frames."""
        while True:
            while len(self._messages) >= self._queue:
                self._room = trio.Event()
                await self._room.wait()
            received = await self._stream.receive_some(max_bytes)
            self.heard_at = trio.current_time()
            if not received or self._is_raw:
                return received
            self._buffer += received
            passed = self._take_frames() if self._is_open else self._take_head()
            if self._messages:
                self._news.set()
            if self.problem:
                raise trio.BrokenResourceError(self.problem)
            if passed:
                return passed

    def _take_head(self) -> bytes:
        """The answer to the handshake; a refusal is the library's to read, body and all."""
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0 and len(self._buffer) <= _HEAD_MAX:
            return b""
        if end < 0 or _SWITCHING not in self._buffer[: self._buffer.find(b"\r\n")]:
            return self._let_through()
        head = bytes(self._buffer[: end + len(_END_OF_HEAD)])
        del self._buffer[: len(head)]
        self._is_open = True
        return head + self._take_frames()

    def _take_frames(self) -> bytes:
        """Keeps the messages; what is left are control frames, whole."""
        buffer, at, passed = self._buffer, 0, b""
        while not self.problem:
            found = self._frame_at(at)
            if found is None:
                break
            opcode, is_final, start, stop = found
            if opcode in _DATA:
                self._keep(opcode, bytes(buffer[start:stop]), is_final=is_final)
            elif _CONTROL_MIN <= opcode <= _CONTROL_MAX:
                passed += bytes(buffer[at:stop])
            else:
                del buffer[:at]
                return passed + self._let_through()
            at = stop
        del buffer[:at]
        return passed

    def _frame_at(self, at: int) -> tuple[int, bool, int, int] | None:
        """(opcode, is final, start and end of the payload), None while it is not whole.

        The opcode is above all real ones where a server must not send such a frame.
        """
        buffer = self._buffer
        if len(buffer) < at + 2:
            return None
        first, length, start = buffer[at], buffer[at + 1], at + 2
        if first & _RESERVED or length > _LONG:
            return _CONTROL_MAX + 1, True, start, start
        if length >= _MEDIUM:
            size = 2 if length == _MEDIUM else 8
            start += size
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[start - size : start], "big")
        if length > self._message_bytes:
            self.problem = f"a message exceeds {self._message_bytes} bytes"
            return None
        if len(buffer) < start + length:
            return None
        return first & 0xF, bool(first & _FIN), start, start + length

    def _keep(self, opcode: int, payload: bytes, *, is_final: bool) -> None:
        if (opcode == _CONTINUED) != bool(self._parts):
            self.problem = "a fragment where none was due"
            return
        if opcode != _CONTINUED:
            self._is_text = opcode == _TEXT
        if not is_final or self._parts:
            self._parts.append(payload or b"")
            if sum(map(len, self._parts)) > self._message_bytes:
                self.problem = f"a message exceeds {self._message_bytes} bytes"
            if not is_final or self.problem:
                return
            payload = b"".join(self._parts)
            self._parts.clear()
        try:
            self._messages.append(payload.decode() if self._is_text else payload)
        except UnicodeDecodeError:
            self.problem = "a text that is not UTF-8"

    def _let_through(self) -> bytes:
        self._is_raw = True
        everything = bytes(self._buffer)
        self._buffer.clear()
        return everything

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As it is."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Of the stream below."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """The stream below too."""
        await self._stream.aclose()
