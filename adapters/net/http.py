"""An HTTP client over a `Network`: one deadline a request, bounded replies, typed errors.

Invariant: a request ends in a complete response, in `TransportBrokenError` (nothing was sent) or in
`OutcomeUnclearError` (something may have been). Nothing is retried and nothing is decoded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, final
from urllib.parse import urlsplit

import httpcore
import trio
from attrs import field, frozen

from adapters.net.errors import OutcomeUnclearError, TransportBrokenError
from adapters.net.network import Network, Readable, RequestNetwork

CLOSE_TIMEOUT_S = 1.0
_HEAD_BYTES = 64 * 1024
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
_FIRST_BYTE_LEAVES = "http11.send_request_headers.started"
_FAILURES = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
)


@frozen
class HttpLimits:
    """`connections` open at once; `response_bytes` in the body of one reply."""

    connections: int = 10
    response_bytes: int = 8 * 1024 * 1024


@frozen
class HttpResponse:
    """A complete reply. Header names are lower case; the body may hold anything, so not in repr."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class _NetworkStream(httpcore.AsyncNetworkStream):
    """httpcore's view of our stream. Time limits are the request's deadline, not its.

    The size limit is here because an error must come from below: httpcore's generators, left half
    way, would be finished by the garbage collector.
    """

    def __init__(self, stream: trio.abc.Stream, bytes_max: int) -> None:
        self._stream = stream
        self._bytes_max = bytes_max
        self._bytes_read = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  (httpcore's signature)
        del timeout
        try:
            received = bytes(await self._stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise httpcore.ReadError(str(error) or type(error).__name__) from error
        self._bytes_read += len(received)
        if self._bytes_read > self._bytes_max:
            raise httpcore.ReadError(f"the reply exceeds {self._bytes_max} bytes")
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  (httpcore's signature)
        del timeout
        if not buffer:
            return
        self._bytes_read = 0
        try:
            await self._stream.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise httpcore.WriteError(str(error) or type(error).__name__) from error

    async def aclose(self) -> None:
        """Closes politely within a second: TLS on a half-open link would wait for ever."""
        with trio.move_on_after(CLOSE_TIMEOUT_S) as scope:
            await self._stream.aclose()
        if scope.cancelled_caught:
            await trio.aclose_forcefully(self._stream)

    def get_extra_info(self, info: str) -> Any:
        """`is_readable` tells httpcore that an idle connection was closed by the server."""
        if info != "is_readable":
            return None
        stream: object = self._stream
        while isinstance(stream, trio.SSLStream):
            stream = stream.transport_stream
        if isinstance(stream, trio.SocketStream):
            return stream.socket.is_readable()
        return isinstance(stream, Readable) and stream.is_readable()


class _NetworkBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, network: Network, bytes_max: int, *, is_tls: bool) -> None:
        self._network = network
        self._bytes_max = bytes_max
        self._is_tls = is_tls

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del timeout, local_address, socket_options
        try:
            stream = await self._network.connect(host, port, is_tls=self._is_tls)
        except (OSError, trio.BrokenResourceError) as error:
            raise httpcore.ConnectError(str(error) or type(error).__name__) from error
        return _NetworkStream(stream, self._bytes_max)


class _Departure:
    """Whether the first byte of a request may have left."""

    def __init__(self) -> None:
        self.has_left = False

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        del info
        self.has_left = self.has_left or event == _FIRST_BYTE_LEAVES


@final
class HttpClient:
    """Requests to one server. `base_url` is scheme, host and port; targets are sent as given.

    Straight to httpcore's pool: a client above it that follows redirects, keeps cookies and adds
    headers would double what a request costs. TLS is the network's: to httpcore all is `http`.
    """

    def __init__(
        self,
        base_url: str,
        network: Network,
        *,
        timeout_s: float,
        limits: HttpLimits = HttpLimits(),
    ) -> None:
        parts = urlsplit(base_url)
        is_tls = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if is_tls else 80)
        self._general = (
            (b"Host", parts.netloc.encode("ascii")),
            (b"Accept", b"*/*"),
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", b"bot3"),
        )
        self._network = network
        self._timeout_s = timeout_s
        self._limits = limits
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=limits.connections,
            keepalive_expiry=None,  # an expiry would read real time; a closed link is readable
            network_backend=_NetworkBackend(
                network, limits.response_bytes + _HEAD_BYTES, is_tls=is_tls
            ),
        )

    async def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float | None = None,
    ) -> HttpResponse:
        """Sends `target` (path and query, percent-encoded ASCII) byte for byte, once.

        Raises `TransportBrokenError` or `OutcomeUnclearError`; neither names the query or a header,
        which may hold a signature or a key.
        """
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        if isinstance(self._network, RequestNetwork):
            return await self._unframed(
                self._network, method, target, headers or {}, body, limit_s=limit_s
            )
        departure = _Departure()
        request = self._made(method, target, headers or {}, body, departure)
        try:
            with trio.fail_after(limit_s):
                return await self._exchange(request)
        except trio.TooSlowError:
            reason = f"no complete answer within {limit_s:g} s"
        except _FAILURES as error:
            reason = f"{type(error).__name__}: {error}"
        where = f"{method} {self._host}{target.partition('?')[0]}"
        failure = OutcomeUnclearError if departure.has_left else TransportBrokenError
        raise failure(f"{where}: {reason}")

    async def _unframed(
        self,
        network: RequestNetwork,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        limit_s: float,
    ) -> HttpResponse:
        """Where the network carries requests as they are."""
        where = f"{method} {self._host}{target.partition('?')[0]}"
        address = (self._host, self._port)
        try:
            with trio.fail_after(limit_s):
                return HttpResponse(*await network.exchange(address, method, target, headers, body))
        except trio.TooSlowError:
            raise OutcomeUnclearError(f"{where}: no complete answer within {limit_s:g} s") from None
        except OSError as error:
            raise TransportBrokenError(f"{where}: {error}") from error
        except trio.BrokenResourceError as error:
            raise OutcomeUnclearError(f"{where}: {error}") from error

    def _made(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        departure: _Departure,
    ) -> httpcore.Request:
        """Headers that are given come after the general ones; a length where there is a body."""
        given = [(name.encode("ascii"), text.encode("ascii")) for name, text in headers.items()]
        if body or method in _WITH_LENGTH:
            given.append((b"Content-Length", str(len(body)).encode()))
        return httpcore.Request(
            method=method,
            url=httpcore.URL(
                scheme=b"http",
                host=self._host.encode("ascii"),
                port=self._port,
                target=target.encode("ascii"),
            ),
            headers=[*self._general, *given],
            content=body,
            extensions={"trace": departure},
        )

    async def _exchange(self, request: httpcore.Request) -> HttpResponse:
        response = await self._pool.handle_async_request(request)
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        if len(body) > self._limits.response_bytes:
            raise httpcore.RemoteProtocolError(
                f"the reply exceeds {self._limits.response_bytes} bytes"
            )
        found: dict[str, str] = {}
        for name, text in response.headers:
            key, value = name.decode("latin-1").lower(), text.decode("latin-1")
            found[key] = f"{found[key]}, {value}" if key in found else value
        if found.get("content-encoding", "identity") != "identity":
            raise httpcore.RemoteProtocolError("the reply is compressed, which nobody asked for")
        return HttpResponse(response.status, found, body)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()
