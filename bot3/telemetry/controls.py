"""The commands that the HTTP face takes: halt, resume, flatten; with a token, and nothing else.

Invariant: without the token nothing is changed; an answer says how it stands after the command,
or that it was not carried out in time.
"""

from __future__ import annotations

import hmac
from contextlib import aclosing
from typing import Protocol, final

import msgspec
import trio
from attrs import field, frozen
from starlette.requests import Request
from starlette.responses import Response

from bot3.messages.control import FlattenPositions, HaltTrading, ResumeTrading
from bot3.telemetry.status import Status, StatusSource
from supervisors.actor import Address

SETTLE_DEADLINE_S = 5.0
LOOK_INTERVAL_S = 0.02
REASON_LENGTH_MAX = 200
BODY_BYTES_MAX = 4_096
COMMANDS = ("halt", "resume", "flatten")
_LIVE = ("submitted", "unknown", "open", "partially_filled", "cancel_pending")
_encode = msgspec.json.Encoder().encode


class Switch(Protocol):
    """The kill switch that outlives the process."""

    def trip(self, reason: str) -> None: ...

    def clear(self) -> None: ...


class Standing(msgspec.Struct, frozen=True):
    """The answer to a command: `is_done` where it is carried out and none of our orders rests."""

    is_done: bool
    is_halted: bool
    reason: str
    orders_open: int
    is_flat: bool


def orders_open(status: Status) -> int:
    """Ours that may rest at a venue."""
    return sum(status.orders_by_status.get(name, 0) for name in _LIVE)


class _Body(msgspec.Struct):
    reason: str = ""


@final
@frozen
class Controls:
    """Where commands go; `token` is what every one of them must bring."""

    token: str = field(repr=False)
    risk: Address[HaltTrading | FlattenPositions | ResumeTrading]
    switch: Switch

    def is_allowed(self, request: Request) -> bool:
        """Whether it brings `Authorization: Bearer <token>`; compared in constant time."""
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode())

    async def answer(self, request: Request, source: StatusSource) -> tuple[int, bytes]:
        """HTTP code and body; the body of a request may give a `reason`."""
        if not self.is_allowed(request):
            problem = "want the header Authorization: Bearer <token>, see control.json"
            return 401, _encode({"error": problem})
        command = request.path_params["command"]
        if command not in COMMANDS:
            return 404, _encode({"error": f"want one of {', '.join(COMMANDS)}"})
        try:
            reason = await _reason_of(request)
        except msgspec.MsgspecError as error:
            return 400, _encode({"error": f"body: {error}"})
        self.carry_out(command, reason or f"{command} by HTTP")
        standing = await _settled(command, source)
        return (200 if standing.is_done else 504), _encode(standing)

    def carry_out(self, command: str, reason: str) -> None:
        """The kill switch on disk comes first: it holds even where the process ends now."""
        match command:
            case "resume":
                self.switch.clear()
                self.risk.send(ResumeTrading(reason))
            case "flatten":
                self.risk.send(FlattenPositions(reason))
            case _:
                self.switch.trip(reason)
                self.risk.send(HaltTrading(reason))


async def _reason_of(request: Request) -> str:
    body = b""
    if int(request.headers.get("content-length", 0)) > BODY_BYTES_MAX:
        raise msgspec.ValidationError(f"above {BODY_BYTES_MAX} bytes")
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise msgspec.ValidationError(f"above {BODY_BYTES_MAX} bytes")
    if not body:
        return ""
    given = msgspec.json.decode(body, type=_Body).reason
    return "".join(each for each in given if each.isprintable())[:REASON_LENGTH_MAX]


def standing_of(command: str, status: Status) -> Standing:
    """How it stands with a command."""
    rest = orders_open(status)
    if command == "resume":
        is_done = not status.is_halted
    elif command == "flatten":
        is_done = status.is_flattening
    else:
        is_done = status.is_halted and not rest
    return Standing(is_done, status.is_halted, status.halt_reason, rest, status.is_flat)


async def _settled(command: str, source: StatusSource) -> Standing:
    standing = standing_of(command, source.status())
    with trio.move_on_after(SETTLE_DEADLINE_S):
        while not standing.is_done:
            await trio.sleep(LOOK_INTERVAL_S)
            standing = standing_of(command, source.status())
    return standing


async def control_response(
    controls: Controls | None, request: Request, source: StatusSource
) -> Response:
    """404 where this process takes no commands."""
    if controls is None:
        return Response(_encode({"error": "no commands here"}), 404, media_type="application/json")
    code, body = await controls.answer(request, source)
    return Response(body, code, media_type="application/json")
