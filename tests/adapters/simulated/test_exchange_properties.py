"""Whatever is asked: money is conserved, nothing is negative, the book never crosses."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Cancel, Place
from adapters.simulated.orders import OrderRequest, RefusedError
from adapters.simulated.settlement import held_asset
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Asset, InstrumentId, Side, Symbol, VenueName
from supervisors.clock import ManualClock

PAIR, BASE, QUOTE = Symbol("ETH/BTC"), Asset("ETH"), Asset("BTC")
sides = st.sampled_from(Side)
prices = st.integers(90, 110)
lots = st.integers(1, 60)
accounts = st.integers(1, 3)


class ExchangeMachine(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        # odd steps, so that notionals and commissions have more than eight decimals
        listed = Instrument(
            id=InstrumentId(VenueName("x"), PAIR),
            base=BASE,
            quote=QUOTE,
            tick_size=Decimal("0.000007"),
            lot_size=Decimal("0.00013"),
            maker_fee_rate=Decimal("0.00075"),
            taker_fee_rate=Decimal("0.0011"),
        )
        self.exchange = Exchange([listed], ManualClock(10**18))
        for _ in range(3):
            self.exchange.open_account([(BASE, Decimal("0.02")), (QUOTE, Decimal("0.00002"))])
        self.totals = self.exchange.accounts.totals()
        self.next_id = 0

    @rule(
        account=accounts,
        side=sides,
        price=prices,
        amount=lots,
        kind=st.sampled_from(OrderType),
        tif=st.sampled_from(TimeInForce),
    )
    def place(
        self, account: int, side: Side, price: int, amount: int, kind: OrderType, tif: TimeInForce
    ) -> None:
        scale = self.exchange.market(PAIR).scale
        self.next_id += 1
        is_market = kind is OrderType.MARKET
        request = OrderRequest(
            PAIR,
            side,
            kind,
            tif if kind is OrderType.LIMIT else TimeInForce.GTC,
            f"id{self.next_id}",
            amount=scale.amount(amount),
            price=Decimal(0) if is_market else scale.price(price),
        )
        with suppress(RefusedError):
            self.exchange.place(account, request)

    @rule(account=accounts, choice=st.integers(0, 50))
    def cancel(self, account: int, choice: int) -> None:
        orders = self.exchange.files.open_of(account, PAIR)
        if orders:
            order = orders[choice % len(orders)]
            self.exchange.cancel(account, PAIR, order.order_id, "c")

    @rule(side=sides, price=prices, amount=lots, is_market=st.booleans())
    def market_acts(self, side: Side, price: int, amount: int, is_market: bool) -> None:
        self.next_id += 1
        kind = OrderType.MARKET if is_market else OrderType.LIMIT
        limit = None if is_market else price
        self.exchange.apply(PAIR, [Place(-self.next_id, 0, side, amount, limit, kind)])

    @rule(back=st.integers(0, 20))
    def market_cancels(self, back: int) -> None:
        self.exchange.apply(PAIR, [Cancel(-(self.next_id - back))])

    @invariant()
    def money_is_conserved_and_never_negative(self) -> None:
        books = self.exchange.accounts
        assert books.totals() == self.totals
        for account in (1, 2, 3):
            orders = self.exchange.files.open_of(account, PAIR)
            for asset in (BASE, QUOTE):
                assert books.free(account, asset) >= 0
                instrument = self.exchange.market(PAIR).instrument
                bound = sum(
                    (o.held for o in orders if held_asset(instrument, o.request.side) == asset),
                    Decimal(0),
                )
                assert books.held(account, asset) == bound

    @invariant()
    def book_is_sorted_and_not_crossed(self) -> None:
        engine = self.exchange.market(PAIR).engine
        bids, asks = engine.top(Side.BUY, 99), engine.top(Side.SELL, 99)
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert not (bids and asks) or bids[0][0] < asks[0][0]
        assert all(amount > 0 for _, amount in bids + asks)

    @invariant()
    def open_orders_are_exactly_those_in_the_book(self) -> None:
        resting = {o.order_id: o.lots for o in self.exchange.market(PAIR).engine.orders()}
        scale = self.exchange.market(PAIR).scale
        known = {
            order.order_id: scale.lots(order.remaining)
            for account in (1, 2, 3)
            for order in self.exchange.files.open_of(account, PAIR)
        }
        assert {i: n for i, n in resting.items() if i > 0} == known


TestExchange = ExchangeMachine.TestCase
TestExchange.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
