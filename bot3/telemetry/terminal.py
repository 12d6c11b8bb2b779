"""The live view of a terminal.

Invariant: drawing and writing happen in a thread, on an immutable snapshot, at most four times a
second: a slow or stopped terminal never holds up trading. The terminal is restored at the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import final

import structlog
import trio
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot3.telemetry import formats
from bot3.telemetry.status import InstrumentStatus, OrderStatusLine, Status, StatusSource
from supervisors.actor import EdgeActor, EdgeContext

REFRESH_INTERVAL_MIN_S = 0.25
_RESTORE_TIMEOUT_S = 1.0
_WIDE = 116
_ROWS_MIN, _ROWS_MAX = 3, 12
_FIXED_LINES = 18
_QUIET = "bright_black"
_FATE_LENGTH = 20

_log = structlog.get_logger(__name__)


def render(status: Status, width: int, height: int) -> RenderableType:
    """The whole view, for a terminal of this many columns and lines."""
    is_wide = width >= _WIDE
    lists = 1 if is_wide else 2
    free = (height - _FIXED_LINES - len(status.instruments)) // lists
    rows = min(max(free, _ROWS_MIN), _ROWS_MAX)
    orders, fills = _orders(status, rows), _fills(status, rows)
    recent: RenderableType = Group(orders, fills)
    if is_wide:
        recent = Table.grid(expand=True, padding=(0, 2, 0, 0))
        recent.add_column(ratio=1)
        recent.add_column(ratio=1)
        recent.add_row(orders, fills)
    return Group(
        _header(status, is_wide=is_wide),
        _instruments(status, is_wide=is_wide),
        recent,
        _footer(status),
    )


def _text(text: str, style: str = "") -> Text:
    return Text(formats.printable(text), style=style, no_wrap=True, overflow="ellipsis")


def _tone(value: float | None) -> str:
    return "" if not value else ("green" if value > 0 else "red")


def _side(side: str) -> Text:
    return _text(side, "green" if side == "buy" else "red")


def _header(status: Status, *, is_wide: bool) -> Panel:
    share = status.profit_share
    facts = [
        _labeled("equity", f"{formats.money(status.equity)} {status.quote}", "bold"),
        _labeled("profit", formats.signed_money(status.profit), _tone(share)),
        _text(formats.signed_percent(share), _tone(share)),
        _labeled("drawdown", formats.percent(status.drawdown, 2)),
        _labeled("deepest", formats.percent(status.max_drawdown, 2)),
        _labeled("fees", formats.money(status.fees_paid)),
        _state(status),
        _labeled("up", formats.duration(status.uptime_s)),
        _labeled("tick to order", formats.latencies(status.tick_to_order)),
        _labeled("events", f"{status.events:,}"),
    ]
    breaks = (0, 6, 10) if is_wide else (0, 3, 6, 8, 10)
    gap = _text("   ")
    rows = [gap.join(facts[start:end]) for start, end in itertools.pairwise(breaks)]
    title = _text(f" bot3 · {status.data_source} · run {status.run} ", "bold")
    page = _text(f" {status.url} ", "cyan") if status.url else None
    return Panel(Group(*rows), title=title, subtitle=page, border_style=_QUIET)


def _labeled(label: str, value: str, style: str = "") -> Text:
    return Text.assemble((f"{label} ", _QUIET), (formats.printable(value), style), no_wrap=True)


def _state(status: Status) -> Text:
    if status.is_halted:
        return _text(f"HALTED: {status.halt_reason}{status.exits}", "bold red")
    if status.mismatches:
        return _text(f"NO ENTRIES: {'; '.join(status.mismatches)}", "bold red")
    if status.is_ready:
        return _text("trading", "bold green")
    return _text(f"not ready: {', '.join(status.reasons)}", "yellow")


def _table(title: str, *columns: str) -> Table:
    """Columns whose names begin with `<` are left-aligned."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, expand=True)
    made.padding = (0, 1, 0, 0)
    for name in columns:
        justify: JustifyMethod = "left" if name.startswith("<") else "right"
        made.add_column(_text(name.lstrip("<"), _QUIET), justify=justify, no_wrap=True)
    return made


def _instruments(status: Status, *, is_wide: bool) -> Table:
    columns = ["<symbol", "bid", "ask", "<regime (volatile)", "TA", "ML", "hybrid", "position"]
    more = ["unrealized", "<weights", "accuracy", "no change"] if is_wide else []
    made = _table("Instruments", *columns, *more)
    for one in status.instruments:
        name = formats.named(one.symbol, one.venue, status.venues)
        made.add_row(*_instrument(name, one), *(_instrument_details(one) if is_wide else ()))
    return made


def _instrument(name: str, one: InstrumentStatus) -> list[Text]:
    share = one.regime_probabilities.get("volatile")
    regime = formats.UNKNOWN if one.regime is None else one.regime
    return [
        _text(name, "bold"),
        _text(formats.amount(one.bid)),
        _text(formats.amount(one.ask)),
        _text(regime if share is None else f"{regime} ({share:.0%})"),
        *(
            _text(formats.signed(target), _tone(target))
            for target in (one.ta_target, one.ml_target, one.hybrid_target)
        ),
        _text(formats.amount(one.position)),
    ]


def _instrument_details(one: InstrumentStatus) -> list[Text]:
    weights = " ".join(f"{name} {weight:.2f}" for name, weight in one.weights.items())
    unrealized = None if one.unrealized is None else float(one.unrealized)
    return [
        _text(formats.signed_money(one.unrealized), _tone(unrealized)),
        _text(weights or formats.UNKNOWN),
        _text(formats.percent(one.accuracy)),
        _text(formats.percent(one.no_change_accuracy), _QUIET),
    ]


