"""The whole engine over real sockets: it trades, survives crashes of its parts, and recovers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from adapters.simulated.orders import OrderRequest
from bot3.app.venues import cancel_own_rests
from bot3.domain.order import OrderStatus, OrderType, TimeInForce
from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.messages.control import CancelEverything
from bot3.portfolio.positions import base_and_quote
from supervisors.errors import RestartLimitReachedError
from tests.bot3.app.engine_bench import Market, Running, open_engine, open_market

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
ETH = InstrumentId(VenueName("binance"), Symbol("ETH/USDT"))
BTC_REGIME = "bot3/minds/binance BTC-USDT/regime"
ORDERS = "bot3/venues/binance/orders"


def signal_time_ns(running: Running, key: InstrumentId) -> int:
    target = running.engine.board.instruments[key].targets.get("hybrid")
    return 0 if target is None or target.is_warm_up else target.ts_ns


async def quiet_down(running: Running) -> None:
    """No more opinions, nothing resting."""
    await running.tree.supervisor("bot3").terminate_child("minds")
    running.engine.core.execution.send(CancelEverything("the test is over"))
    await running.until(lambda: not running.engine.board.orders.live)


def assert_the_venue_agrees(running: Running, market: Market) -> None:
    """Position = sum of fills = the venue's, to the last digit; nothing rests there."""
    tracker = running.engine.memory.recovery.tracker
    assert tracker.positions()
    for key, position in tracker.positions().items():
        assert position.amount == market.held(base_and_quote(key)[0])
    exchange, account = market.exchange.exchange, market.exchange.account_id
    for symbol in market.config.exchanges.symbols:
        assert exchange.files.open_of(account, Symbol(symbol)) == []


async def test_it_trades_on_while_a_decision_actor_and_an_edge_actor_are_restarted(
    tmp_path: Path,
) -> None:
    async with (
        open_market(17) as (market, _),
        open_engine(market, tmp_path / "j.sqlite") as running,
    ):
        board, observer = running.engine.board, running.tree.observer
        await running.until(lambda: board.fills > 0)
        eth_before_ns, btc_before_ns = signal_time_ns(running, ETH), signal_time_ns(running, BTC)

        poison: Any = "not a feature vector"
        running.engine.core.minds[BTC].regime.send(poison)
        running.tree.kill(ORDERS)

        await running.until(
            lambda: observer.restarts(BTC_REGIME) == 1 and observer.restarts(ORDERS) == 1
        )
        fills_before = board.fills
        await running.until(lambda: signal_time_ns(running, ETH) > eth_before_ns)
        await running.until(lambda: signal_time_ns(running, BTC) > btc_before_ns)
        await running.until(lambda: board.fills > fills_before)
        restarted = observer.restarts_by_actor()
        # REST_FOR_ONE: what comes after order entry restarts with it; nobody else does.
        assert set(restarted) == {BTC_REGIME, ORDERS, "bot3/venues/binance/feed"}
        letters = running.engine.core.minds[BTC].regime.dead_letters
        assert [letter.message for letter in letters] == [poison]
        await quiet_down(running)
        assert_the_venue_agrees(running, market)


async def test_a_new_process_goes_on_where_the_journal_ended(tmp_path: Path) -> None:
    journal = tmp_path / "j.sqlite"
    async with open_market(18) as (market, _):
        async with open_engine(market, journal) as first:
            await first.until(lambda: first.engine.board.fills > 0)
            last_number = first.engine.memory.recovery.next_intent_number
        # Stopped without a word to the venue: what rests there is the next one's to resolve.
        async with open_engine(market, journal) as second:
            recovery = second.engine.memory.recovery
            assert recovery.next_intent_number >= last_number
            assert any(p.amount or p.realized for p in recovery.tracker.positions().values())
            await second.until(lambda: signal_time_ns(second, ETH) > 0)
            await second.until(lambda: second.engine.board.equity is not None)
            await quiet_down(second)
            await second.until(lambda: not recovery.orders())
            assert_the_venue_agrees(second, market)
            equity = second.engine.board.equity
            assert equity is not None
            assert Decimal(9_900) < equity.equity < Decimal(10_100)


async def test_a_venue_that_goes_away_is_told_and_healed(tmp_path: Path) -> None:
    async with (
        open_market(19) as (market, nursery),
        open_engine(market, tmp_path / "j.sqlite") as running,
    ):
        venue = running.engine.board.venues[VenueName("binance")]
        await running.until(lambda: signal_time_ns(running, ETH) > 0)
        assert venue.is_feed_connected
        assert venue.is_account_connected
        market.connections_end()
        await running.until(lambda: not (venue.is_feed_connected or venue.is_account_connected))
        await nursery.start(market.serve)
        await running.until(lambda: venue.is_feed_connected and venue.is_account_connected)
        heard_ns = signal_time_ns(running, ETH)
        await running.until(lambda: signal_time_ns(running, ETH) > heard_ns)
        assert running.tree.observer.restarts_by_actor() == {}


async def test_when_the_tree_fails_our_rests_are_canceled_and_no_others(tmp_path: Path) -> None:
    patient = {"execution__maker_patience_s": 600.0, "execution__reprice_bps": 1_000.0}
    async with (
        open_market(28, **patient) as (market, _),
        open_engine(market, tmp_path / "j.sqlite") as running,
    ):
        exchange, account = market.exchange.exchange, market.exchange.account_id
        foreign = OrderRequest(
            symbol=Symbol("SOL/USDT"), side=Side.BUY, kind=OrderType.LIMIT, tif=TimeInForce.GTC,
            amount=Decimal(1), price=Decimal(100), client_order_id="somebody-else",
        )  # fmt: skip
        exchange.place(account, foreign)
        await running.until(lambda: OrderStatus.OPEN in running.engine.board.orders.live.values())
        await running.tree.supervisor("bot3").terminate_child("minds")
        await cancel_own_rests(running.access, market.config.exchanges.symbols)
        await running.until(lambda: not running.engine.board.orders.live)
        rests = [o for s in exchange.markets for o in exchange.files.open_of(account, s)]
        assert [order.request.client_order_id for order in rests] == ["somebody-else"]


async def crash_for_ever(path: str, journal: Path) -> None:
    async with open_market(28) as (market, _), open_engine(market, journal) as running:
        while True:
            running.tree.kill(path)
            await trio.sleep(0.01)


async def test_more_crashes_than_the_intensity_end_the_engine(tmp_path: Path) -> None:
    with trio.fail_after(60), pytest.raises(ExceptionGroup) as failed:
        await crash_for_ever("bot3/portfolio", tmp_path / "j.sqlite")
    assert failed.group_contains(RestartLimitReachedError)
