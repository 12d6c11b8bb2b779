"""What changed between two snapshots, as lines for people. Pure.

Invariant: a fact is told once; at most `LINES_MAX` lines come of one look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import final

from bot3.telemetry import formats
from bot3.telemetry.status import InstrumentStatus, Status

LINES_MAX = 20
TARGET_STEP = 0.1


@final
class ChangeLog:
    """Remembers the last snapshot and what it has told."""

    def __init__(self) -> None:
        self._before: Status | None = None
        self._targets: dict[str, float] = {}

    def lines(self, status: Status) -> list[str]:
        """One line per notable change since the last call."""
        found = [*self._changes(self._before, status)]
        self._before = status
        if len(found) > LINES_MAX:
            found[LINES_MAX - 1 :] = [f"and {len(found) - LINES_MAX + 1} more changes"]
        return [formats.printable(line) for line in found]

    def _changes(self, before: Status | None, after: Status) -> Iterator[str]:
        if before is None:
            page = f", page {after.url}" if after.url else ""
            yield f"run {after.run} · {after.data_source}{page}"
        yield from _venues(before, after)
        known = (
            {} if before is None else {(one.venue, one.symbol): one for one in before.instruments}
        )
        for one in after.instruments:
            name = formats.named(one.symbol, one.venue, after.venues)
            yield from self._instrument(name, known.get((one.venue, one.symbol)), one)
        yield from _orders(before, after)
        yield from _fills(before, after)
        denials, restarts = (before.denials, before.restarts) if before else ({}, {})
        for reason, count, more in _risen(denials, after.denials):
            yield f"risk denied {more}: {reason} ({count} so far)"
        for actor, count, _ in _risen(restarts, after.restarts):
            yield f"restarted {actor} ({count} so far)"
        healing = {} if before is None else before.healing
        for action, count, _ in _risen(healing, after.healing):
            yield f"healing: {action.replace('_', ' ')} ({count} so far)"
        yield from _gate(before, after)

    def _instrument(
        self, name: str, before: InstrumentStatus | None, after: InstrumentStatus
    ) -> Iterator[str]:
        if after.bid is not None and (before is None or before.bid is None):
            quote = f"{formats.amount(after.bid)} / {formats.amount(after.ask)}"
            yield f"{name} first book: {quote}"
        if after.regime is not None and (before is None or before.regime != after.regime):
            wild = formats.percent(after.regime_probabilities.get("volatile"), 0)
            was = "" if before is None or before.regime is None else f", was {before.regime}"
            yield f"{name} regime {after.regime} (volatile: {wild}{was})"
        target, told = after.hybrid_target, self._targets.get(name)
        if target is not None and (told is None or abs(target - told) >= TARGET_STEP):
            self._targets[name] = target
            parts = f"TA {formats.signed(after.ta_target)}, ML {formats.signed(after.ml_target)}"
            yield f"{name} target {formats.signed(target)} ({parts})"


def _venues(before: Status | None, after: Status) -> Iterator[str]:
    for name, venue in after.venues.items():
        was = None if before is None else before.venues.get(name)
        for what, is_up, was_up in (
            ("feed", venue.is_feed_connected, was is not None and was.is_feed_connected),
            ("account", venue.is_account_connected, was is not None and was.is_account_connected),
        ):
            if is_up != was_up:
                detail = f": {venue.detail}" if venue.detail else ""
                yield f"{name} {what} {'connected' if is_up else 'lost'}{detail}"


def _orders(before: Status | None, after: Status) -> Iterator[str]:
    """Each new order, and each bad end. Good ends are told by their fills."""
    known = {} if before is None else {o.client_order_id: o.status for o in before.recent_orders}
    for order in reversed(after.recent_orders):
        was = known.get(order.client_order_id)
        price = "at market" if order.price is None else f"at {formats.amount(order.price)}"
        name = formats.named(order.symbol, order.venue, after.venues)
        what = f"{order.side} {formats.amount(order.amount)} {name} {price}"
        if order.status == was:
            continue
        reason = f": {order.reason}" if order.reason else ""
        if order.status in {"rejected", "unknown", "expired"}:
            yield f"order {order.status}: {what}{reason}"
        elif was is None and order.status != "denied":
            yield f"order approved: {what} ({order.order_type})"


def _fills(before: Status | None, after: Status) -> Iterator[str]:
    known = (
        set() if before is None else {(f.venue, f.symbol, f.trade_id) for f in before.recent_fills}
    )
    for fill in reversed(after.recent_fills):
        if (fill.venue, fill.symbol, fill.trade_id) not in known:
            name = formats.named(fill.symbol, fill.venue, after.venues)
            what = f"{fill.side} {formats.amount(fill.amount)} {name}"
            fee = f"fee {formats.amount(fill.fee)} {fill.fee_asset}"
            yield f"filled: {what} at {formats.amount(fill.price)} ({fill.liquidity}, {fee})"


def _risen(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """(name, count, by how much) of every count that rose."""
    for name, count in after.items():
        more = count - before.get(name, 0)
        if more > 0:
            yield name, count, more


def _gate(before: Status | None, after: Status) -> Iterator[str]:
    for words in after.mismatches:
        if before is None or words not in before.mismatches:
            yield f"no entries: {words}; `bot3 resume` takes the venue's figure over"
    for name, venue in after.venues.items():
        known = () if before is None or name not in before.venues else before.venues[name].foreign
        for words in venue.foreign:
            if words not in known:
                yield f"not our order, left alone: {words}"
    if after.stops_hit != ({} if before is None else before.stops_hit):
        yield f"stop: {after.stop}; it is sold"
    if after.is_flat and not (before is not None and before.is_flat):
        yield "positions are sold; trading stays halted"
    if after.is_halted != (before is not None and before.is_halted):
        yield f"trading halted: {after.halt_reason}" if after.is_halted else "trading resumed"
    if before is None or (before.is_ready, before.reasons) != (after.is_ready, after.reasons):
        yield "ready to trade" if after.is_ready else f"not ready: {', '.join(after.reasons)}"


def summary_line(status: Status) -> str:
    """The state in one line."""
    latency = status.tick_to_order
    equity = f"{formats.money(status.equity)} {status.quote}"
    return " · ".join(
        (
            f"up {formats.duration(status.uptime_s)}",
            f"equity {equity} ({formats.signed_percent(status.profit_share)})",
            f"drawdown {formats.percent(status.drawdown, 2)}",
            f"{status.fills} fills",
            f"{sum(status.denials.values())} denied",
            f"{sum(status.restarts.values())} restarts",
            f"{status.events:,} events",
            f"tick to order {formats.latencies(latency)}",
        )
    )
