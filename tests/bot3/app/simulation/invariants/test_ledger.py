from __future__ import annotations

from attrs import evolve

from adapters.simulated.orders import RecordStatus
from bot3.app.simulation.invariants.ledger import LedgerBalances
from bot3.domain.account import Balance
from bot3.domain.values import Asset, Side
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import BTC, USDT, VENUE, d


def history() -> History:
    """With a position, an order that rests in part, and one that sells."""
    world = History(LedgerBalances(promises()).hear).begin()
    world.traded(world.order("1", "100.03"))
    world.traded(world.order("2", "99.97"), "0.7")
    world.traded(world.order("0.5", "101", side=Side.SELL), "0.2")
    return world


def changed(world: History, asset: Asset, free: str = "0", held: str = "0") -> tuple[Balance, ...]:
    return tuple(
        evolve(each, free=each.free + d(free), held=each.held + d(held))
        if each.asset == asset
        else each
        for each in world.balances()
    )


def test_deposits_fills_fees_and_open_orders_that_add_up_are_well() -> None:
    world = history()
    world.settle()
    world.fund({USDT: d(50), BTC: d("0.25")})
    world.settle(totals_at_start={USDT: d(10_000)})
    assert world.texts == []


def test_money_that_appears_in_our_account_is_caught() -> None:
    world = history()
    more = changed(world, USDT, free="0.00000001")
    world.settle(bot={"balances": more}, balances=more)
    (text,) = world.texts
    assert text.startswith("binance USDT: free ")
    assert "deposits and fills sum to" in text


def test_a_fee_that_was_not_charged_is_caught() -> None:
    world = history()
    more = changed(world, BTC, free="0.001")
    world.settle(bot={"balances": more}, balances=more)
    assert len(world.texts) == 1


def test_money_that_vanishes_from_the_exchange_is_caught() -> None:
    world = history()
    world.settle(totals={USDT: d("9999.99")})
    (text,) = world.texts
    assert text == "binance USDT: all accounts sum to 9999.99, want 10000"


def test_funds_that_stay_bound_without_an_order_are_caught() -> None:
    world = history()
    bound = changed(world, USDT, free="-1", held="1")
    world.settle(bot={"balances": bound}, balances=bound)
    (text,) = world.texts
    assert "open orders need 129.96100000" in text


def test_funds_of_an_order_that_has_ended_must_be_free() -> None:
    world = history()
    before = world.balances()
    (resting,) = [o for o in world.orders.values() if o.amount == 2]
    world.closed(resting)
    world.settle()
    assert world.texts == []
    world.settle(bot={"balances": before}, balances=before)
    assert ["open orders need 0" in text for text in world.texts] == [True]


def test_a_balance_that_the_bot_has_not_heard_of_is_caught() -> None:
    world = history()
    world.settle(bot={"balances": changed(world, USDT, free="1", held="-1")})
    world.settle(bot={"balances": ()})
    wrong_usdt, no_btc, no_usdt = world.texts
    assert wrong_usdt.startswith("binance USDT: the bot believes in ")
    assert no_btc.startswith("binance BTC: the bot believes in 0 free and 0 held, the venue has")
    assert no_usdt.startswith("binance USDT")


def test_an_asset_that_only_the_bot_has_is_caught() -> None:
    world = history()
    dust = Balance(VENUE, Asset("ETH"), d(1), d(0))
    world.settle(bot={"balances": (*world.balances(), dust)})
    assert len(world.texts) == 1


def test_an_account_that_sells_what_it_has_not_is_caught_at_the_trade() -> None:
    world = History(LedgerBalances(promises()).hear).begin(d(10))
    order = world.order("1", "100")
    world.trade(order)
    (text,) = world.texts
    assert text == f"binance USDT: -90.00000000 after {order.request.client_order_id}"
    assert order.status is RecordStatus.FILLED
