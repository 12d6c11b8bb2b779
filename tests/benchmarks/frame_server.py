"""Sends a file of texts, a line each, as websocket frames to whoever connects; then closes.

A process of its own, so that its work is not the client's: `python -m tests.benchmarks.frame_server
FILE` prints its port.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import sys
import time
from pathlib import Path

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PAUSE_S = 1.0
_SHORT, _LONG = 126, 65_536


def frame(text: bytes) -> bytes:
    """A whole text message, unmasked."""
    length = len(text)
    if length < _SHORT:
        return bytes([0x81, length]) + text
    if length < _LONG:
        return bytes([0x81, 126]) + length.to_bytes(2, "big") + text
    return bytes([0x81, 127]) + length.to_bytes(8, "big") + text


def serve(path: Path) -> None:
    """One client after the other, until killed."""
    blob = b"".join(map(frame, path.read_bytes().splitlines()))
    goodbye = bytes([0x88, 2]) + (1000).to_bytes(2, "big")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            with client:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += client.recv(65_536)
                key = next(
                    line.split(b":", 1)[1].strip()
                    for line in request.splitlines()
                    if line.lower().startswith(b"sec-websocket-key")
                )
                digest = hashlib.sha1(key + _GUID.encode()).digest()
                accept = base64.b64encode(digest).decode()
                client.sendall(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode()
                )
                client.sendall(blob)
                time.sleep(PAUSE_S)  # a client may drop what it has not handed out at the end
                client.sendall(goodbye)
                while client.recv(65_536):
                    pass


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
