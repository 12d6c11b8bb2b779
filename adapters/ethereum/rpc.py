"""JSON-RPC over one websocket: questions answered by number, and notifications of subscriptions.

Invariant: every question has a deadline; when the socket ends, all who wait are told at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import msgspec
import trio

from adapters.net.errors import ConnectionLostError, NetworkError
from adapters.net.websocket import MessageSocket


class NodeError(NetworkError):
    """The node answered with an error: `code` as JSON-RPC numbers them."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"the node answers {code}: {message}")
        self.code = code


class _Fault(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Params(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")


class _Frame(msgspec.Struct):
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Fault | None = None
    method: str | None = None
    params: _Params | None = None


class _Question:
    """One that waits for its answer."""

    def __init__(self) -> None:
        self.is_done = trio.Event()
        self.frame: _Frame | None = None


@final
class RpcSocket:
    """Asks of one socket; `read` must run beside."""

    def __init__(self, socket: MessageSocket, timeout_s: float) -> None:
        self._socket, self._timeout_s = socket, timeout_s
        self._waiting: dict[int, _Question] = {}
        self._last = 0
        self._reason = ""

    async def ask(self, method: str, params: list[Any]) -> bytes:
        """The JSON of the result; raises `NodeError`, `ConnectionLostError`."""
        if self._reason:
            raise ConnectionLostError(self._reason)
        self._last += 1
        number, question = self._last, _Question()
        self._waiting[number] = question
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            with trio.fail_after(self._timeout_s):
                await self._socket.send(msgspec.json.encode(body).decode())
                await question.is_done.wait()
        except trio.TooSlowError:
            raise ConnectionLostError(f"{method}: no answer in {self._timeout_s:g} s") from None
        finally:
            del self._waiting[number]
        if question.frame is None:
            raise ConnectionLostError(self._reason)
        if question.frame.error is not None:
            raise NodeError(question.frame.error.code, question.frame.error.message)
        return bytes(question.frame.result)

    async def read(self, notify: Callable[[bytes], None]) -> None:
        """Until the socket ends, which raises `ConnectionLostError`; `notify` never waits."""
        try:
            while True:
                for message in await self._socket.receive_batch():
                    self._take(message, notify)
        except ConnectionLostError as error:
            self._end(str(error))
            raise
        finally:
            self._end("closed")

    def _take(self, message: str | bytes, notify: Callable[[bytes], None]) -> None:
        try:
            frame = msgspec.json.decode(message, type=_Frame)
        except msgspec.DecodeError as error:
            raise ConnectionLostError(f"the node sent what is no JSON-RPC: {error}") from None
        if frame.method is not None and frame.params is not None:
            notify(bytes(frame.params.result))
        elif isinstance(frame.id, int) and (question := self._waiting.get(frame.id)) is not None:
            question.frame = frame
            question.is_done.set()

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        for question in self._waiting.values():
            question.is_done.set()
