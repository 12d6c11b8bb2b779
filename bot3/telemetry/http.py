"""The HTTP face: dashboard, status, metrics and probes, served by hypercorn on Trio.

Invariant: the socket is bound before anything else starts and outlives the server's restarts;
pages carry no data but the snapshot's and load nothing from elsewhere; what can be told to do
something (`POST /control/…`, see `bot3.telemetry.controls`) wants a token.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from importlib.resources import files
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast, final

import msgspec
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot3.domain.errors import UnavailableError
from bot3.telemetry.controls import Controls, control_response
from bot3.telemetry.metrics import CONTENT_TYPE, Registry
from bot3.telemetry.status import StatusSource, encode_status
from bot3.telemetry.status_metrics import StatusMetrics
from supervisors.actor import EdgeActor, EdgeContext

if TYPE_CHECKING:
    from hypercorn.typing import Framework

STOP_TIMEOUT_S = 2.0
STALLED_CLIENT_TIMEOUT_MS = 3_000
_BACKLOG = 64
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
    ),
}
_TO_DO = "set [telemetry] port (0: any free one) or BOT3__TELEMETRY__PORT"


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises `UnavailableError` with what to do. The caller closes it."""
    where = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except (OSError, UnicodeError) as error:
        raise UnavailableError(
            f"telemetry: no such host {host!r} ({_reason(error)}): set [telemetry] host"
        ) from None
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _drop_stalled_clients(listener)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UnavailableError(f"telemetry: {where} is in use: {_TO_DO}") from None
        raise UnavailableError(
            f"telemetry: cannot listen on {where} ({_reason(error)}): {_TO_DO}"
        ) from None
    listener.setblocking(False)
    return listener


def _drop_stalled_clients(listener: socket.socket) -> None:
    """Accepted sockets inherit it: hypercorn shields its sends, so only the kernel can end one
    to a client that does not read.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        listener.setsockopt(socket.IPPROTO_TCP, option, STALLED_CLIENT_TIMEOUT_MS)


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def url_of(listener: socket.socket) -> str:
    """Where a browser finds it: `http://127.0.0.1:8787/`."""
    host, port = listener.getsockname()[:2]
    if ip_address(host.partition("%")[0]).is_unspecified:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def make_app(
    source: StatusSource, registry: Registry, controls: Controls | None = None
) -> Starlette:
    """The ASGI app over a status source and a registry; without controls it only shows."""
    page = (files("bot3.telemetry") / "dashboard.html").read_bytes()
    published = StatusMetrics(registry)

    async def dashboard(_request: Request) -> Response:
        return Response(page, media_type="text/html", headers=_HEADERS)

    async def status(_request: Request) -> Response:
        return _json(encode_status(source.status()))

    async def metrics(_request: Request) -> Response:
        published.publish(source.status())
        return Response(registry.render(), headers={**_HEADERS, "content-type": CONTENT_TYPE})

    async def health(_request: Request) -> Response:
        now = source.status()
        return _json(_encode({"status": "alive", "run": now.run, "uptime_s": now.uptime_s}))

    async def ready(_request: Request) -> Response:
        now = source.status()
        body = _encode({"is_ready": now.is_ready, "reasons": now.reasons})
        return _json(body, 200 if now.is_ready else 503)

    async def control(request: Request) -> Response:
        answer = await control_response(controls, request, source)
        answer.headers.update(_HEADERS)
        return answer

    routes = {
        "/": dashboard,
        "/status.json": status,
        "/metrics": metrics,
        "/healthz": health,
        "/readyz": ready,
    }
    shown = [Route(path, answer, methods=["GET"]) for path, answer in routes.items()]
    return Starlette(routes=[*shown, Route("/control/{command}", control, methods=["POST"])])


def _json(body: bytes, code: int = 200) -> Response:
    return Response(body, code, media_type="application/json", headers=_HEADERS)


_encode = msgspec.json.Encoder().encode


@final
class HttpActor(EdgeActor):
    """Serves the app on a bound socket until it is cancelled; running requests then get
    `STOP_TIMEOUT_S` to end. The socket stays open: its owner closes it after the last restart.
    """

    def __init__(
        self,
        listener: socket.socket,
        source: StatusSource,
        registry: Registry,
        controls: Controls | None = None,
    ) -> None:
        self._listener = listener
        self._app = make_app(source, registry, controls)

    async def run(self, context: EdgeContext) -> None:
        stop, ended = trio.Event(), trio.Event()
        serving = trio.CancelScope()

        async def server(*, task_status: trio.TaskStatus[object]) -> None:
            with serving:
                await serve(
                    cast("Framework", self._app),
                    _server_config(self._listener),
                    shutdown_trigger=stop.wait,
                    task_status=cast("trio.TaskStatus[list[str]]", task_status),
                )
            ended.set()

        async with trio.open_nursery() as nursery:
            await nursery.start(server)
            # From here on a cancel reaches the server as a request to stop, within its time-outs.
            serving.shield = True
            context.ready()
            try:
                await ended.wait()
            finally:
                stop.set()


def _server_config(listener: socket.socket) -> Config:
    """Over a duplicate of the socket, because the server closes its own at the end."""
    logger = logging.getLogger("hypercorn.error")
    logger.setLevel(logging.WARNING)
    config = Config()
    config.bind = [f"fd://{os.dup(listener.fileno())}"]
    config.errorlog = logger
    config.accesslog = None
    config.graceful_timeout = STOP_TIMEOUT_S
    config.shutdown_timeout = STOP_TIMEOUT_S
    config.include_date_header = False
    config.include_server_header = False
    return config
