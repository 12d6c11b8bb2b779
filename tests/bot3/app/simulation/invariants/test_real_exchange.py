"""The checkers before the real exchange, with what its site tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Cancel, Place
from adapters.simulated.orders import OrderRequest, RefusedError
from bot3.app.simulation.invariants.books import BooksAgree
from bot3.app.simulation.invariants.events import (
    LEVELS_COMPARED,
    BookSeen,
    BotRest,
    LevelsSeen,
    Settled,
    Touch,
    WorldEvent,
)
from bot3.app.simulation.invariants.jury import Jury
from bot3.app.simulation.invariants.ledger import LedgerBalances
from bot3.app.simulation.venue_site import VenueSite
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Side
from supervisors.clock import ManualClock
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import BTC, KEY, START_NS, USDT, VENUE, d, make_instrument


class RealVenue:
    """An exchange with odd steps, so that worths and fees have more digits than it keeps."""

    def __init__(self) -> None:
        listed = make_instrument(
            tick_size=d("0.0007"),
            lot_size=d("0.00013"),
            amount_min=d(0),
            notional_min=d(0),
            taker_fee_rate=d("0.0011"),
        )
        self.exchange = Exchange([listed], ManualClock(START_NS))
        ours = self.exchange.open_account([(BTC, d(2)), (USDT, d(1))])
        self.exchange.open_account([(BTC, d(2)), (USDT, d(1))])
        self.jury = Jury([LedgerBalances(promises()), BooksAgree(promises())])
        clock = ManualClock(START_NS)
        embedded: Any = SimpleNamespace(exchange=self.exchange, account_id=ours)
        self.site = VenueSite(VENUE, embedded, embedded, clock, self.hear)
        self.site.announce()
        self.number = 0

    def hear(self, event: WorldEvent) -> None:
        self.jury.hear(event)

    def place(self, account: int, side: Side, price: int, lots: int, how: int) -> None:
        self.number += 1
        kind = (OrderType.LIMIT, OrderType.LIMIT, OrderType.POST_ONLY)[how]
        scale = self.exchange.market(KEY.symbol).scale
        request = OrderRequest(
            KEY.symbol,
            side,
            kind,
            TimeInForce.IOC if how == 1 else TimeInForce.GTC,
            f"order{self.number}",
            scale.amount(lots),
            scale.price(price),
        )
        with suppress(RefusedError):
            self.exchange.place(account, request)

    def market_acts(self, _: int, side: Side, price: int, lots: int, how: int) -> None:
        self.number += 1
        operations = [Cancel(7 - self.number), Place(-self.number, 0, side, lots, price)]
        self.exchange.apply(KEY.symbol, operations[how % 2 :])

    def cancel(self, account: int, _: Side, price: int, *__: int) -> None:
        if orders := self.exchange.files.open_of(account):
            order = orders[price % len(orders)]
            self.exchange.cancel(account, KEY.symbol, order.order_id, "c")

    def settle(self) -> None:
        """With a bot that believes what is true."""
        rest = self.site.rest()
        bot = BotRest(orders=(), positions={}, balances=rest.balances, books=(), actors=())
        self.hear(Settled(START_NS, (rest,), bot))

    def touch(self) -> Touch:
        """Through the texts of the wire and the bot's floats."""
        market = self.exchange.market(KEY.symbol)
        top, scale = market.top(), market.scale
        texts = (
            scale.price_text(top.bid),
            scale.amount_text(top.bid_lots),
            scale.price_text(top.ask),
            scale.amount_text(top.ask_lots),
        )
        return Touch(*(d(repr(float(text))) for text in texts))

    def levels(self) -> Iterator[list[tuple[float, float]]]:
        """Bids and asks as the bot reads them."""
        market = self.exchange.market(KEY.symbol)
        for side in (Side.BUY, Side.SELL):
            texts = market.scale.level_texts(market.engine.top(side, LEVELS_COMPARED))
            yield [(float(price), float(amount)) for price, amount in texts]


steps = st.tuples(
    st.sampled_from(["place", "place", "market_acts", "cancel"]),
    st.integers(1, 2),
    st.sampled_from(Side),
    st.integers(90, 110),
    st.integers(1, 60),
    st.integers(0, 2),
)


@settings(max_examples=150)
@given(st.lists(steps, max_size=40))
def test_the_real_exchange_keeps_its_ledger_and_its_books(
    story: list[tuple[str, int, Side, int, int, int]],
) -> None:
    venue, seen = RealVenue(), list[LevelsSeen]()
    for act, *given_values in story:
        getattr(venue, act)(*given_values)
        update_id = venue.exchange.market(KEY.symbol).engine.update_id
        seen.append(LevelsSeen(VENUE, KEY.symbol, START_NS, update_id, *venue.levels()))
        venue.hear(BookSeen(VENUE, KEY.symbol, START_NS, update_id, venue.touch()))
        venue.settle()
        assert venue.jury.violations == []
    for each in seen:  # what the bot had then is compared with what was there then
        venue.hear(each)
    assert venue.jury.violations == []


def test_money_from_nowhere_is_caught_at_the_real_exchange() -> None:
    venue = RealVenue()
    venue.place(1, Side.SELL, 100, 50, 0)
    venue.market_acts(0, Side.BUY, 100, 20, 1)
    venue.settle()
    assert venue.jury.found == 0
    venue.exchange.accounts.deposit(1, USDT, d("0.00000001"))
    venue.settle()
    assert len(venue.jury.violations) == 2  # ours is too much, and so is everybody's
