"""The network as a value: real sockets here, in-memory streams in a simulation."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Protocol, final, runtime_checkable

import trio


class Network(Protocol):
    """Opens byte streams. Every caller bounds it with a deadline of its own."""

    async def connect(self, host: str, port: int, *, is_tls: bool) -> trio.abc.Stream:
        """A connected stream, after the TLS handshake where asked; raises `OSError`."""
        ...

    async def listen(self, host: str, port: int) -> trio.abc.Listener[trio.abc.Stream]:
        """A listener on one address, port 0 for any free one; raises `OSError`."""
        ...


@runtime_checkable
class Readable(Protocol):
    """A stream that knows, without a read, whether its peer has sent or closed."""

    def is_readable(self) -> bool: ...


@runtime_checkable
class RequestNetwork(Protocol):
    """A network that carries HTTP requests as they are, without framing: for simulations."""

    async def exchange(
        self,
        address: tuple[str, int],
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (names in lower case) and body.

        Raises `OSError` where nothing was sent, `trio.BrokenResourceError` where nobody knows.
        """
        ...


@final
class SocketNetwork:
    """TCP, with certificates checked against the system's store."""

    async def connect(self, host: str, port: int, *, is_tls: bool) -> trio.abc.Stream:
        stream = await trio.open_tcp_stream(host, port)
        stream.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
        if not is_tls:
            return stream
        secure = trio.SSLStream(stream, ssl.create_default_context(), server_hostname=host)
        await secure.do_handshake()
        return secure

    async def listen(self, host: str, port: int) -> trio.SocketListener:
        """On the first address of a name that has several."""
        listener, *others = await trio.open_tcp_listeners(port, host=host)
        for other in others:
            await other.aclose()
        return listener
