"""The journal's report for people: totals first, then what is held, then the last orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from bot3.portfolio.report_rows import AccountReport, Profit
from bot3.telemetry import formats

LAST_ORDERS = 12


def report_table(report: AccountReport) -> str:
    """Lines of text."""
    return "\n".join([*_head(report), *_held(report), *_strategies(report), *_orders(report)])


def _head(report: AccountReport) -> Iterable[str]:
    states = Counter(order.status for order in report.orders)
    counts = ", ".join(f"{name} {count:,}" for name, count in states.items()) or "none"
    yield f"account {report.account} · {report.data_source} · {report.runs} runs"
    if report.is_halted:
        yield f"halted      {report.halt_reason}"
    drawdown = formats.percent(report.drawdown, 2)
    yield f"equity      {formats.money(report.equity)}   drawdown {drawdown}"
    yield f"orders      {counts}"
    yield f"fills       {len(report.fills):,}   {_profit(report.profit)}"
    yield f"mismatches  {'; '.join(report.mismatches) or 'none'}"
    if report.groups.outcomes:
        yield f"groups      {report.groups.words}"
    for words in report.foreign_orders:
        yield f"not ours    {words}"


def _held(report: AccountReport) -> Iterable[str]:
    yield ""
    yield "Positions (the sum of our fills)"
    for row in report.positions:
        price = "-" if row.average_price is None else formats.amount(round(row.average_price, 8))
        realized = formats.signed_money(row.realized)
        yield f"  {row.venue} {row.symbol}  {row.amount}  at {price}  realized {realized}"
    yield "Balances (the venue's word)"
    for venue, assets in report.balances.items():
        for asset, held in assets.items():
            yield f"  {venue} {asset}  free {held['free']}  held {held['held']}"


def _strategies(report: AccountReport) -> Iterable[str]:
    yield "Strategies"
    for name, profit in report.strategies.items():
        yield f"  {name}  fills {profit.fills:,}  {_profit(profit)}"


def _profit(profit: Profit) -> str:
    return f"realized {_sums(profit.realized)}   fees {_sums(profit.fees)}"


def _sums(sums: dict[str, Decimal]) -> str:
    return ", ".join(f"{amount:.8f} {asset}" for asset, amount in sums.items()) or "none"


def _orders(report: AccountReport) -> Iterable[str]:
    yield f"Last orders (of {len(report.orders):,}; all of them with --json)"
    for order in report.orders[-LAST_ORDERS:]:
        price = "market" if order.price is None else str(order.price)
        yield (
            f"  {order.client_order_id}  {order.venue} {order.symbol} {order.side}"
            f"  {order.filled} of {order.amount} at {price}  {order.status} {order.reason}"
        ).rstrip()
