"""The plain report: each change once, a summary now and then."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal

import trio
from msgspec.structs import replace
from trio.testing import MockClock

from bot3.telemetry.changes import LINES_MAX, ChangeLog
from bot3.telemetry.reporter import LineReporterActor
from bot3.telemetry.status import InstrumentStatus, Status


def test_a_first_look_tells_what_is_known_and_a_second_nothing(busy: Status) -> None:
    changes = ChangeLog()
    assert changes.lines(busy) == [
        "run abcdefgh · simulated, page http://127.0.0.1:8787/",
        "binance feed connected",
        "BTC/USDT first book: 64,999.5 / 65,000.5",
        "BTC/USDT regime trending (volatile: 5 %)",
        "BTC/USDT target +0.15 (TA +0.40, ML -0.20)",
        "order approved: buy 0.0031 BTC/USDT at 64,999.5 (post_only)",
        "filled: buy 0.0031 BTC/USDT at 64,999.5 (maker, fee 0.0000031 BTC)",
        "risk denied 3: book_stale (3 so far)",
        "restarted feed.binance (2 so far)",
        "ready to trade",
    ]
    assert changes.lines(busy) == []


def _instrument(status: Status, **changes: object) -> Status:
    first, *others = status.instruments
    return replace(status, instruments=(replace(first, **changes), *others))


def test_each_change_is_one_line(busy: Status) -> None:
    order, fill = busy.recent_orders[0], busy.recent_fills[0]
    venue = busy.venues["binance"]
    lost = replace(venue, is_feed_connected=False, detail="reset\x1b[2J")
    bad = replace(order, client_order_id="n18", status="rejected", reason="-2010")
    cases: list[tuple[Status, list[str]]] = [
        (replace(busy, venues={"binance": lost}), ["binance feed lost: reset?[2J"]),
        (
            replace(busy, venues={"binance": replace(venue, is_account_connected=True)}),
            ["binance account connected"],
        ),
        (_instrument(busy, regime="calm"), ["BTC/USDT regime calm (volatile: 5 %, was trending)"]),
        (_instrument(busy, hybrid_target=0.2), []),
        (
            _instrument(busy, hybrid_target=-0.1),
            ["BTC/USDT target -0.10 (TA +0.40, ML -0.20)"],
        ),
        (
            replace(busy, recent_orders=(bad, order)),
            ["order rejected: buy 0.0031 BTC/USDT at 64,999.5: -2010"],
        ),
        (
            replace(busy, recent_fills=(replace(fill, trade_id="992", amount=Decimal(1)), fill)),
            ["filled: buy 1 BTC/USDT at 64,999.5 (maker, fee 0.0000031 BTC)"],
        ),
        (replace(busy, denials={"book_stale": 5}), ["risk denied 2: book_stale (5 so far)"]),
        (replace(busy, restarts={"feed.binance": 3}), ["restarted feed.binance (3 so far)"]),
        (replace(busy, healing={"open_circuit": 1}), ["healing: open circuit (1 so far)"]),
        (
            replace(busy, is_halted=True, halt_reason="drawdown"),
            ["trading halted: drawdown"],
        ),
        (replace(busy, is_flat=True), ["positions are sold; trading stays halted"]),
        (
            replace(busy, mismatches=("okx USDT differs",)),
            ["no entries: okx USDT differs; `bot3 resume` takes the venue's figure over"],
        ),
        (
            replace(busy, is_ready=False, reasons=("book stale",)),
            ["not ready: book stale"],
        ),
    ]
    for after, told in cases:
        changes = ChangeLog()
        changes.lines(busy)
        assert changes.lines(after) == told


def test_slow_drift_of_a_target_is_told_when_it_has_gone_far_enough(busy: Status) -> None:
    changes = ChangeLog()
    changes.lines(busy)
    told = [
        line
        for step in range(1, 31)
        for line in changes.lines(_instrument(busy, hybrid_target=0.15 + 0.011 * step))
    ]
    assert len(told) == 3


def test_a_flood_is_cut(busy: Status) -> None:
    many = tuple(
        InstrumentStatus(symbol=f"A{number}/USDT", bid=1.0, ask=2.0) for number in range(100)
    )
    lines = ChangeLog().lines(replace(busy, instruments=many))
    assert len(lines) == LINES_MAX
    assert lines[-1] == "and 88 more changes"


class Source:
    def __init__(self, statuses: list[Status], done: Callable[[], None]) -> None:
        self.statuses = statuses
        self.done = done

    def status(self) -> Status:
        if len(self.statuses) == 1:
            self.done()
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


class Context:
    def ready(self) -> None:
        pass

    def progress(self) -> None:
        pass


class Terminal(io.TextIOWrapper):
    """A text stream over bytes, of some encoding."""

    def __init__(self, encoding: str) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding)


async def _report(statuses: list[Status], stream: Terminal) -> list[str]:
    scope = trio.CancelScope()
    with scope:
        source = Source(statuses, scope.cancel)
        await LineReporterActor(source, stream, 2.0).run(Context())
    return stream.bytes.getvalue().decode(stream.encoding).splitlines()


async def test_lines_have_their_time_and_summaries_come_in_between(
    busy: Status, autojump_clock: MockClock
) -> None:
    lines = await _report([busy] * 8, Terminal("utf-8"))
    assert lines[0].startswith("22:13:20  run abcdefgh")
    summaries = [line for line in lines if "equity 10,003.50 USDT (+0.035 %)" in line]
    assert summaries
    assert "tick to order p50 92 µs, p99 180 µs" in summaries[0]
    assert len(lines) == 10 + len(summaries)


async def test_a_poor_encoding_costs_characters_not_the_report(
    busy: Status, autojump_clock: MockClock
) -> None:
    halted = replace(busy, is_halted=True, halt_reason="Störung")
    lines = await _report([busy, halted, halted], Terminal("ascii"))
    assert any(line.endswith("trading halted: St?rung") for line in lines)


class Gone(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


async def test_a_reader_that_left_does_not_end_the_actor(busy: Status) -> None:
    with trio.move_on_after(0.2) as scope:
        await LineReporterActor(Source([busy], lambda: None), Gone(), 2.0).run(Context())
    assert scope.cancelled_caught