def _orders(status: Status, rows: int) -> Table:
    made = _table("Recent orders", "<time", "<symbol", "<side", "amount", "price", "<status")
    for order in status.recent_orders[:rows]:
        price = "market" if order.price is None else formats.amount(order.price)
        made.add_row(
            _text(formats.time_of_day(order.ts_ns), _QUIET),
            _text(formats.named(order.symbol, order.venue, status.venues)),
            _side(order.side),
            _text(formats.amount(order.amount)),
            _text(price),
            _text(_fate(order)),
        )
    return made


def _fate(order: OrderStatusLine) -> str:
    """Short: a column that is too long takes the room of the others."""
    fate = f"{order.status}: {order.reason}" if order.reason else order.status
    return fate if len(fate) <= _FATE_LENGTH else f"{fate[: _FATE_LENGTH - 1]}…"


def _fills(status: Status, rows: int) -> Table:
    made = _table("Recent fills", "<time", "<symbol", "<side", "amount", "price", "<fee")
    for fill in status.recent_fills[:rows]:
        made.add_row(
            _text(formats.time_of_day(fill.ts_ns), _QUIET),
            _text(formats.named(fill.symbol, fill.venue, status.venues)),
            _side(fill.side),
            _text(formats.amount(fill.amount)),
            _text(formats.amount(fill.price)),
            _text(f"{formats.amount(fill.fee)} {fill.fee_asset}"),
        )
    return made


def _footer(status: Status) -> Table:
    made = Table.grid(padding=(0, 2))
    for name, venue in status.venues.items():
        connections = (("feed", venue.is_feed_connected), ("account", venue.is_account_connected))
        parts = [
            (f"  {what} up", "green") if is_up else (f"  {what} down", "bold red")
            for what, is_up in connections
        ]
        if venue.circuit != "closed":
            parts.append((f"  circuit {venue.circuit.replace('_', ' ')}", "bold red"))
        if venue.foreign:
            parts.append((f"  {len(venue.foreign)} orders that are not ours", "yellow"))
        if venue.is_dead_man_armed is not None:
            armed = ("  dead man armed", "green"), ("  dead man not armed", "bold red")
            parts.append(armed[not venue.is_dead_man_armed])
        age = "" if venue.book_age_ms is None else f"  book {venue.book_age_ms:,.0f} ms old"
        words = Text.assemble(formats.printable(name), *parts, (age, _QUIET), no_wrap=True)
        made.add_row(_text("venue", _QUIET), words)
    if status.market_regime is not None:
        wild = status.market_regime_probabilities.get("volatile", 0.0)
        told = _text(f"{status.market_regime}, volatile {wild:.0%}")
        made.add_row(_text("market", _QUIET), told)
    for label, said in _risk_lines(status):
        made.add_row(_text(label, _QUIET), _text(said))
    for label, counts in (
        ("orders", status.orders_by_status),
        ("denied", status.denials),
        ("restarts", status.restarts),
        ("healing", status.healing),
    ):
        words = _text("  ".join(f"{name} {count}" for name, count in counts.items()) or "none")
        made.add_row(_text(label, _QUIET), words)
    return made


_NAMED_MAX = 4


def _risk_lines(status: Status) -> Iterator[tuple[str, str]]:
    known = [one for one in status.instruments if one.risk_scale is not None]
    scales = sorted(one.risk_scale or 0.0 for one in known)
    if scales:
        each = "  ".join(f"{one.symbol} {one.risk_scale:.0%}" for one in known)
        told = each if len(known) <= _NAMED_MAX else f"{scales[0]:.0%} to {scales[-1]:.0%}"
        step = status.risk.ladder_step
        ladder = f"  step {step} of the drawdown ladder" if step else ""
        yield "size", f"{told} of the limit{ladder}"
    if status.chain.is_heard is not None:
        yield "chain", status.chain.words
    if status.arbitrage.last:
        yield "arbitrage", status.arbitrage.words
    if status.risk.allocation:
        yield "target", status.risk.allocation


@final
class TerminalActor(EdgeActor):
    """Draws the view until it is cancelled, then restores the terminal."""

    def __init__(self, source: StatusSource, console: Console, refresh_interval_s: float) -> None:
        self._source = source
        self._console = console
        self._interval_s = max(refresh_interval_s, REFRESH_INTERVAL_MIN_S)

    async def run(self, context: EdgeContext) -> None:
        live = Live(
            console=self._console,
            auto_refresh=False,
            screen=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        try:
            await trio.to_thread.run_sync(live.start, abandon_on_cancel=True)
            context.ready()
            while True:
                await self._draw(live, self._source.status())
                context.progress()
                await trio.sleep(self._interval_s)
        except OSError as error:
            # The terminal is gone, and a restart cannot bring it back: trading goes on without.
            _log.warning("terminal_lost", error=str(error))
            await trio.sleep_forever()
        finally:
            await _restore(live)

    async def _draw(self, live: Live, status: Status) -> None:
        def draw() -> None:
            size = self._console.size
            live.update(render(status, size.width, size.height), refresh=True)

        await trio.to_thread.run_sync(draw, abandon_on_cancel=True)


async def _restore(live: Live) -> None:
    """Waits for the terminal no longer than `_RESTORE_TIMEOUT_S`: it may be stopped (Ctrl-S)."""
    with trio.move_on_after(_RESTORE_TIMEOUT_S, shield=True), suppress(OSError):  # it may be gone
        await trio.to_thread.run_sync(live.stop, abandon_on_cancel=True)
