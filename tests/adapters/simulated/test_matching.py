"""The engine: price before time, each order type, prevention, contiguous ids."""

from __future__ import annotations

from adapters.simulated.book import Ended, Ending, LevelSet, Trade
from adapters.simulated.matching import MatchingEngine
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side

BUY, SELL = Side.BUY, Side.SELL


def engine_with_asks() -> MatchingEngine:
    engine = MatchingEngine()
    for order_id, price, lots in ((1, 101, 5), (2, 100, 3), (3, 100, 4)):
        engine.place(order_id, 10 + order_id, SELL, lots, price)
    return engine


def trades(events: list) -> list[tuple[int, int, int]]:
    return [(e.maker_id, e.price, e.lots) for e in events if isinstance(e, Trade)]


def test_better_price_first_then_earlier_time() -> None:
    events = engine_with_asks().place(9, 1, BUY, 9, 101)
    assert trades(events) == [(2, 100, 3), (3, 100, 4), (1, 101, 2)]


def test_the_rest_of_a_limit_order_rests_at_its_price() -> None:
    engine = engine_with_asks()
    events = engine.place(9, 1, BUY, 10, 100)
    assert trades(events) == [(2, 100, 3), (3, 100, 4)]
    assert engine.top(BUY, 5) == [(100, 3)]
    assert engine.top(SELL, 5) == [(101, 5)]


def test_a_partly_filled_maker_keeps_its_place() -> None:
    engine = engine_with_asks()
    engine.place(9, 1, BUY, 1, 100)
    assert [order.order_id for order in engine.orders_at(SELL, 100)] == [2, 3]
    assert trades(engine.place(10, 1, BUY, 3, 100)) == [(2, 100, 2), (3, 100, 1)]


def test_ioc_expires_its_rest() -> None:
    engine = engine_with_asks()
    events = engine.place(9, 1, BUY, 10, 100, tif=TimeInForce.IOC)
    assert sum(lots for *_, lots in trades(events)) == 7
    assert events[-1] == Ended(9, 1, 3, Ending.IOC_REST)
    assert engine.top(BUY, 1) == []


def test_fok_takes_all_or_nothing() -> None:
    engine = engine_with_asks()
    refused = engine.place(9, 1, BUY, 8, 100, tif=TimeInForce.FOK)
    assert refused == [Ended(9, 1, 8, Ending.FOK_UNFILLED)]
    filled = engine.place(10, 1, BUY, 7, 100, tif=TimeInForce.FOK)
    assert trades(filled) == [(2, 100, 3), (3, 100, 4)]


def test_fok_does_not_count_own_orders() -> None:
    engine = engine_with_asks()
    events = engine.place(9, 12, BUY, 7, 100, tif=TimeInForce.FOK)
    assert events == [Ended(9, 12, 7, Ending.FOK_UNFILLED)]
    assert 2 in engine


def test_post_only_never_takes() -> None:
    engine = engine_with_asks()
    kind = OrderType.POST_ONLY
    assert engine.place(9, 1, BUY, 1, 100, kind=kind) == [Ended(9, 1, 1, Ending.WOULD_TAKE)]
    engine.place(10, 1, BUY, 1, 99, kind=kind)
    assert engine.best(BUY) == 99


def test_a_market_order_expires_what_the_book_has_not() -> None:
    engine = engine_with_asks()
    events = engine.place(9, 1, BUY, 20, None, kind=OrderType.MARKET)
    assert trades(events) == [(2, 100, 3), (3, 100, 4), (1, 101, 5)]
    assert events[-1] == Ended(9, 1, 8, Ending.NO_LIQUIDITY)
    assert engine.best(SELL) is None


def test_an_own_maker_in_the_way_expires_and_the_taker_goes_on() -> None:
    engine = engine_with_asks()
    events = engine.place(9, 12, BUY, 5, 100)
    assert events[0] == Ended(2, 12, 3, Ending.SELF_TRADE)
    assert trades(events) == [(3, 100, 4)]
    assert engine.top(BUY, 1) == [(100, 1)]


def test_the_market_itself_may_trade_with_itself() -> None:
    engine = MatchingEngine()
    engine.place(-1, 0, SELL, 2, 100)
    assert trades(engine.place(-2, 0, BUY, 2, 100)) == [(-1, 100, 2)]


def test_cancel_and_reduce_keep_the_level_right() -> None:
    engine = engine_with_asks()
    assert engine.cancel(77) == []
    engine.reduce(3, 1)
    assert engine.top(SELL, 1) == [(100, 6)]
    assert engine.cancel(2)[0] == Ended(2, 12, 3, Ending.CANCELED)
    assert engine.top(SELL, 1) == [(100, 3)]


def test_update_ids_and_trade_ids_have_no_hole_and_rebuild_the_book() -> None:
    engine = MatchingEngine()
    events = []
    for number in range(200):
        side = BUY if number % 3 else SELL
        events += engine.place(number, number, side, 1 + number % 7, 100 + (number * 37) % 11)
        if number % 5 == 0:
            events += engine.cancel(number - 3)
    levels = [event for event in events if isinstance(event, LevelSet)]
    assert [level.update_id for level in levels] == list(range(1, engine.update_id + 1))
    ids = [event.trade_id for event in events if isinstance(event, Trade)]
    assert ids == list(range(1, engine.trade_id + 1))
    book: dict[tuple[bool, int], int] = {}
    for level in levels:
        book[level.is_bid, level.price] = level.lots
    bids = sorted(((p, q) for (is_bid, p), q in book.items() if is_bid and q), reverse=True)
    asks = sorted((p, q) for (is_bid, p), q in book.items() if not is_bid and q)
    assert (bids, asks) == (engine.top(BUY, 99), engine.top(SELL, 99))


def test_sweep_and_lots_for_agree_with_what_is_taken() -> None:
    engine = engine_with_asks()
    assert engine.sweep(BUY, 9) == (9, 7 * 100 + 2 * 101)
    assert engine.sweep(BUY, 9, 100) == (7, 700)
    assert engine.lots_for(BUY, 902) == 9
    assert engine.lots_for(BUY, 901) == 8
    assert engine.sweep(BUY, 9, None, 12) == (9, 4 * 100 + 5 * 101)
