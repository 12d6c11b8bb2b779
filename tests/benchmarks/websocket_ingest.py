"""Public market data per venue over a loopback websocket: messages a second and core.

A server in another process sends the same frames as fast as they are taken; what is timed is the
client's processor time. Ours goes all the way: frames, decoder, sequence check, normalized event,
local book. The minimal clients beside it only parse each message: aiohttp (its frame parser is C)
and trio-websocket as it comes, both with the standard library's `json`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import multiprocessing
import socket
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import trio
import trio_websocket

from adapters.net.network import SocketNetwork
from adapters.net.websocket import open_websocket
from bot3.app.registry import ADAPTERS
from tests.benchmarks.calibration import calibration_ms
from tests.benchmarks.ingest import frames, into_books, make_session

ROUNDS = 3
TIMEOUT_S = 60.0
_ACCEPT_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_MEDIUM, _SHORT_MAX, _TEXT = 126, 125, 0x81
_CLOSE = b"\x88\x00"


def frame(text: str) -> bytes:
    """One unmasked text frame below 64 KiB."""
    payload = text.encode()
    if len(payload) <= _SHORT_MAX:
        return bytes((_TEXT, len(payload))) + payload
    return struct.pack("!BBH", _TEXT, _MEDIUM, len(payload)) + payload


def serve(listener: socket.socket, blob: bytes) -> None:
    """Everything to every client, one after another."""
    while True:
        client, _ = listener.accept()
        with client:
            head = client.recv(65_536).decode("latin-1")
            lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            key = {name.lower(): value for name, value in lines.items()}["sec-websocket-key"]
            digest = hashlib.sha1(key.encode() + _ACCEPT_KEY).digest()
            accept = base64.b64encode(digest).decode()
            client.sendall(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
                + blob
            )
            client.settimeout(TIMEOUT_S)
            client.recv(65_536)  # it closes
            client.sendall(_CLOSE)


@contextmanager
def served(texts: list[str]) -> Iterator[str]:
    """The address of a server that sends these."""
    blob = b"".join(map(frame, texts))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = multiprocessing.get_context("fork").Process(target=serve, args=(listener, blob))
        process.start()
        try:
            yield f"ws://127.0.0.1:{port}/"
        finally:
            process.kill()
            process.join()


def ours(venue: str, url: str, texts: list[str]) -> int:
    """Events of the adapter's session; how many messages it took."""
    return received(venue, url, texts, lambda _: None)


def ours_with_books(venue: str, url: str, texts: list[str]) -> int:
    """Its events, applied to local books."""
    return received(venue, url, texts, into_books(venue))


def received(venue: str, url: str, texts: list[str], publish: Callable[[Any], None]) -> int:
    """All of them, through the adapter's own connection and session."""
    session = make_session(venue, texts, publish)

    async def receive() -> int:
        count = 0
        network = SocketNetwork()
        with trio.fail_after(TIMEOUT_S):
            async with open_websocket(
                network, url, connect_timeout_s=5.0, silence_s=TIMEOUT_S
            ) as link:
                while count < len(texts):
                    batch = await link.receive_batch()
                    session._take(batch)
                    count += len(batch)
        return count

    return trio.run(receive)


def with_aiohttp(venue: str, url: str, texts: list[str]) -> int:
    """Parses each message."""
    del venue

    async def receive() -> int:
        count = 0
        async with (
            asyncio.timeout(TIMEOUT_S),
            aiohttp.ClientSession() as client,
            client.ws_connect(url, max_msg_size=0) as link,
        ):
            while count < len(texts):
                json.loads(await link.receive_str())
                count += 1
        return count

    return asyncio.run(receive())


def with_trio_websocket(venue: str, url: str, texts: list[str]) -> int:
    """Parses each message."""
    del venue

    async def receive() -> int:
        count = 0
        with trio.fail_after(TIMEOUT_S):
            async with trio_websocket.open_websocket_url(url, message_queue_size=1_000) as link:
                while count < len(texts):
                    json.loads(await link.get_message())
                    count += 1
        return count

    return trio.run(receive)


CLIENTS: dict[str, Callable[[str, str, list[str]], int]] = {
    "ours, to an event": ours,
    "ours, to an event and a book": ours_with_books,
    "aiohttp, json.loads": with_aiohttp,
    "trio-websocket, json.loads": with_trio_websocket,
}


def rate(client: Callable[[str, str, list[str]], int], venue: str, texts: list[str]) -> float:
    """Messages per second of processor time."""
    with served(texts) as url:
        started = time.process_time()
        taken = client(venue, url, texts)
        return taken / (time.process_time() - started)


def of_venue(venue: str) -> dict[str, int]:
    """Medians, each contestant once in every round."""
    texts = frames(venue)
    rounds = [[rate(client, venue, texts) for client in CLIENTS.values()] for _ in range(ROUNDS)]
    medians = map(statistics.median, zip(*rounds, strict=True))
    return {name: round(median) for name, median in zip(CLIENTS, medians, strict=True)}


def run() -> dict[str, Any]:
    """Every venue: messages a second and core."""
    return {"calibration_ms": round(calibration_ms(), 2)} | {
        name: of_venue(name) for name in ADAPTERS
    }
