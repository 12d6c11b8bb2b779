"""Orders in a recorded book, event by event: late, queued, in parts, and never beyond the cash."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.backtest.book_events import BookEvent, MarketEvent, TradeEvent, Wish
from bot3.backtest.book_strategies import BuyAndHoldBook, JoinBid
from bot3.backtest.books import BookBacktest, BookRun
from bot3.backtest.settings import BacktestSettings
from bot3.domain.book import Quote
from bot3.domain.fill import Liquidity
from bot3.domain.values import Side
from bot3.execution.fill_model import FillSettings

MS, LOT = 1_000_000, Decimal("0.001")
BIDS, ASKS = [(100.0, 5.0), (99.0, 9.0)], [(101.0, 2.0), (102.0, 4.0)]


class Once:
    """One wish, at the first book; then nothing."""

    name, parameters = "once", {}

    def __init__(self, *wishes: Wish) -> None:
        self.wishes = list(wishes)

    def decide(self, now_ns: int, quote: Quote, held: Decimal, cash: Decimal) -> Wish | None:
        return self.wishes.pop(0) if self.wishes else None


def book(at_ms: int, bids: Sequence = BIDS, asks: Sequence = ASKS) -> BookEvent:
    return BookEvent(at_ms * MS, [*bids], [*asks], True)


def sold(at_ms: int, amount: float, price: float = 100.0) -> TradeEvent:
    return TradeEvent(at_ms * MS, price, amount, Side.SELL)


def run(strategy: object, events: Sequence[MarketEvent], **given: float) -> BookRun:
    settings = BacktestSettings(**{"cash": 1_000.0, "fee": 0.001, **given})
    return BookBacktest("BTC/USDT", LOT, settings, FillSettings(None)).run(strategy, events)


def test_it_waits_behind_what_rests_before_it_and_is_filled_in_parts() -> None:
    wish = Wish(Side.BUY, Decimal(2), Decimal(100), 10_000 * MS)
    events = [book(0), sold(10, 4.0), sold(20, 2.0), sold(30, 9.0), book(40)]
    found = run(Once(wish), events)
    assert [(float(f.amount.amount), f.liquidity) for f in found.fills] == [
        (1.0, Liquidity.MAKER), (1.0, Liquidity.MAKER),
    ]  # fmt: skip
    assert [f.ts_venue_ns // MS for f in found.fills] == [20, 30]
    last = found.last
    assert last.held == 2.0
    assert last.cash == pytest.approx(1_000 - 200 * 1.001)
    assert (found.orders, found.rested, found.rested_filled) == (1, 1, 1)


def test_what_trades_before_it_arrives_is_not_its() -> None:
    wish = Wish(Side.BUY, Decimal(2), Decimal(100), 10_000 * MS)
    events = [book(0), sold(10, 5.0), book(11, [(100.0, 0.5), (99.0, 9.0)]), sold(60, 1.5)]
    early, late = run(Once(wish), events), run(Once(wish), events, latency_s=0.05)
    assert sum(float(f.amount.amount) for f in early.fills) > 1.0
    assert [float(f.amount.amount) for f in late.fills] == [1.0]  # behind .5 that rested then


def test_patience_ends_and_the_cancel_is_late_too() -> None:
    wish = Wish(Side.BUY, Decimal(1), Decimal(100), 100 * MS)
    within = [book(0), book(20), sold(140, 6.0), book(150)]
    assert len(run(Once(wish), within, latency_s=0.05).fills) == 1
    beyond = [book(0), book(20), book(90), sold(151, 6.0), book(160)]
    assert run(Once(wish), beyond, latency_s=0.05).fills == ()


def test_crossing_walks_the_levels_and_stops_where_the_cash_ends() -> None:
    found = run(Once(Wish(Side.BUY, Decimal(5))), [book(0), book(10)], cash=10_000.0)
    paid = [(float(f.price.amount), float(f.amount.amount)) for f in found.fills]
    assert paid == [(101.0, 2.0), (102.0, 3.0)]
    poor = run(Once(Wish(Side.BUY, Decimal(50))), [book(0), book(10)], cash=300.0)
    assert poor.last.cash >= 0.0
    assert sum(float(f.amount.amount) for f in poor.fills) == pytest.approx(2.0, abs=0.98)
    nothing = run(Once(Wish(Side.SELL, Decimal(5))), [book(0), book(10)])
    assert nothing.fills == ()


def test_a_bid_joined_and_sold_again_loses_the_spread_and_fees() -> None:
    events: list[MarketEvent] = []
    for at in range(400):
        events += [book(100 * at), sold(100 * at + 50, 3.0)]
    found = run(JoinBid(wait_s=1.0, hold_s=0.5), events)
    assert found.rested_filled > 20
    assert found.last.cash + found.last.held * 100.0 < 1_000.0
    assert found.adverse_bps == pytest.approx(50.0)  # the mid stays at 100.5
    held = run(BuyAndHoldBook(), events)
    assert held.last.held > 0
    assert held.orders == 1


@given(st.integers(0, 10_000))
def test_cash_and_holding_are_never_negative_and_all_is_accounted(seed: int) -> None:
    dice = np.random.default_rng(seed)
    events: list[MarketEvent] = []
    price = 100.0
    for at in range(120):
        price = max(price + float(dice.integers(-2, 3)), 5.0)
        bids = [(price - step, float(dice.integers(1, 9))) for step in (1, 2, 3)]
        asks = [(price + step, float(dice.integers(1, 9))) for step in (1, 2, 3)]
        events.append(book(50 * at, bids, asks))
        side = Side.SELL if dice.random() < 0.5 else Side.BUY
        traded = price - 1 if side is Side.SELL else price + 1
        events.append(TradeEvent((50 * at + 20) * MS, traded, float(dice.integers(1, 20)), side))
    latency_s = float(dice.choice([0.0, 0.03, 0.2]))
    found = run(JoinBid(0.2, 0.1, 0.9), events, latency_s=latency_s)
    held, cash = Decimal(0), Decimal(1_000)
    for fill in found.fills:
        held += fill.side.sign * fill.amount.amount
        cash -= fill.side.sign * fill.amount.amount * fill.price.amount + fill.fee
        assert min(held, cash) >= Decimal("-1e-9")
    assert float(held) == pytest.approx(found.last.held, abs=1e-9)
    assert float(cash) == pytest.approx(found.last.cash)
    assert found.marks.final == pytest.approx(float(cash) + found.last.held * found.last.bid)
    times = found.marks.curve().equity.times_ns
    assert (times[0], times[-1]) == (found.first.ts_ns, found.last.ts_ns)
    assert (times[2:] - times[:-2] >= 1_000 * MS).all()


def test_without_a_whole_book_it_says_so() -> None:
    with pytest.raises(ValueError, match="no whole book"):
        run(Once(), [sold(0, 1.0)])
