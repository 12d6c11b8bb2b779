"""The live view: its facts, its bounds, and the terminal given back."""

from __future__ import annotations

import io

import trio
from msgspec.structs import replace
from rich.console import Console
from trio.testing import MockClock

from bot3.telemetry.status import RiskStatus, Status
from bot3.telemetry.summary import closing_summary
from bot3.telemetry.terminal import TerminalActor, render

ENTER_SCREEN, LEAVE_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
SHOW_CURSOR = "\x1b[?25h"


def _draw(status: Status, width: int = 120, height: int = 40) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, no_color=True)
    console.print(render(status, width, height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_wide_view_has_every_fact(busy: Status) -> None:
    view = _draw(replace(busy, healing={"open_circuit": 4}))
    for fact in (
        "simulated", "run abcdefgh", "http://127.0.0.1:8787/", "equity 10,003.50 USDT",
        "profit +3.50", "+0.035 %", "drawdown 1.23 %", "deepest 3.40 %", "fees 0.20", "trading",
        "up 1:02:05", "p50 92 µs, p99 180 µs", "events 123,456", "64,999.5", "65,000.5",
        "trending (5%)", "+0.40", "-0.20", "+0.15", "0.0031", "-1.25", "ta 0.58 ml 0.42", "55.3 %",
        "50.1 %", "22:13:20", "filled", "0.0000031 BTC", "feed up", "account down",
        "book 12 ms old", "open 1", "book_stale 3", "feed.binance 2",
        "circuit half open", "open_circuit 4",
    ):  # fmt: skip
        assert fact in view, fact
    assert "…" not in view
    assert max(map(len, view.splitlines())) <= 120


def test_sizes_and_what_is_supported_are_told(busy: Status) -> None:
    first = replace(busy.instruments[0], risk_scale=0.25)
    words = "50% a year is not supported: 2 days of results, 90 are needed"
    risk = RiskStatus(ladder_step=2, ladder_scale=0.5, allocation=words)
    view = _draw(replace(busy, instruments=(first,), risk=risk))
    assert "BTC/USDT 25% of the limit  step 2 of the drawdown ladder" in view
    assert words in view
    many = tuple(replace(first, risk_scale=number / 10) for number in range(1, 6))
    assert "10% to 50% of the limit" in _draw(replace(busy, instruments=many))


def test_a_narrow_view_keeps_what_matters(busy: Status) -> None:
    view = _draw(busy, 80, 24)
    for fact in ("equity 10,003.50 USDT", "BTC/USDT", "+0.40", "-0.20", "+0.15", "0.0031"):
        assert fact in view, fact
    assert max(map(len, view.splitlines())) <= 80


def test_many_orders_do_not_outgrow_the_screen(busy: Status) -> None:
    many = replace(busy, recent_orders=busy.recent_orders * 500, recent_fills=busy.recent_fills * 9)
    assert len(_draw(many).splitlines()) < 40


def test_states_are_told(busy: Status) -> None:
    assert "not ready: no book yet" in _draw(
        replace(busy, is_ready=False, reasons=("no book yet",))
    )
    assert "HALTED: drawdown" in _draw(replace(busy, is_halted=True, halt_reason="drawdown"))
    selling = replace(busy, is_halted=True, halt_reason="out", is_flattening=True)
    assert "HALTED: out · selling positions" in _draw(selling)
    assert "HALTED: out · positions are sold" in _draw(replace(selling, is_flat=True))
    differs = replace(busy, mismatches=("okx USDT: the venue has 5, our books have 6",))
    assert "NO ENTRIES: okx USDT" in _draw(differs)
    assert "equity - USDT" in _draw(replace(busy, equity=None))


def test_words_from_outside_are_only_words(busy: Status) -> None:
    order = replace(busy.recent_orders[0], status="rejected", reason="[red]x\x1b[2J")
    view = _draw(replace(busy, recent_orders=(order,)), 200)
    assert "rejected: [red]x?[2J" in view
    assert "\x1b" not in view


class Source:
    """Ends the test after some looks."""

    def __init__(self, status: Status, looks: int) -> None:
        self.now = status
        self.left = looks
        self.scope = trio.CancelScope()

    def status(self) -> Status:
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()
        return self.now


class Context:
    def __init__(self) -> None:
        self.is_ready = False

    def ready(self) -> None:
        self.is_ready = True

    def progress(self) -> None:
        pass


async def test_the_terminal_is_given_back(busy: Status) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, height=40)
    source, context = Source(busy, 2), Context()
    with source.scope:
        await TerminalActor(source, console, 0.0).run(context)
    assert context.is_ready
    written = stream.getvalue()
    assert written.count(ENTER_SCREEN) == written.count(LEAVE_SCREEN) == 1
    assert written.index(ENTER_SCREEN) < written.index("64,999.5") < written.index(LEAVE_SCREEN)
    assert written.rindex(SHOW_CURSOR) > written.index("64,999.5")


async def test_a_view_is_drawn_at_most_four_times_a_second(
    busy: Status, autojump_clock: MockClock
) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=40)
    source = Source(busy, 9)
    start = trio.current_time()
    with source.scope:
        await TerminalActor(source, console, 0.0).run(Context())
    assert trio.current_time() - start >= 8 * 0.25


class Gone(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")


async def test_a_lost_terminal_does_not_end_the_actor(busy: Status) -> None:
    console = Console(file=Gone(), force_terminal=True, width=120, height=40)
    with trio.move_on_after(0.3) as scope:
        await TerminalActor(Source(busy, 99), console, 0.0).run(Context())
    assert scope.cancelled_caught


def test_the_closing_summary_has_every_fact(busy: Status) -> None:
    assert "books differ" in closing_summary(replace(busy, mismatches=("okx USDT",)))
    told = closing_summary(replace(busy, is_halted=True, halt_reason="drawdown"))
    for fact in (
        "run abcdefgh · simulated", "halted", "1:02:05", "10,000.00 to 10,003.50 USDT",
        "+3.50 USDT (+0.035 %)", "0.20 USDT", "3.40 %", "filled 17, open 1", "book_stale 3",
        "feed.binance 2", "123,456, 2,400 targets", "p50 92 µs, p99 180 µs (17 measured)",
        "0.0031 BTC/USDT", "50 % a year (too short",
    ):  # fmt: skip
        assert fact in told, fact
    assert "\x1b" not in told
    assert "\x1b[" in closing_summary(busy, is_colored=True)
