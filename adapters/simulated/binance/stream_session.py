"""One connection to Binance's market streams: raw or combined, commands, subscriptions."""

from __future__ import annotations

from typing import Any, final
from urllib.parse import unquote

import msgspec

from adapters.simulated.binance.stream_names import StreamName, parse_stream_name
from adapters.simulated.binance.streams import StreamHub
from adapters.simulated.wire import HttpRequest, TextSink

_STREAMS_MAX = 1_024
_ID_LENGTH_MAX = 36


class _CommandError(Exception):
    """A command's error, by Binance's small codes."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.body = {"code": code, "msg": text}


_INVALID_STREAM = (2, "Invalid request: invalid stream")


@final
class StreamSession:
    """`/ws`, `/ws/<names>`, `/stream`, `/stream?streams=<names>`."""

    messages_per_s_max = 5

    def __init__(
        self, hub: StreamHub, outbox: TextSink, names: list[StreamName], *, is_combined: bool
    ) -> None:
        self._hub, self._outbox, self._is_combined = hub, outbox, is_combined
        self._streams: dict[str, None] = {}
        for name in names:
            self._subscribe(name)

    def event(self, stream: str, payload: str) -> None:
        """From the hub."""
        if self._is_combined:
            payload = f'{{"stream":"{stream}","data":{payload}}}'
        self._outbox.send(payload)

    def received(self, text: str) -> None:
        """A command; every one is answered."""
        request_id: object = None
        try:
            command = _decode(text)
            request_id = _request_id(command)
            answer: dict[str, object] = {"result": self._run(command), "id": request_id}
        except _CommandError as error:
            answer = {"error": error.body, "id": request_id}
        self._outbox.send(msgspec.json.encode(answer).decode())

    def closed(self) -> None:
        """Subscriptions end with the connection."""
        for stream in list(self._streams):
            self._hub.unsubscribe(stream, self)
        self._streams.clear()

    def _run(self, command: dict[str, Any]) -> object:
        method = command.get("method")
        params = command.get("params", [])
        if not isinstance(params, list):
            raise _CommandError(2, "Invalid request: params must be a list")
        if method == "SUBSCRIBE":
            names = _names(params)
            if len(self._streams.keys() | {name.text for name in names}) > _STREAMS_MAX:
                raise _CommandError(4, "Too many subscriptions")
            for name in names:
                self._subscribe(name)
            return None
        if method == "UNSUBSCRIBE":
            for name in _names(params):
                self._streams.pop(name.text, None)
                self._hub.unsubscribe(name.text, self)
            return None
        if method == "LIST_SUBSCRIPTIONS":
            return list(self._streams)
        if method in {"SET_PROPERTY", "GET_PROPERTY"}:
            return self._property(params)
        raise _CommandError(2, f"Invalid request: unknown variant {str(method)[:40]}")

    def _property(self, params: list[Any]) -> object:
        if not params or params[0] != "combined":
            raise _CommandError(0, "Unknown property")
        if len(params) == 1:
            return self._is_combined
        if not isinstance(params[1], bool):
            raise _CommandError(1, "Invalid value type: expected Boolean")
        self._is_combined = params[1]
        return None

    def _subscribe(self, name: StreamName) -> None:
        self._streams[name.text] = None
        self._hub.subscribe(name, self)


def open_stream_session(
    request: HttpRequest, hub: StreamHub, outbox: TextSink
) -> StreamSession | None:
    """None where the path or a stream's name is wrong; `/ws/0` is a shard number, not a stream."""
    path = unquote(request.path)
    if path == "/stream":
        streams = [
            unquote(pair.partition("=")[2])
            for pair in request.query.split("&")
            if pair.startswith("streams=")
        ]
        texts = streams[0].split("/") if streams and streams[0] else []
        is_combined = True
    elif path == "/ws" or path.startswith("/ws/"):
        texts = [text for text in path.removeprefix("/ws").split("/") if text]
        texts = [text for text in texts if not text.isdigit()]
        is_combined = False
    else:
        return None
    names = [parse_stream_name(text) for text in texts]
    known = [name for name in names if name is not None]
    if len(known) != len(names) or len(known) > _STREAMS_MAX:
        return None
    return StreamSession(hub, outbox, known, is_combined=is_combined)


def _decode(text: str) -> dict[str, Any]:
    try:
        command = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise _CommandError(3, f"Invalid JSON: {error}") from None
    if not isinstance(command, dict):
        raise _CommandError(2, "Invalid request: expected an object")
    return command


def _request_id(command: dict[str, Any]) -> object:
    request_id = command.get("id")
    if isinstance(request_id, str) and len(request_id) <= _ID_LENGTH_MAX:
        return request_id
    if request_id is None or (isinstance(request_id, int) and not isinstance(request_id, bool)):
        return request_id
    raise _CommandError(2, "Invalid request: request ID must be an unsigned integer or a string")


def _names(params: list[Any]) -> list[StreamName]:
    if not params:
        raise _CommandError(2, "Invalid request: missing field `params`")
    names = [parse_stream_name(text) if isinstance(text, str) else None for text in params]
    known = [name for name in names if name is not None]
    if len(known) != len(names):
        raise _CommandError(*_INVALID_STREAM)
    return known
