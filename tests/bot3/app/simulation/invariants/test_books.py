from __future__ import annotations

from typing import Any

from attrs import evolve

from bot3.app.simulation.invariants.books import BooksAgree
from bot3.app.simulation.invariants.events import BookPublished, BookSeen, Levels, LevelsSeen
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.app.simulation.invariants.world_books import touch
from tests.bot3.making import KEY, VENUE, d


def history(**changes: Any) -> History:
    return History(BooksAgree(promises(**changes)).hear).begin()


def see(world: History, update_id: int, bid: str, ask: str) -> None:
    world.tell(BookSeen(VENUE, KEY.symbol, world.now_ns, update_id, touch(bid, ask)))


def test_a_book_that_follows_late_is_well() -> None:
    world = history()
    world.publish("100", "100.2")
    world.publish("100.1", "100.3")
    see(world, 1, "99.9", "100.1")
    see(world, 3, "100.1", "100.3")
    world.settle()
    assert world.texts == []


def test_another_price_at_the_same_state_is_caught() -> None:
    world = history()
    see(world, 1, "99.8", "100.1")
    (text,) = world.texts
    assert (
        text
        == "binance:BTC/USDT: book 1 is 1 at 99.9, 1 at 100.1, the bot has 1 at 99.8, 1 at 100.1"
    )


def see_levels(world: History, update_id: int, bids: str, asks: str) -> None:
    sides = ([(float(price), 1.0) for price in side.split()] for side in (bids, asks))
    world.tell(LevelsSeen(VENUE, KEY.symbol, world.now_ns, update_id, *sides))


def levels(bids: str, asks: str) -> Levels:
    """One unit at each price."""
    return Levels(
        tuple((d(price), d(1)) for price in bids.split()),
        tuple((d(price), d(1)) for price in asks.split()),
    )


def test_levels_behind_the_best_are_compared() -> None:
    world = history()
    best, there = touch("99.9", "100.1"), levels("99.9 99.8", "100.1 100.2")
    world.tell(BookPublished(VENUE, KEY.symbol, world.now_ns, 2, best, lambda: there))
    see_levels(world, 2, "99.9 99.8", "100.1 100.2")
    assert world.texts == []
    see_levels(world, 2, "99.9 99.85", "100.1 100.2")  # one that is gone
    see_levels(world, 2, "99.9 99.8", "100.1")  # one that was missed
    see_levels(world, 3, "99.9 99.8", "100.1 100.2")
    assert world.texts == [
        f"{KEY}: the bids of book 2 are 1 at 99.9, 1 at 99.8, the bot has 1 at 99.9, 1 at 99.85",
        f"{KEY}: the asks of book 2 are 1 at 100.1, 1 at 100.2, the bot has 1 at 100.1",
        f"{KEY}: book 3 was never published",
    ]


def test_another_amount_at_the_same_state_is_caught() -> None:
    world = history()
    told = touch("99.9", "100.1")._replace(ask_amount=d("1.00000001"))
    world.tell(BookSeen(VENUE, KEY.symbol, world.now_ns, 1, told))
    assert len(world.texts) == 1


def test_yesterdays_prices_under_todays_number_are_caught() -> None:
    world = history()
    world.publish("100", "100.2")
    see(world, 2, "99.9", "100.1")
    assert len(world.texts) == 1


def test_a_state_that_the_exchange_never_had_is_caught() -> None:
    world = history()
    see(world, 2, "99.9", "100.1")
    assert world.texts == ["binance:BTC/USDT: book 2 was never published"]


def test_a_state_that_is_too_old_to_be_remembered_is_let_pass() -> None:
    world = history(books_kept=3)
    for _ in range(5):
        world.publish("100", "100.2")
    see(world, 1, "1", "2")
    assert world.texts == []
    see(world, 5, "1", "2")
    see(world, 7, "1", "2")
    assert len(world.texts) == 2


def test_a_book_that_stays_behind_is_caught_at_rest() -> None:
    world = history()
    (book,) = world.bot_rest().books
    world.wait(30)
    world.publish("100", "100.2")
    world.wait(2)
    world.settle(bot={"books": (book,)})
    assert world.texts == []
    world.wait(0.5)
    world.settle(bot={"books": (book,)})
    assert world.texts == ["binance:BTC/USDT: the bot's book is 2.500 s behind"]


def test_a_wrong_book_is_caught_at_rest() -> None:
    world = history()
    (book,) = world.bot_rest().books
    world.settle(bot={"books": (evolve(book, touch=touch("99", "100.1")),)})
    assert len(world.texts) == 1
