"""The view of one market: quotes only from a book to be trusted, bars and features in order."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.market.bars import SECOND_NS, BarSettings
from bot3.market.features import FEATURE_INDEX, WARM_UP_BARS, FeatureEngine, bar_columns
from bot3.market.view import MarketView
from bot3.messages.market import (
    BarClosed,
    BestQuoted,
    BookChanged,
    BookLost,
    BookReplaced,
    FeedLost,
    QuoteChanged,
    ResyncBook,
    TradePrinted,
)
from bot3.messages.minds import FeaturesComputed

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
ETH = InstrumentId(VenueName("binance"), Symbol("ETH/USDT"))
START_NS = 1_700_000_000 * SECOND_NS


def _view() -> MarketView:
    return MarketView(BTC, BarSettings(interval_s=1))


def _book(bid: float = 99.0, ask: float = 101.0) -> BookReplaced:
    return BookReplaced(BTC, [(bid, 3.0), (bid - 1, 5.0)], [(ask, 1.0), (ask + 1, 5.0)], 1, 10, 20)


def _change(bids: list, asks: list) -> BookChanged:
    return BookChanged(BTC, bids, asks, 2, 11, 21)


def _trade(ts_ns: int, price: float = 100.0) -> TradePrinted:
    return TradePrinted(BTC, 1, price, 1.0, Side.BUY, ts_ns, ts_ns + 5)


def _history(count: int) -> list[Bar]:
    dice = np.random.default_rng(0)
    close = 100.0 * np.exp(np.cumsum(dice.normal(0, 1e-3, count)))
    return [
        Bar(BTC, 1, START_NS + (i - count) * SECOND_NS, c, c * 1.001, c * 0.999, c, 2.0, 1.0, 1)
        for i, c in enumerate(close.tolist())
    ]


def test_only_a_changed_quote_is_told() -> None:
    view = _view()
    assert view.apply(_change([(99.0, 1.0)], [])) == []  # before any book
    assert not view.is_synced
    (first,) = view.apply(_book())
    assert first == QuoteChanged(BTC, Quote(99.0, 3.0, 101.0, 1.0), 10, 20, 1)
    assert view.apply(_change([(98.0, 7.0)], [])) == []
    (second,) = view.apply(_change([], [(101.0, 0.0)]))
    assert isinstance(second, QuoteChanged)
    assert second.quote.ask == 102.0
    assert view.depth(1) == ([(99.0, 3.0)], [(102.0, 5.0)])


def test_a_crossed_book_asks_once_and_waits_for_a_whole_one() -> None:
    view = _view()
    view.apply(_book())
    (resync,) = view.apply(_change([(101.5, 1.0)], []))
    assert isinstance(resync, ResyncBook)
    assert "crossed" in resync.reason
    assert (view.is_synced, view.quote, view.depth(5)) == (False, None, ([], []))
    assert view.apply(_change([(98.5, 1.0)], [])) == []
    assert len(view.apply(_book())) == 1
    assert view.is_synced


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_a_bad_level_costs_a_resync(bad: float) -> None:
    view = _view()
    view.apply(_book())
    (resync,) = view.apply(_change([], [(105.0, bad)]))
    assert isinstance(resync, ResyncBook)
    view.apply(_book())
    (resync,) = view.apply(_book(bid=bad))
    assert isinstance(resync, ResyncBook)


def test_a_lost_book_and_a_lost_feed_silence_quotes() -> None:
    for event in (BookLost(BTC, "gap", 1), FeedLost(BTC.venue, "reset", 1)):
        view = _view()
        view.apply(_book())
        assert view.apply(event) == []
        assert not view.is_synced
        assert len(view.apply(_book())) == 1  # the same quote is news again
    view.apply(FeedLost(VenueName("okx"), "reset", 1))
    assert view.is_synced


def test_an_empty_side_has_no_quote() -> None:
    view = _view()
    view.apply(_book())
    assert view.apply(_change([], [(101.0, 0.0), (102.0, 0.0)])) == []
    assert (view.quote, view.is_synced) == (None, True)


def test_history_then_live_is_one_stream_of_features() -> None:
    view, history = _view(), _history(WARM_UP_BARS + 5)
    warm = view.warm_up(history)
    assert [m.bar for m in warm if isinstance(m, BarClosed)] == history
    features = [m for m in warm if isinstance(m, FeaturesComputed)]
    assert len(features) == 5
    assert all(m.is_warm_up for m in warm if isinstance(m, BarClosed | FeaturesComputed))

    view.apply(_book())
    assert view.apply(_trade(START_NS, 100.0)) == []
    bar, live = view.apply(_trade(START_NS + SECOND_NS, 101.0), origin_ns=77)
    assert isinstance(bar, BarClosed)
    assert isinstance(live, FeaturesComputed)
    assert (live.origin_ns, live.is_warm_up, live.close) == (77, False, 100.0)
    assert bar.ts_local_ns == START_NS + SECOND_NS + 5
    assert live.ts_ns == bar.bar.close_ns == START_NS + SECOND_NS
    assert live.log_return == pytest.approx(math.log(100.0 / history[-1].close))
    assert live.values[FEATURE_INDEX["queue_imbalance"]] == 0.5
    columns = FeatureEngine(BTC).columns(bar_columns([*history, bar.bar]))
    for name in ("volatility_60", "adx_14", "macd_histogram", "trade_flow"):
        assert live.values[FEATURE_INDEX[name]] == pytest.approx(columns[name][-1], abs=1e-9)


def test_time_closes_bars_without_trades() -> None:
    view = _view()
    view.apply(_trade(START_NS))
    out = view.on_time(START_NS + 3 * SECOND_NS + SECOND_NS // 2)
    assert [m.bar.open_ns for m in out if isinstance(m, BarClosed)] == [
        START_NS,
        START_NS + SECOND_NS,
        START_NS + 2 * SECOND_NS,
    ]


@pytest.mark.parametrize("ahead_ns", [400 * SECOND_NS, -400 * SECOND_NS])
def test_bars_are_the_venues_whatever_our_clock_says(ahead_ns: int) -> None:
    view = _view()
    view.apply(TradePrinted(BTC, 1, 100.0, 1.0, Side.BUY, START_NS, START_NS + ahead_ns))
    assert view.on_time(START_NS + ahead_ns + SECOND_NS) == []  # within the grace
    late = START_NS + SECOND_NS // 2
    assert view.apply(TradePrinted(BTC, 2, 102.0, 1.0, Side.BUY, late, late + ahead_ns)) == []
    (closed,) = view.on_time(START_NS + ahead_ns + 3 * SECOND_NS // 2)
    assert isinstance(closed, BarClosed)
    assert (closed.bar.open_ns, closed.bar.close, closed.bar.trades) == (START_NS, 102.0, 2)
    assert view.ignored_trades == 0


def test_no_bar_is_closed_by_time_before_the_venues_time_is_known() -> None:
    view, ahead_ns = _view(), 400 * SECOND_NS
    view.warm_up(_history(3))
    assert view.on_time(START_NS + ahead_ns) == []
    view.apply(BookChanged(BTC, [], [], 1, START_NS, START_NS + ahead_ns))
    assert view.on_time(START_NS + ahead_ns) == []
    (closed,) = view.on_time(START_NS + ahead_ns + 3 * SECOND_NS // 2)
    assert isinstance(closed, BarClosed)
    assert closed.bar.open_ns == START_NS


def test_each_of_several_bars_closed_at_once_has_its_own_time() -> None:
    view, history = _view(), _history(WARM_UP_BARS + 5)
    view.warm_up(history)
    view.apply(_trade(START_NS))
    out = view.on_time(START_NS + 3 * SECOND_NS + SECOND_NS // 2)
    times = [m.ts_ns for m in out if isinstance(m, FeaturesComputed)]
    assert times == [START_NS + n * SECOND_NS for n in (1, 2, 3)]


def test_bad_trades_are_counted() -> None:
    view = _view()
    view.apply(_trade(START_NS + SECOND_NS))
    view.apply(_trade(START_NS))
    view.apply(_trade(START_NS + SECOND_NS, math.nan))
    assert view.ignored_trades == 2


def test_an_event_of_another_instrument_is_an_error() -> None:
    with pytest.raises(ValueError, match="ETH/USDT"):
        _view().apply(BookLost(ETH, "gap", 1))


def _touch(sequence: int, bid: float, ask: float) -> BestQuoted:
    return BestQuoted(BTC, Quote(bid, 1.0, ask, 1.0), sequence, 12, 22)


def test_the_newer_of_the_books_touch_and_the_venues_own_counts() -> None:
    view = _view()
    assert view.apply(_touch(5, 98.0, 100.0)) == []  # before any book
    view.apply(_book())
    (told,) = view.apply(_touch(5, 98.0, 100.0))
    assert isinstance(told, QuoteChanged)
    assert (told.quote.bid, told.quote.ask, told.sequence) == (98.0, 100.0, 5)
    assert view.apply(_touch(5, 97.0, 100.0)) == []  # no newer
    assert view.apply(_touch(4, 97.0, 100.0)) == []
    assert view.apply(_change([(99.0, 0.0)], [])) == []  # as of 2: older than the touch
    assert (view.quote, view.quote_sequence) == (told.quote, 5)
    newer = BookChanged(BTC, [(98.0, 2.0)], [(100.0, 3.0)], 6, 13, 23)
    (told,) = view.apply(newer)
    assert (told.quote, told.sequence) == (Quote(98.0, 2.0, 100.0, 3.0), 6)


def test_a_venue_that_counts_anew_is_believed() -> None:
    view = _view()
    view.apply(BookReplaced(BTC, [(99.0, 3.0)], [(101.0, 1.0)], 1_000, 10, 20))
    view.apply(_touch(1_001, 98.0, 100.0))
    (told,) = view.apply(BookChanged(BTC, [(99.5, 3.0)], [], 7, 13, 23))
    assert (told.quote.bid, told.sequence) == (99.5, 7)


@pytest.mark.parametrize(
    "quote", [Quote(100.0, 1.0, 99.0, 1.0), Quote(98.0, 0.0, 100.0, 0.0), Quote(98.0, 1.0, 99.0, 0)]
)
def test_a_touch_of_the_venues_that_is_none_costs_the_book(quote: Quote) -> None:
    view = _view()
    view.apply(_book())
    (asked,) = view.apply(BestQuoted(BTC, quote, 5, 12, 22))
    assert isinstance(asked, ResyncBook)
    assert view.quote is None
    assert view.apply(_touch(6, 98.0, 100.0)) == []
