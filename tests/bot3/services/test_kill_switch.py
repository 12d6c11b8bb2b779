"""The file that halts: looked at before anything trades, and for as long as it lies there."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from bot3.domain.errors import UnavailableError
from bot3.messages.control import HaltTrading
from bot3.services.control_file import ControlFile, read_control_file, remove_control_file
from bot3.services.kill_switch import KillSwitch, KillSwitchActor


class Risk:
    name = "risk"

    def __init__(self) -> None:
        self.heard: list[HaltTrading] = []
        self.is_told = trio.Event()

    def send(self, message: HaltTrading) -> None:
        self.heard.append(message)
        self.is_told.set()


class Context:
    def __init__(self, risk: Risk) -> None:
        self.risk = risk
        self.heard_when_ready: list[HaltTrading] | None = None

    def ready(self) -> None:
        self.heard_when_ready = list(self.risk.heard)

    def progress(self) -> None:
        pass


async def test_it_is_looked_at_before_it_is_ready_and_again(tmp_path: Path) -> None:
    switch, risk = KillSwitch(tmp_path), Risk()
    context = Context(risk)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(KillSwitchActor(switch, risk).run, context)
        await trio.testing.wait_all_tasks_blocked()
        assert context.heard_when_ready == []
        switch.trip("by hand")
        with trio.fail_after(5):
            await risk.is_told.wait()
        nursery.cancel_scope.cancel()
    assert risk.heard[0] == HaltTrading("by hand")
    fresh = Risk()
    late = Context(fresh)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(KillSwitchActor(switch, fresh).run, late)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert late.heard_when_ready == [HaltTrading("by hand")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"lunch\nsecond line", "lunch"),
        (b"", "the file HALT"),
        (b"\xff\xfe\n", "\ufffd\ufffd"),
        (b"x" * 500, "x" * 200),
    ],
)
def test_any_file_halts(tmp_path: Path, content: bytes, reason: str) -> None:
    switch = KillSwitch(tmp_path)
    switch.path.write_bytes(content)
    assert switch.reason() == reason
    switch.clear()
    switch.clear()
    assert switch.reason() is None


def test_what_is_no_file_halts_too_and_is_not_removed(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path)
    switch.path.mkdir()
    assert "cannot be read" in (switch.reason() or "")
    with pytest.raises(UnavailableError, match="cannot be removed"):
        switch.clear()
    with pytest.raises(UnavailableError, match="cannot be written"):
        switch.trip("x")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"url": 1}', b"\xff"])
def test_a_control_file_that_makes_no_sense_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "control.json").write_bytes(content)
    assert read_control_file(tmp_path) is None
    ControlFile("http://x/", "t", 7).write(tmp_path)
    assert read_control_file(tmp_path) == ControlFile("http://x/", "t", 7)
    assert "hush" not in repr(ControlFile("u", "hush", 7))
    remove_control_file(tmp_path)
    remove_control_file(tmp_path)
    assert read_control_file(tmp_path) is None
