"""What of all that is told on the board is worth an operator's sleep, and in which words.

Invariant: a translation and nothing else; who was told what before is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from bot3.messages.account import BalancesCompared, ReconcileMatched, ReconcileMismatch
from bot3.messages.alerts import Alert, AlertKind
from bot3.messages.control import PositionsFlattened, StopHit, TradingHalted, TradingResumed
from bot3.messages.healing import HealingActed, HealingAction
from bot3.messages.market import FeedLost, FeedRestored
from bot3.messages.mev import ChainHeard, DexPriced
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    DeadManChanged,
    ForeignOrdersSeen,
    OrderOutcomeUnknown,
)

EventNews = (
    TradingHalted
    | TradingResumed
    | PositionsFlattened
    | StopHit
    | HealingActed
    | FeedLost
    | FeedRestored
    | AccountLost
    | AccountRestored
    | ReconcileMismatch
    | ReconcileMatched
    | OrderOutcomeUnknown
    | DeadManChanged
    | ChainHeard
)
LevelNews = BalancesCompared | ForeignOrdersSeen | DexPriced

# What ends, by what says so.
ENDS: Final[Mapping[AlertKind, AlertKind]] = MappingProxyType(
    {
        AlertKind.RESUME: AlertKind.HALT,
        AlertKind.CIRCUIT_CLOSED: AlertKind.CIRCUIT_OPEN,
        AlertKind.VENUE_BACK: AlertKind.VENUE_LOST,
        AlertKind.DEAD_MAN_ARMED: AlertKind.DEAD_MAN_UNARMED,
        AlertKind.CHAIN_BACK: AlertKind.CHAIN_LOST,
        AlertKind.BOOKS_AGREE: AlertKind.BOOKS_DIFFER,
    }
)
# Nothing that stands: they happen.
MOMENTS: Final = frozenset({AlertKind.FLATTENED, AlertKind.STOP, AlertKind.ORDER_UNKNOWN})
TRADING: Final = "trading"
CHAIN: Final = "chain"


@frozen
class Level:
    """All that stands of one kind within a scope, as it is said again and again."""

    kind: AlertKind
    scope: str
    alerts: tuple[Alert, ...]


def level_of(news: LevelNews) -> Level:
    """What stands now; what stood in the same scope and is not in it stands no more."""
    ts_ns = news.ts_ns
    match news:
        case BalancesCompared(mismatches=mismatches):
            alerts = tuple(
                Alert(
                    AlertKind.BALANCE,
                    f"{each.venue} {each.asset}",
                    f"the venue has {each.venue_total}, our books have {each.ledger_total}",
                    ts_ns,
                )
                for each in mismatches
            )
            return Level(AlertKind.BALANCE, "", alerts)
        case ForeignOrdersSeen(venue=venue, orders=orders):
            alerts = tuple(
                Alert(
                    AlertKind.FOREIGN_ORDER,
                    f"{venue} {order.venue_order_id or order.client_order_id}",
                    f"not ours, left alone: {words}",
                    ts_ns,
                )
                for order, words in zip(orders, news.words, strict=True)
            )
            return Level(AlertKind.FOREIGN_ORDER, venue, alerts)
        case DexPriced(symbol=symbol, gap_bps=gap):
            text = f"the pools' price is {gap:+.1f} bps from the venues'"
            wide = (Alert(AlertKind.DEX_GAP, symbol, text, ts_ns),) if news.is_wide else ()
            return Level(AlertKind.DEX_GAP, symbol, wide)


def event_of(news: EventNews) -> Alert | None:
    """Something began, ended or happened; None where nobody is to be told."""
    alert: Alert | None
    match news:
        case FeedLost() | FeedRestored() | AccountLost() | AccountRestored():
            alert = _connection(news)
        case HealingActed():
            alert = _healing(news)
        case ReconcileMismatch() | ReconcileMatched():
            alert = _books(news)
        case OrderOutcomeUnknown(client_order_id=order, instrument=instrument, reason=reason):
            text = f"of order {order} nobody knows the outcome, it is asked for: {reason}"
            subject = f"{instrument.venue} {instrument.symbol}"
            alert = Alert(AlertKind.ORDER_UNKNOWN, subject, text, news.ts_local_ns)
        case DeadManChanged():
            alert = _dead_man(news)
        case ChainHeard():
            alert = _chain(news)
        case _:
            alert = _trading(news)
    return alert


def _trading(news: TradingHalted | TradingResumed | PositionsFlattened | StopHit) -> Alert:
    match news:
        case TradingHalted(reason=reason, ts_ns=ts_ns):
            selling = "; positions are sold" if news.is_flattening else ""
            return Alert(AlertKind.HALT, TRADING, f"{reason}{selling}", ts_ns)
        case TradingResumed(operator=operator, ts_ns=ts_ns):
            return Alert(AlertKind.RESUME, TRADING, operator, ts_ns)
        case PositionsFlattened(ts_ns=ts_ns):
            return Alert(AlertKind.FLATTENED, TRADING, "nothing is held any more", ts_ns)
        case StopHit(symbol=symbol, ts_ns=ts_ns):
            return Alert(AlertKind.STOP, symbol, f"{news.words}: it is sold", ts_ns)


def _books(news: ReconcileMismatch | ReconcileMatched) -> Alert:
    subject = f"{news.venue} {news.asset}"
    if isinstance(news, ReconcileMismatch):
        text = f"{news.words}: no entries there"
        return Alert(AlertKind.BOOKS_DIFFER, subject, text, news.ts_ns)
    return Alert(AlertKind.BOOKS_AGREE, subject, "they agree again", news.ts_ns)


def _chain(news: ChainHeard) -> Alert:
    if news.is_connected:
        return Alert(AlertKind.CHAIN_BACK, CHAIN, "its node is heard again", news.ts_ns)
    return Alert(AlertKind.CHAIN_LOST, CHAIN, f"its node is not heard: {news.reason}", news.ts_ns)


def _dead_man(news: DeadManChanged) -> Alert | None:
    if news.is_armed:
        return Alert(AlertKind.DEAD_MAN_ARMED, news.venue, news.detail, news.ts_ns)
    if not news.is_overdue:
        return None  # the countdown of the last success still runs, and it is tried again
    text = f"should we die, nobody cancels our entries there: {news.detail}"
    return Alert(AlertKind.DEAD_MAN_UNARMED, news.venue, text, news.ts_ns)


def _connection(news: FeedLost | FeedRestored | AccountLost | AccountRestored) -> Alert:
    is_feed = isinstance(news, FeedLost | FeedRestored)
    subject = f"{news.venue} {'market data' if is_feed else 'account'}"
    if isinstance(news, FeedLost | AccountLost):
        return Alert(AlertKind.VENUE_LOST, subject, f"lost: {news.reason}", news.ts_local_ns)
    return Alert(AlertKind.VENUE_BACK, subject, "back", news.ts_local_ns)


def _healing(news: HealingActed) -> Alert | None:
    match news.action:
        case HealingAction.OPEN_CIRCUIT:
            text = f"no entries there: {news.reason}"
            return Alert(AlertKind.CIRCUIT_OPEN, news.subject, text, news.ts_ns)
        case HealingAction.CLOSE_CIRCUIT:
            return Alert(AlertKind.CIRCUIT_CLOSED, news.subject, news.reason, news.ts_ns)
        case _:
            return None  # healed without anybody's help
