"""A snapshot of a busy system."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot3.telemetry.status import (
    FillLine,
    InstrumentStatus,
    LatencyStatus,
    OrderStatusLine,
    Status,
    VenueStatus,
)

NOON_NS = 1_700_000_000_000_000_000


@pytest.fixture
def busy() -> Status:
    bitcoin = InstrumentStatus(
        symbol="BTC/USDT",
        venue="binance",
        bid=64999.5,
        ask=65000.5,
        bars=1200,
        regime="trending",
        regime_probabilities={"calm": 0.95, "volatile": 0.05},
        ta_target=0.4,
        ml_target=-0.2,
        hybrid_target=0.15,
        weights={"ta": 0.58, "ml": 0.42},
        position=Decimal("0.00310"),
        unrealized=Decimal("-1.25"),
        realized=Decimal("4.75"),
        accuracy=0.553,
        no_change_accuracy=0.501,
        labels=1100,
    )
    order = OrderStatusLine(
        client_order_id="b3abcdefghn17",
        symbol="BTC/USDT",
        side="buy",
        order_type="post_only",
        amount=Decimal("0.00310"),
        filled=Decimal("0.00310"),
        price=Decimal("64999.50"),
        status="filled",
        ts_ns=NOON_NS,
    )
    fill = FillLine(
        trade_id="991",
        client_order_id="b3abcdefghn17",
        symbol="BTC/USDT",
        side="buy",
        price=Decimal("64999.50"),
        amount=Decimal("0.00310"),
        fee=Decimal("0.0000031"),
        fee_asset="BTC",
        liquidity="maker",
        ts_ns=NOON_NS,
    )
    return Status(
        run="abcdefgh",
        data_source="simulated",
        ts_ns=NOON_NS,
        uptime_s=3725.4,
        is_ready=True,
        quote="USDT",
        equity_start=Decimal(10000),
        equity=Decimal("10003.50"),
        fees_paid=Decimal("0.20"),
        drawdown=0.0123,
        max_drawdown=0.034,
        target_apy=0.5,
        config_hash="5e37b03251c7adce",
        url="http://127.0.0.1:8787/",
        venues={
            "binance": VenueStatus(
                is_feed_connected=True,
                is_account_connected=False,
                book_age_ms=12.5,
                circuit="half_open",
            )
        },
        instruments=(
            bitcoin,
            InstrumentStatus(symbol="ETH/USDT", venue="binance"),
        ),
        recent_orders=(order,),
        recent_fills=(fill,),
        orders_by_status={"filled": 17, "open": 1},
        denials={"book_stale": 3},
        restarts={"feed.binance": 2},
        fills=17,
        events=123456,
        signals=2400,
        tick_to_order=LatencyStatus(p50_us=92.0, p99_us=180.5, count=17),
    )
