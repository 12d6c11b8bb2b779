"""Order flow, peers: known values, streaming equals columnar across gaps and duplicates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.book import Quote
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.market.bars import SECOND_NS, BarSettings
from bot3.market.features import FEATURE_INDEX, WARM_UP_BARS
from bot3.market.flow import OrderFlow, order_flow
from bot3.market.peers import Peers
from bot3.market.view import MarketView
from bot3.messages.market import BookLost, BookReplaced, QuoteChanged, TradePrinted
from bot3.messages.mev import DexTraded
from bot3.messages.minds import FeaturesComputed

A, B, C = (InstrumentId(VenueName(name), Symbol("BTC/USDT")) for name in "abc")
START_NS = 1_700_000_000 * SECOND_NS


@pytest.mark.parametrize(
    ("quote", "flow"),
    [
        (Quote(99.0, 4.0, 101.0, 2.0), 2.0),  # the bid's queue grew
        (Quote(99.0, 2.0, 101.0, 1.0), 1.0),  # the ask's shrank
        (Quote(99.5, 3.0, 101.0, 2.0), 3.0),  # the bid rose
        (Quote(98.0, 9.0, 101.0, 2.0), -2.0),  # the bid fell
        (Quote(99.0, 2.0, 100.0, 5.0), -5.0),  # the ask fell
        (Quote(99.0, 2.0, 102.0, 5.0), 2.0),  # the ask rose
    ],
)
def test_known_contributions(quote: Quote, flow: float) -> None:
    meter = OrderFlow()
    meter.on_quote(Quote(99.0, 2.0, 101.0, 2.0))
    meter.on_quote(quote)
    depth = (4.0 + quote.bid_amount + quote.ask_amount) / 4.0
    assert meter.take() == pytest.approx(flow / depth)
    assert meter.take() == 0.0


_AMOUNT = st.integers(1, 9).map(float)
_QUOTE = st.tuples(st.integers(90, 95), _AMOUNT, st.integers(96, 99), _AMOUNT)


@given(st.lists(st.tuples(_QUOTE, st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_streaming_equals_columnar(rows: list) -> None:
    """Each quote: perhaps after a loss of the book, perhaps the first of a bar; some are equal."""
    meter, streamed = OrderFlow(), []
    quotes, has_before, bars = [], [], []
    for quote, is_lost, ends_bar in rows:
        if is_lost:
            meter.lose()
        if ends_bar:
            streamed.append(meter.take())
        meter.on_quote(Quote(*map(float, quote)))
        quotes.append(quote)
        has_before.append(len(quotes) > 1 and not is_lost)
        bars.append(len(streamed))
    streamed.append(meter.take())
    column = order_flow(
        np.array(quotes, dtype=float), np.array(has_before), np.array(bars), len(streamed)
    )
    np.testing.assert_allclose(streamed, column, rtol=1e-9, atol=1e-9)


def test_peers_say_how_far_and_who_moved_first() -> None:
    peers = Peers()
    assert peers.take(100.0) == (0.0, 0.0)
    peers.on_mid(B, 100.1)
    peers.on_mid(C, 99.9)
    assert peers.take(100.0) == (pytest.approx(-0.005, abs=1e-6), 0.0)
    peers.on_mid(B, 100.1 * math.exp(3e-4))
    peers.on_mid(C, 99.9 * math.exp(1e-4))
    basis, lead = peers.take(100.0)
    assert lead == pytest.approx(2.0)
    assert basis == pytest.approx(1.995, abs=1e-6)
    peers.on_lost(B)
    peers.on_lost(C)
    assert peers.take(100.0) == (0.0, 0.0)


def _warm_view() -> MarketView:
    view = MarketView(A, BarSettings(interval_s=1))
    for second in range(WARM_UP_BARS + 2):
        ts_ns = START_NS + second * SECOND_NS
        view.apply(BookReplaced(A, [(99.0, 2.0)], [(101.0, 2.0)], second + 1, ts_ns, ts_ns))
        view.apply(TradePrinted(A, second, 100.0, 1.0, Side.BUY, ts_ns, ts_ns))
    return view


def _next_bar(view: MarketView, second: int) -> dict[str, float]:
    ts_ns = START_NS + (WARM_UP_BARS + second) * SECOND_NS
    [features] = [
        out
        for out in view.apply(TradePrinted(A, 1, 100.0, 1.0, Side.BUY, ts_ns, ts_ns))
        if isinstance(out, FeaturesComputed)
    ]
    return {name: features.values[at] for name, at in FEATURE_INDEX.items()}


def test_a_bar_has_its_own_flow_and_its_peers() -> None:
    view = _warm_view()
    at_ns = START_NS + (WARM_UP_BARS + 1) * SECOND_NS
    view.on_peer(QuoteChanged(B, Quote(100.0, 1.0, 102.0, 1.0), at_ns, at_ns))
    view.apply(BookReplaced(A, [(99.0, 6.0)], [(101.0, 2.0)], 900, at_ns, at_ns))
    first = _next_bar(view, 2)
    usual = 2.0 + 0.05 * (4.0 - 2.0)  # the first quote of a bar counts, too
    assert first["order_flow"] == pytest.approx(4.0 / usual)
    assert first["basis_bps"] == pytest.approx(1e4 * math.log(1.01))
    assert first["depth_imbalance"] == 0.5
    second = _next_bar(view, 3)
    assert second["order_flow"] == 0.0
    assert second["order_flow_5"] == pytest.approx(4.0 / usual)
    view.on_peer(BookLost(B, "gone", at_ns))
    assert _next_bar(view, 4)["basis_bps"] == 0.0


def test_what_pools_traded_counts_in_the_bar_it_was_heard_in() -> None:
    view = _warm_view()
    for bought, sold in ((3.0, 0.0), (0.0, 1.0)):
        view.on_pools(DexTraded(A.symbol, 7, 100.0, bought, sold, START_NS))
    assert _next_bar(view, 2)["pool_flow"] == 0.5
    assert _next_bar(view, 3)["pool_flow"] == 0.0


def test_a_lost_book_breaks_the_flow_off() -> None:
    view = _warm_view()
    at_ns = START_NS + (WARM_UP_BARS + 1) * SECOND_NS
    view.apply(BookLost(A, "gap", at_ns))
    view.apply(BookReplaced(A, [(99.0, 60.0)], [(101.0, 2.0)], 901, at_ns, at_ns))
    assert _next_bar(view, 2)["order_flow"] == 0.0
