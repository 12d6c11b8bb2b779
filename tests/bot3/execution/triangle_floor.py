"""A desk of one venue with bitcoin, ether and their cross symbol, for the tests of loops."""

from __future__ import annotations

from attrs import evolve

from bot3.domain.book import Quote
from bot3.domain.fill import Fill
from bot3.domain.order import OrderIntent
from bot3.domain.values import InstrumentId, Price, Side, Symbol
from bot3.execution.group import Sending
from bot3.execution.group_desk import STRATEGY
from bot3.messages.arbitrage import ArbitrageLeg, TradeArbitrage
from bot3.messages.orders import OrderFilled
from tests.bot3.execution.floor import A
from tests.bot3.execution.group_floor import Group
from tests.bot3.making import USDT, d, make_fill, make_instrument

ETHER = InstrumentId(A.venue, Symbol("ETH/USDT"))
CROSS = InstrumentId(A.venue, Symbol("ETH/BTC"))
BUY, SELL = Side.BUY, Side.SELL
WAY = (
    (A, BUY, "0.5", "100", "99.99"),
    (CROSS, BUY, "5", "0.1", "0.1"),
    (ETHER, SELL, "5", "10", "10"),
)


class Triangle(Group):
    """One BTC at 100 and ten ETH at 10 are held on `a`, where a loop begins with BTC."""

    def __init__(self, sending: Sending = Sending.TOGETHER) -> None:
        super().__init__(sending, held="0")
        fine = {"tick_size": d("0.00001"), "notional_min": d("0.0001")}
        self.desk.on_instruments([make_instrument(ETHER), make_instrument(CROSS, **fine)])
        self.quote(ETHER, Quote(9.99, 50.0, 10.01, 50.0))
        self.quote(CROSS, Quote(0.09999, 50.0, 0.10001, 50.0))
        self.hold(A, "1")
        self.hold(ETHER, "10")
        self.sent.clear()
        self.proposed.clear()

    def hold(self, key: InstrumentId, amount: str) -> None:
        """As its strategy wants it."""
        self.trades += 1
        self.desk.tracker.apply(make_fill(f"h{self.trades}", 900, amount, instrument=key))
        self.want(key, amount)

    def go(self, way: tuple[tuple[InstrumentId, Side, str, str, str], ...] = WAY) -> None:
        legs = tuple(
            ArbitrageLeg(key, side, d(amount), Price(d(limit)), Price(d(price)))
            for key, side, amount, limit, price in way
        )
        command = TradeArbitrage(USDT, legs, 1.0, self.now_ns, 0, "triangular")
        self.do(self.desk.on_group(command, self.now_ns))

    def fill_part(self, intent: OrderIntent, amount: str) -> None:
        """At its limit; the rest lapsed. What the journal tells has the order's conversion."""
        if d(amount):
            self.do(
                self.desk.on_order_event(OrderFilled(self._fill_of(intent, amount)), self.now_ns)
            )
        if d(amount) < intent.amount.amount:
            self.expire(intent, amount)

    def _fill_of(self, intent: OrderIntent, amount: str) -> Fill:
        self.trades += 1
        fill = make_fill(
            f"g{self.trades}", intent.number, amount, intent.worst_price.amount,
            instrument=intent.instrument, side=intent.side,
        )  # fmt: skip
        return evolve(fill, conversion=intent.conversion)

    def leg(self, key: InstrumentId) -> OrderIntent:
        return next(each for each in self.sent if each.instrument == key)

    def whole(self, intent: OrderIntent) -> None:
        self.fill_part(intent, f"{intent.amount.amount}")

    def serve(self, seconds: int = 5) -> None:
        """Time passes; what is sent meanwhile, or was by a strategy, is filled."""
        for _ in range(4 * seconds):
            self.wait(0.25)
            for each in [each for each in self.sent if each.strategy != STRATEGY]:
                if not self.is_final(each):
                    self.whole(each)
