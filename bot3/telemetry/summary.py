"""The table that is left when a run ends."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot3.telemetry import formats
from bot3.telemetry.status import Status
from bot3.telemetry.strategies import fee_words, strategy_words

_WIDTH = 100
_JUDGED_FROM_S = 90 * 86_400  # a shorter result is not annualized


def closing_summary(status: Status, *, is_colored: bool = False) -> str:
    """What the run did, from its last snapshot: equity, costs, orders, positions, restarts.

    Says what kind of market it was; positions still held are listed.
    """
    stream = StringIO()
    console = Console(
        file=stream, width=_WIDTH, force_terminal=is_colored, color_system="standard", emoji=False
    )
    if not is_colored:
        console.no_color = True
    made = Table(
        show_header=False,
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    made.add_column(style="bright_black", no_wrap=True)
    made.add_column()
    for label, value in _rows(status):
        made.add_row(Text(label), Text(formats.printable(value)))
    # Not the table's title, which would be wrapped to the table's width.
    console.print(Text(formats.printable(f"run {status.run} · {status.data_source}")))
    console.print(made)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def _rows(status: Status) -> list[tuple[str, str]]:
    latency = status.tick_to_order
    quote = status.quote
    share = formats.signed_percent(status.profit_share)
    rows = [
        ("time", formats.duration(status.uptime_s)),
        (
            "equity",
            f"{formats.money(status.equity_start)} to {formats.money(status.equity)} {quote}",
        ),
        (
            "profit after fees",
            f"{formats.signed_money(status.profit)} {quote} ({share})",
        ),
        ("fees", f"{formats.money(status.fees_paid)} {quote}{_third(status)}"),
        ("deepest drawdown", formats.percent(status.max_drawdown, 2)),
        ("orders", _counts(status.orders_by_status)),
        ("fills", f"{status.fills:,}"),
        ("denied by risk", _counts(status.denials)),
        ("restarts", _counts(status.restarts)),
        ("healing", _counts(status.healing)),
        ("stops hit", _counts(status.stops_hit) + (status.stop and f"; the last: {status.stop}")),
        ("market events", f"{status.events:,}, {status.signals:,} targets decided"),
        (
            "tick to order",
            f"{formats.latencies(latency)} ({latency.count:,} measured)",
        ),
        ("still held", _held(status)),
        *((f"strategy {name}", strategy_words(s)) for name, s in status.strategies.items()),
    ]
    if status.target_apy is not None:
        goal = f"{formats.percent(status.target_apy, 0)} a year"
        is_short = status.uptime_s < _JUDGED_FROM_S
        judged = status.risk.allocation or goal
        rows.append(("goal", f"{goal} (too short a run to judge it)" if is_short else judged))
    if status.mismatches:
        rows.insert(0, ("books differ", "; ".join(status.mismatches)))
    if status.is_halted:
        rows.insert(0, ("halted", status.halt_reason + status.exits))
    return rows


def _third(status: Status) -> str:
    """What was paid in assets that have no price here, in all."""
    assets = {part for one in status.instruments for part in one.symbol.split("/")}
    others = {asset: fee for asset, fee in status.fees.items() if asset not in assets and fee}
    return f", and {fee_words(others)} since the journal began" if others else ""


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _held(status: Status) -> str:
    held = [
        f"{formats.amount(one.position)} {formats.named(one.symbol, one.venue, status.venues)}"
        for one in status.instruments
        if one.position
    ]
    return ", ".join(held) or "nothing"
