"""Which alerts an operator gets."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.order import OrderStatus
from bot3.domain.values import Price, Quantity, Side, Symbol, VenueName
from bot3.messages.account import (
    BalanceMismatch,
    BalancesCompared,
    ReconcileMatched,
    ReconcileMismatch,
)
from bot3.messages.alerts import Alert, AlertFailed, AlertKind, AlertSent
from bot3.messages.control import (
    PositionsFlattened,
    StopHit,
    TradingHalted,
    TradingResumed,
)
from bot3.messages.healing import HealingActed, HealingAction
from bot3.messages.market import FeedLost, FeedRestored, TimerTicked
from bot3.messages.mev import ChainHeard, DexPriced
from bot3.messages.orders import (
    AccountLost,
    AccountRestored,
    DeadManChanged,
    ForeignOrdersSeen,
    OrderOutcomeUnknown,
    VenueOrder,
)
from bot3.telemetry.alert_actor import AlertWatchActor, WatchedBoard
from bot3.telemetry.alerts import KEPT_MAX, NEWS, Alerts
from bot3.telemetry.metrics import Registry
from bot3.telemetry.status_metrics import StatusMetrics
from tests.bot3.listening import Ear
from tests.bot3.making import BTC, KEY, START_NS, VENUE, d, id_of
from tests.bot3.telemetry.test_board import Panel

PAUSE_S = 300
OTHER = VenueName("okx")


def at(second: float) -> int:
    return START_NS + round(second * 1e9)


def halted(second: float) -> TradingHalted:
    return TradingHalted("drawdown", at(second), is_flattening=True)


def dex(second: float, *, is_wide: bool, symbol: str = "ETH/USDT") -> DexPriced:
    return DexPriced(Symbol(symbol), 3_000.0, 80.0, 0.0, 0.0, is_wide, at(second))


def foreign(second: float, *ids: str) -> ForeignOrdersSeen:
    one, price = Quantity(d(1)), Price(d(100))
    orders = tuple(
        VenueOrder("", each, KEY, Side.BUY, OrderStatus.OPEN, one, Quantity(d(0)), price, START_NS)
        for each in ids
    )
    return ForeignOrdersSeen(VENUE, orders, at(second))


def compared(second: float, *venues: VenueName) -> BalancesCompared:
    found = tuple(BalanceMismatch(venue, BTC, d(1), d(2)) for venue in venues)
    return BalancesCompared(found, at(second))


def told(*news: Any, pause_s: float = PAUSE_S) -> list[tuple[str, str]]:
    """Kind and subject of all alerts, in order."""
    alerts = Alerts(pause_s)
    answers = [alerts.take(each) for each in news]
    return [(each.kind.value, each.subject) for each in answers if each is not None]


ACTED = HealingAction
PAIRS = [
    (halted(0), TradingResumed("ann", at(1)), "halt resume", "trading"),
    (FeedLost(VENUE, "cut", at(0)), FeedRestored(VENUE, at(1)), "venue_lost venue_back",
     "binance market data"),
    (AccountLost(VENUE, "cut", at(0)), AccountRestored(VENUE, 0, at(1)), "venue_lost venue_back",
     "binance account"),
    (HealingActed(ACTED.OPEN_CIRCUIT, "okx", "503", at(0)),
     HealingActed(ACTED.CLOSE_CIRCUIT, "okx", "ok", at(1)), "circuit_open circuit_closed", "okx"),
    (ChainHeard(False, "cut", 0, at(0)), ChainHeard(True, "", 0, at(1)), "chain_lost chain_back",
     "chain"),
    (ReconcileMismatch(VENUE, BTC, d(1), d(2), at(0)), ReconcileMatched(VENUE, BTC, at(1)),
     "books_differ books_agree", "binance BTC"),
    (DeadManChanged(OTHER, False, "503", at(0), True), DeadManChanged(OTHER, True, "yes", at(1)),
     "dead_man_unarmed dead_man_armed", "okx"),
]  # fmt: skip


@pytest.mark.parametrize(("begins", "ends", "kinds", "subject"), PAIRS)
def test_what_begins_and_what_ends(begins: Any, ends: Any, kinds: str, subject: str) -> None:
    begun, ended = kinds.split()
    assert told(begins, ends) == [(begun, subject), (ended, subject)]
    assert told(ends) == []  # at a start everything is "restored": nobody missed it


@pytest.mark.parametrize(
    ("news", "kind", "subject", "words"),
    [
        (halted(0), "halt", "trading", "drawdown; positions are sold"),
        (PositionsFlattened(at(0)), "flattened", "trading", "nothing is held"),
        (StopHit(Symbol("BTC/USDT"), d(100), d(94), at(0), at(9)), "stop", "BTC/USDT", "6.00%"),
        (
            OrderOutcomeUnknown(id_of(), KEY, "HTTP 503", at(0)),
            "order_unknown",
            "binance BTC/USDT",
            "HTTP 503",
        ),
        (foreign(0, "x"), "foreign_order", "binance x", "buy 1 at 100"),
        (compared(0, OTHER), "balance", "okx BTC", "the venue has 2, our books have 1"),
        (dex(0, is_wide=True), "dex_gap", "ETH/USDT", "+80.0 bps"),
    ],
)
def test_one_alert_has_what_when_and_why(news: Any, kind: str, subject: str, words: str) -> None:
    alert = Alerts(PAUSE_S).take(news)
    assert alert is not None
    assert (alert.kind, alert.subject, alert.ts_ns) == (AlertKind(kind), subject, at(0))
    assert words in alert.text


def test_a_dead_mans_switch_that_missed_one_renewal_is_not_told() -> None:
    assert (
        told(DeadManChanged(OTHER, False, "503", at(0)), DeadManChanged(OTHER, True, "", at(1)))
        == []
    )


def test_what_healed_itself_is_not_told() -> None:
    for action in set(ACTED) - {ACTED.OPEN_CIRCUIT}:
        assert told(HealingActed(action, "okx", "x", at(0))) == []


def test_the_same_is_not_told_again_at_once() -> None:
    lost, later = FeedLost(VENUE, "cut", at(0)), FeedLost(VENUE, "cut", at(PAUSE_S - 1))
    assert len(told(lost, later)) == 1
    assert len(told(lost, later, FeedLost(VENUE, "cut", at(PAUSE_S)))) == 2
    assert len(told(lost, later, FeedLost(OTHER, "cut", at(2)))) == 2
    assert len(told(lost, later, pause_s=0)) == 2


def test_what_was_lost_again_meanwhile_is_told_later_if_it_still_is() -> None:
    flaps = [FeedLost(VENUE, "cut", at(0)), FeedRestored(VENUE, at(1)), FeedLost(VENUE, "!", at(2))]
    quiet = [TimerTicked(at(PAUSE_S - 1))]
    late = [TimerTicked(at(PAUSE_S)), TimerTicked(at(PAUSE_S + 1))]
    kinds = [kind for kind, _ in told(*flaps, *quiet, *late)]
    assert kinds == ["venue_lost", "venue_back", "venue_lost"]
    assert len(told(*flaps, FeedRestored(VENUE, at(3)), *quiet, *late)) == 2


def test_a_wide_gap_is_told_when_it_becomes_wide() -> None:
    wide = [dex(second, is_wide=True) for second in (0, 400, 800)]
    assert len(told(*wide)) == 1
    assert len(told(*wide, dex(801, is_wide=False), dex(1_200, is_wide=True))) == 2
    assert len(told(*wide, dex(2, is_wide=True, symbol="BTC/USDT"))) == 2


def test_foreign_orders_and_balances_are_told_one_by_one() -> None:
    assert told(foreign(0, "x"), foreign(400, "x", "y"), foreign(800, "y")) == [
        ("foreign_order", "binance x"),
        ("foreign_order", "binance y"),
    ]
    beat = TimerTicked(at(1))
    assert told(compared(0, VENUE, OTHER), compared(0.5, VENUE, OTHER), beat) == [
        ("balance", "binance BTC"),
        ("balance", "okx BTC"),
    ]


def test_memory_is_bounded() -> None:
    alerts = Alerts(PAUSE_S)
    for number in range(3 * KEPT_MAX):
        alerts.take(FeedLost(VenueName(f"v{number}"), "cut", at(0)))
    assert len(alerts._matters) == len(alerts._told_ns) == KEPT_MAX


def test_a_clock_that_was_set_back_holds_nobody_up() -> None:
    assert len(told(FeedLost(VENUE, "cut", at(10_000)), FeedLost(VENUE, "cut", at(0)))) == 2


STEPS = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["lost", "back", "wide", "narrow", "beat"])),
    max_size=60,
)


@given(STEPS)
def test_nothing_is_repeated_and_the_last_word_is_true(steps: list[tuple[int, str]]) -> None:
    alerts, second, is_lost, heard = Alerts(PAUSE_S), 0, False, list[tuple[int, Alert]]()
    make = {
        "lost": lambda: FeedLost(VENUE, "cut", at(second)),
        "back": lambda: FeedRestored(VENUE, at(second)),
        "wide": lambda: dex(second, is_wide=True),
        "narrow": lambda: dex(second, is_wide=False),
        "beat": lambda: TimerTicked(at(second)),
    }
    for after_s, what in [*steps, *[(PAUSE_S, "beat")] * 4]:
        second += after_s
        is_lost = {"lost": True, "back": False}.get(what, is_lost)
        alert = alerts.take(make[what]())
        if alert is not None:
            heard.append((second, alert))
    last: dict[tuple[AlertKind, str], int] = {}
    for told_s, alert in heard:
        key = (alert.kind, alert.subject)
        assert told_s - last.get(key, -PAUSE_S) >= PAUSE_S
        last[key] = told_s
    words = [each.kind for _, each in heard if each.kind is not AlertKind.DEX_GAP]
    assert (words[-1:] == [AlertKind.VENUE_LOST]) == is_lost
    for before, now in pairwise([AlertKind.VENUE_BACK, *words]):
        assert now is AlertKind.VENUE_LOST or before is AlertKind.VENUE_LOST


def test_the_board_hears_all_of_it_and_the_alerts_what_matters() -> None:
    board, watch, operator = Ear(), Ear(), Ear()
    watched = WatchedBoard(board, watch)
    news = [AlertSent(AlertKind.HALT), halted(0), compared(0)]
    for each in news:
        watched.send(each)
    assert (watched.name, board.heard, watch.heard) == ("ear", news, news[1:])
    actor = AlertWatchActor(Alerts(PAUSE_S), operator)
    for each in watch.heard:
        actor.handle(each)
    assert [each.kind for each in operator.heard] == [AlertKind.HALT]
    assert TimerTicked in NEWS


def test_what_was_told_is_counted() -> None:
    panel, registry = Panel(), Registry()
    for each in (AlertSent(AlertKind.HALT), AlertSent(AlertKind.HALT), AlertFailed(AlertKind.STOP)):
        panel.take(each)
    StatusMetrics(registry).publish(panel.status())
    text = registry.render()
    assert 'bot3_alerts_total{kind="halt"} 2' in text
    assert "bot3_alerts_failed_total 1" in text
