"""Accounts over engines: locking, fees, prevention, and that nothing is made or lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.simulated.accounts import FEE_ACCOUNT
from adapters.simulated.exchange import Exchange
from adapters.simulated.market import Cancel, Place
from adapters.simulated.orders import OrderRequest, RecordStatus, Refusal, RefusedError
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderType, TimeInForce
from bot3.domain.values import Asset, InstrumentId, Side, Symbol, VenueName
from supervisors.clock import ManualClock

BTC, BASE, QUOTE = Symbol("BTC/USDT"), Asset("BTC"), Asset("USDT")
D = Decimal


def make(**funding: str) -> tuple[Exchange, int]:
    listed = Instrument(
        id=InstrumentId(VenueName("binance"), BTC),
        base=BASE,
        quote=QUOTE,
        tick_size=D("0.01"),
        lot_size=D("0.00001"),
        notional_min=D(5),
    )
    exchange = Exchange([listed], ManualClock(1_790_401_500_000_000_000))
    return exchange, exchange.open_account((Asset(a), D(v)) for a, v in funding.items())


def request(side: Side, amount: str, price: str = "0", **changes: object) -> OrderRequest:
    kind = OrderType.LIMIT if D(price) else OrderType.MARKET
    values: dict = {"kind": kind, "tif": TimeInForce.GTC, "client_order_id": "a"} | changes
    return OrderRequest(BTC, side, amount=D(amount), price=D(price), **values)


def ask(exchange: Exchange, price: str, amount: str, order_id: int = -1) -> None:
    lots, ticks = int(D(amount) * 100_000), int(D(price) * 100)
    exchange.apply(BTC, [Place(order_id, 0, Side.SELL, lots, ticks)])


def balance(exchange: Exchange, account: int, asset: Asset) -> tuple[Decimal, Decimal]:
    return exchange.accounts.free(account, asset), exchange.accounts.held(account, asset)


def refusal(exchange: Exchange, account: int, order: OrderRequest) -> Refusal:
    with pytest.raises(RefusedError) as caught:
        exchange.place(account, order)
    return caught.value.refusal


def test_a_resting_buy_binds_price_times_amount_until_canceled() -> None:
    exchange, me = make(USDT="1000")
    order = exchange.place(me, request(Side.BUY, "0.01", "60000.01"))
    assert balance(exchange, me, QUOTE) == (D("399.9999"), D("600.0001"))
    exchange.cancel(me, BTC, order.order_id, "c")
    assert balance(exchange, me, QUOTE) == (D(1000), D(0))
    assert order.status is RecordStatus.CANCELED


def test_a_better_price_returns_the_difference_and_the_fee_is_in_what_is_received() -> None:
    exchange, me = make(USDT="1000")
    ask(exchange, "59000", "0.004")
    order = exchange.place(me, request(Side.BUY, "0.01", "60000"))
    assert order.status is RecordStatus.PARTIALLY_FILLED
    assert order.quote_executed == D(236)
    assert balance(exchange, me, QUOTE) == (D(1000) - 236 - 360, D(360))
    assert balance(exchange, me, BASE)[0] == D("0.004") - D("0.000004")
    assert exchange.accounts.free(FEE_ACCOUNT, BASE) == D("0.000004")


def test_commission_and_notional_are_cut_to_eight_decimals() -> None:
    exchange, me = make(BTC="1")
    order = exchange.place(me, request(Side.SELL, "0.00123", "60000.07"))
    exchange.apply(BTC, [Place(-1, 0, Side.BUY, 123, None, OrderType.MARKET)])
    (fill,) = order.fills
    assert (fill.quote, fill.commission) == (D("73.8000861"), D("0.07380008"))


def test_what_a_market_order_bound_too_much_returns() -> None:
    listed = Instrument(
        id=InstrumentId(VenueName("binance"), BTC),
        base=BASE,
        quote=QUOTE,
        tick_size=D("0.0000001"),
        lot_size=D("0.001"),
    )
    exchange = Exchange([listed], ManualClock(0))
    me = exchange.open_account([(QUOTE, D(1))])
    for order_id in (-1, -2, -3):
        exchange.apply(BTC, [Place(order_id, 0, Side.SELL, 1, 1_000_001)])
    order = exchange.place(me, request(Side.BUY, "0.003"))
    assert order.quote_executed == D("0.00030000")  # three times 0.0001000001, each cut
    assert balance(exchange, me, QUOTE) == (D("0.9997"), D(0))


def test_a_maker_fill_comes_later_and_frees_everything() -> None:
    exchange, me = make(BTC="1")
    order = exchange.place(me, request(Side.SELL, "0.5", "60000"))
    exchange.apply(BTC, [Place(-1, 0, Side.BUY, 50_000, None, OrderType.MARKET)])
    assert order.status is RecordStatus.FILLED
    assert order.fills[0].is_maker
    assert balance(exchange, me, BASE) == (D("0.5"), D(0))
    assert balance(exchange, me, QUOTE) == (D(30000) - D(30), D(0))


def test_market_buy_by_quote_takes_what_the_money_buys() -> None:
    exchange, me = make(USDT="1000")
    ask(exchange, "60000", "0.01")
    ask(exchange, "61000", "1", -2)
    order = exchange.place(me, request(Side.BUY, "0", quote_amount=D(800)))
    assert order.status is RecordStatus.FILLED
    assert order.executed == D("0.01") + D("0.00327")
    assert order.quote_executed <= D(800)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (request(Side.BUY, "0.1", "60000"), Refusal.INSUFFICIENT_BALANCE),
        (request(Side.BUY, "0.1"), Refusal.INSUFFICIENT_BALANCE),
        (request(Side.SELL, "0.1", "60000"), Refusal.INSUFFICIENT_BALANCE),
        (request(Side.BUY, "0.01", "60000.001"), Refusal.PRICE_FILTER),
        (request(Side.BUY, "0.010001", "60000"), Refusal.LOT_SIZE),
        (request(Side.BUY, "0.00001", "60000"), Refusal.NOTIONAL),
        (request(Side.BUY, "0", "60000"), Refusal.NOT_POSITIVE),
        (request(Side.BUY, "0.01", "10"), Refusal.NOTIONAL),
        (request(Side.BUY, "0.01", "10000"), Refusal.PERCENT_PRICE),
        (request(Side.BUY, "0.01", "60000", kind=OrderType.POST_ONLY), Refusal.WOULD_TAKE),
        (request(Side.SELL, "0", quote_amount=D(100)), Refusal.NO_LIQUIDITY),
    ],
)
def test_a_refusal_changes_nothing(order: OrderRequest, expected: Refusal) -> None:
    exchange, me = make(USDT="1000")
    ask(exchange, "60000", "1")
    assert refusal(exchange, me, order) is expected
    assert balance(exchange, me, QUOTE) == (D(1000), D(0))
    assert exchange.files.all_of(me, BTC) == []


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    exchange, me = make(USDT="1000")
    first = exchange.place(me, request(Side.BUY, "0.001", "60000"))
    again = request(Side.BUY, "0.001", "60000")
    assert refusal(exchange, me, again) is Refusal.DUPLICATE_ID
    exchange.cancel(me, BTC, first.order_id, "c")
    second = exchange.place(me, again)
    assert exchange.files.by_client_id(me, BTC, "a") is second


def test_an_own_crossing_order_expires_the_resting_one() -> None:
    exchange, me = make(USDT="1000", BTC="1")
    resting = exchange.place(me, request(Side.SELL, "0.01", "60000"))
    taker = exchange.place(me, request(Side.BUY, "0.01", "60000", client_order_id="b"))
    assert resting.status is RecordStatus.EXPIRED_IN_MATCH
    assert resting.prevented == D("0.01")
    assert taker.status is RecordStatus.NEW
    assert balance(exchange, me, BASE) == (D(1), D(0))


def test_a_market_order_on_an_empty_book_expires() -> None:
    exchange, me = make(USDT="1000")
    order = exchange.place(me, request(Side.BUY, "0.01"))
    assert (order.status, order.executed) == (RecordStatus.EXPIRED, 0)
    assert balance(exchange, me, QUOTE) == (D(1000), D(0))


def test_two_accounts_trade_and_only_fees_leave_them() -> None:
    exchange, seller = make(BTC="1")
    buyer = exchange.open_account([(QUOTE, D(60000))])
    before = exchange.accounts.totals()
    exchange.place(seller, request(Side.SELL, "1", "60000"))
    exchange.place(buyer, request(Side.BUY, "1", "60000"))
    assert balance(exchange, seller, QUOTE)[0] == D(60000) * D("0.999")
    assert balance(exchange, buyer, BASE)[0] == D("0.999")
    assert exchange.accounts.totals() == before


def test_canceling_what_is_gone_is_refused() -> None:
    exchange, me = make(USDT="1000")
    ask(exchange, "60000", "1")
    order = exchange.place(me, request(Side.BUY, "0.001"))
    with pytest.raises(RefusedError) as caught:
        exchange.cancel(me, BTC, order.order_id, "c")
    assert caught.value.refusal is Refusal.UNKNOWN_ORDER
    assert exchange.apply(BTC, [Cancel(-99)]) == []
