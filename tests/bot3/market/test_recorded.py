"""The whole way of features: trades and quotes with gaps, doubles and late ones, event by event,
against the same recording taken as columns.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.domain.bar import Bar
from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.market.bars import SECOND_NS, BarSettings
from bot3.market.features import FEATURE_NAMES, WARM_UP_BARS, FeatureEngine, bar_columns
from bot3.market.flow import order_flow
from bot3.market.sample import NO_BOOK, BookSample, book_sample
from bot3.market.view import MarketView
from bot3.messages.market import BookReplaced, TradePrinted
from bot3.messages.minds import FeaturesComputed

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
START_NS = 1_700_000_000 * SECOND_NS


def _recording(seed: int, seconds: int) -> list[BookReplaced | TradePrinted]:
    """Quotes and trades; some seconds without any, some trades late by a bar, some twice."""
    dice, price, out = np.random.default_rng(seed), 100.0, []
    at_ns, sequence = START_NS, 0
    while at_ns < START_NS + seconds * SECOND_NS:
        at_ns += int(dice.choice([0, 2e8, 5e8, 4e9], p=[0.2, 0.4, 0.35, 0.05]))
        price = round(price * float(np.exp(dice.normal(0, 5e-4))), 2)
        sequence += 1
        if dice.random() < 0.5:
            bids, asks = (
                [(price - 0.01, float(dice.integers(1, 9)))],
                [(price, float(dice.integers(1, 9)))],
            )
            out.append(BookReplaced(BTC, bids, asks, sequence, at_ns, at_ns))
            continue
        late_ns = SECOND_NS if dice.random() < 0.1 else 0
        side = Side.BUY if dice.random() < 0.5 else Side.SELL
        trade = TradePrinted(BTC, sequence, price, 0.5, side, max(at_ns - late_ns, START_NS), at_ns)
        out += [trade] * (2 if dice.random() < 0.1 else 1)
    return out


def _streamed(events: list[BookReplaced | TradePrinted]) -> dict[int, tuple[float, ...]]:
    view, found = MarketView(BTC, BarSettings(interval_s=1)), {}
    for event in events:
        for out in view.apply(event):
            if isinstance(out, FeaturesComputed):
                found[out.ts_ns] = out.values
    return found


class _Cut:
    """The recording as columns: which bar each event belongs to, and where bars end."""

    def __init__(self, events: list[BookReplaced | TradePrinted]) -> None:
        self.trades: list[TradePrinted] = []  # those that count, in order
        self.ends: list[int] = []  # of each closed bar: how many events came before its close
        last = -1
        for at, event in enumerate(events):
            if not isinstance(event, TradePrinted):
                continue
            bar = event.ts_venue_ns // SECOND_NS
            if bar < last:
                continue
            self.ends += [at] * (bar - last if last >= 0 else 0)
            self.trades.append(event)
            last = bar

    def bars(self) -> list[Bar]:
        seconds = np.array([trade.ts_venue_ns // SECOND_NS for trade in self.trades])
        prices = np.array([trade.price for trade in self.trades])
        amounts = np.array([trade.amount for trade in self.trades])
        bought = amounts * [trade.aggressor is Side.BUY for trade in self.trades]
        found, close = [], prices[0]
        for second in range(seconds[0], seconds[-1]):
            mine = seconds == second
            inside = prices[mine] if mine.any() else np.array([close])
            figures = (inside[0], inside.max(), inside.min(), inside[-1])
            found.append(
                Bar(BTC, 1, second * SECOND_NS, *map(float, figures), float(amounts[mine].sum()),
                    float(bought[mine].sum()), int(mine.sum()))
            )  # fmt: skip
            close = inside[-1]
        return found


def _samples(events: list[BookReplaced | TradePrinted], cut: _Cut) -> list[BookSample]:
    """The quote at each bar's close, and the flow of the quotes since the close before."""
    quotes: list[tuple[int, Quote]] = []
    for at, event in enumerate(events):
        if isinstance(event, BookReplaced):
            quote = Quote(*event.bids[0], *event.asks[0])
            if not quotes or quotes[-1][1] != quote:
                quotes.append((at, quote))
    ends = np.array(cut.ends)
    bars = np.searchsorted(ends, [at for at, _ in quotes], side="right")
    kept = bars < len(ends)
    flows = np.zeros(len(ends))
    if kept.any():
        table = np.array([quote for _, quote in quotes])[kept]
        has_before = np.arange(len(table)) > 0
        flows = order_flow(table, has_before, bars[kept], len(ends))
    samples = []
    for bar, end in enumerate(cut.ends):
        before = [quote for at, quote in quotes if at < end]
        if not before:
            samples.append(NO_BOOK)
            continue
        last = before[-1]
        levels = [(last.bid, last.bid_amount)], [(last.ask, last.ask_amount)]
        samples.append(book_sample(last, float(flows[bar]), levels))
    return samples


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_recording_gives_the_same_features_event_by_event_and_as_columns(seed: int) -> None:
    events = _recording(seed, WARM_UP_BARS + 40)
    streamed, cut = _streamed(events), _Cut(events)
    bars = cut.bars()
    columns = FeatureEngine(BTC).columns(bar_columns(bars, _samples(events, cut)))
    table = np.column_stack([columns[name] for name in FEATURE_NAMES])
    assert len(streamed) == len(bars) - WARM_UP_BARS > 20
    for bar, row in [*zip(bars, table, strict=True)][WARM_UP_BARS:]:
        np.testing.assert_allclose(streamed[bar.close_ns], row, rtol=1e-9, atol=1e-9)
