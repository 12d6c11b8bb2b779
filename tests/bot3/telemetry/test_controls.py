"""Commands over HTTP: the token, the words, the answer; no process needed."""

from __future__ import annotations

import json

import httpx
import pytest
from attrs import define, field
from msgspec.structs import replace

from bot3.messages.control import FlattenPositions, HaltTrading, ResumeTrading
from bot3.telemetry.controls import Controls
from bot3.telemetry.http import make_app
from bot3.telemetry.metrics import Registry
from bot3.telemetry.status import Status

TOKEN = "not-a-secret"
BEARER = {"authorization": f"Bearer {TOKEN}"}
Command = HaltTrading | FlattenPositions | ResumeTrading


@define
class Gate:
    """The process behind: halts as it is told, after `looks` looks."""

    now: Status
    looks: int = 2
    heard: list[Command] = field(factory=list)
    name: str = "risk"

    def send(self, message: Command) -> None:
        self.heard.append(message)

    def status(self) -> Status:
        if self.heard and self.looks:
            self.looks -= 1
        if not self.heard or self.looks:
            return self.now
        last = self.heard[-1]
        is_halted = not isinstance(last, ResumeTrading)
        reason = "" if isinstance(last, ResumeTrading) else last.reason
        is_flattening = isinstance(last, FlattenPositions)
        counts = {"filled": 3}
        return replace(
            self.now,
            is_halted=is_halted,
            halt_reason=reason,
            is_flattening=is_flattening,
            orders_by_status=counts,
        )


@define
class Switch:
    reason: str | None = None

    def trip(self, reason: str) -> None:
        self.reason = reason

    def clear(self) -> None:
        self.reason = None


def client_of(gate: Gate, switch: Switch, *, has_controls: bool = True) -> httpx.AsyncClient:
    controls = Controls(TOKEN, gate, switch) if has_controls else None
    transport = httpx.ASGITransport(make_app(gate, Registry(), controls))
    return httpx.AsyncClient(transport=transport, base_url="http://bot3")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer"}, {"authorization": TOKEN}])
async def test_without_the_token_nothing_happens(busy: Status, headers: dict[str, str]) -> None:
    gate, switch = Gate(busy), Switch()
    async with client_of(gate, switch) as client:
        answer = await client.post("/control/halt", headers=headers)
        assert (await client.get("/control/halt", headers=BEARER)).status_code == 405
    assert answer.status_code == 401
    assert (gate.heard, switch.reason) == ([], None)
    assert TOKEN not in answer.text + repr(Controls(TOKEN, gate, switch))


async def test_a_halt_trips_the_switch_and_waits_for_the_gate(
    busy: Status, autojump_clock: object
) -> None:
    gate, switch = Gate(replace(busy, orders_by_status={"open": 2})), Switch()
    async with client_of(gate, switch) as client:
        answer = await client.post("/control/halt", headers=BEARER, json={"reason": "lunch\n"})
    assert gate.heard == [HaltTrading("lunch")]
    assert switch.reason == "lunch"
    assert (answer.status_code, answer.json()["orders_open"]) == (200, 0)


async def test_resume_clears_the_switch_first(busy: Status, autojump_clock: object) -> None:
    gate, switch = Gate(replace(busy, is_halted=True)), Switch("lunch")
    async with client_of(gate, switch) as client:
        answer = await client.post("/control/resume", headers=BEARER)
    assert gate.heard == [ResumeTrading("resume by HTTP")]
    assert (switch.reason, answer.json()["is_halted"]) == (None, False)


async def test_flatten_leaves_the_switch_alone(busy: Status, autojump_clock: object) -> None:
    gate, switch = Gate(busy), Switch()
    async with client_of(gate, switch) as client:
        answer = await client.post("/control/flatten", headers=BEARER, json={"reason": "out"})
    assert gate.heard == [FlattenPositions("out")]
    assert (switch.reason, answer.json()["is_done"]) == (None, True)


async def test_what_is_not_done_in_time_is_told(busy: Status, autojump_clock: object) -> None:
    gate = Gate(replace(busy, is_halted=True, orders_by_status={"open": 2}), looks=10**9)
    async with client_of(gate, Switch()) as client:
        answer = await client.post("/control/halt", headers=BEARER)
    assert (answer.status_code, answer.json()["orders_open"]) == (504, 2)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/control/buy", b"", 404),
        ("/control/halt", b"{", 400),
        ("/control/halt", b'{"reason": 5}', 400),
        ("/control/halt", b" " * 5000, 400),
    ],
)
async def test_nonsense_changes_nothing(busy: Status, path: str, body: bytes, code: int) -> None:
    gate, switch = Gate(busy), Switch()
    async with client_of(gate, switch) as client:
        answer = await client.post(path, headers=BEARER, content=body)
    assert (answer.status_code, "error" in json.loads(answer.text)) == (code, True)
    assert (gate.heard, switch.reason) == ([], None)


async def test_a_process_without_controls_takes_none(busy: Status) -> None:
    async with client_of(Gate(busy), Switch(), has_controls=False) as client:
        assert (await client.post("/control/halt", headers=BEARER)).status_code == 404
