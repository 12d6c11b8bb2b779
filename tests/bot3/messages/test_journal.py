"""Every kind of record reads back as it was written; what is not one is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.ids import RunId
from bot3.domain.order import OrderStatus, TimeInForce
from bot3.domain.refusal import Denial, DenialReason
from bot3.domain.values import Price, Quantity, Side, Symbol
from bot3.messages import account, arbitrage, control, healing, minds, orders, risk
from bot3.messages.journal import CRITICAL, Record, decode, encode, is_critical
from tests.bot3.making import (
    BTC,
    KEY,
    START_NS,
    VENUE,
    acknowledged,
    canceled,
    d,
    expired,
    id_of,
    make_balance,
    make_fill,
    make_intent,
    rejected,
)

RESTING = orders.VenueOrder(
    "x",
    "v1",
    KEY,
    Side.BUY,
    OrderStatus.OPEN,
    Quantity(d(1)),
    Quantity(d(0)),
    Price(d(100)),
    START_NS,
)
EXAMPLES: list[Record] = [
    control.SessionStarted(RunId("testrun1"), "spot-1", "c0ffee", "simulated", START_NS),
    control.SessionEnded(RunId("testrun1"), "asked", START_NS),
    orders.IntentRecorded(make_intent(price=None), START_NS),
    orders.OrderDenied(
        make_intent(), Denial(id_of(), DenialReason.BOOK_STALE, "no quote"), START_NS
    ),
    acknowledged(),
    orders.OrderFilled(make_fill("t-1", fee=d("0.00000001"), fee_asset=BTC)),
    canceled(filled="0.5"),
    expired(),
    rejected(),
    orders.OrderOutcomeUnknown(id_of(), KEY, "time-out", START_NS),
    orders.CancelFailed(id_of(), KEY, "unknown order", START_NS),
    orders.OrderAdopted(make_intent(), "v1"),
    orders.BalanceAdopted(make_fill("adopted-1")),
    orders.DeadManChanged(VENUE, True, "armed", START_NS),
    orders.BalanceChanged(VENUE, (make_balance(BTC, "1", "0.5"),), START_NS, START_NS),
    orders.AccountLost(VENUE, "closed", START_NS),
    orders.AccountRestored(VENUE, START_NS - 1, START_NS),
    control.EquityMarked(d("10000.01"), d("10100"), 0.0099, START_NS),
    control.TradingHalted("drawdown", START_NS),
    control.TradingResumed("me", START_NS),
    control.StopHit(KEY.symbol, d(100), d(95), START_NS, START_NS + 1),
    control.PeakRaised(KEY.symbol, d(101), START_NS),
    risk.LadderMoved(START_NS, 0.05, 1, 0.75),
    risk.CapitalChanged(START_NS, d(1000), d("1010.5"), d(5), d(1020)),
    risk.AllocationSolved(
        START_NS, {"hybrid binance BTC/USDT": 0.1}, ((KEY, 0.1),), 0.9, 12.5, 0.5, False, "not yet"
    ),
    risk.VolatilityFitted(KEY, START_NS, 1e-9, 0.1, 0.8, 0.0, 10.0),
    risk.BetsMeasured(START_NS, 10.0, (KEY,), 650.5, (1e-5,), (1e-8,)),
    arbitrage.ArbitrageClosed(
        KEY.symbol,
        arbitrage.GroupOutcome.MENDED,
        3,
        1,
        1.5,
        -0.25,
        480.0,
        1.25,
        START_NS,
        kind="triangular",
        others=(Symbol("ETH/USDT"), Symbol("ETH/BTC")),
    ),
    orders.ForeignOrdersSeen(VENUE, (RESTING,), START_NS),
    account.ReconcileMismatch(VENUE, BTC, d(1), d("0.5"), START_NS),
    account.ReconcileMatched(VENUE, BTC, START_NS),
    control.ActorRestarted("feed", "ValueError: x", START_NS),
    minds.RegimeChanged(KEY, START_NS, minds.RegimeLabel.CALM, minds.RegimeLabel.VOLATILE),
    minds.DriftDetected(KEY, START_NS, "adwin"),
    minds.FeaturesJudged(KEY, START_NS, ("lag5(rsi_14)",), True, 600, 0.25, 0.24),
    minds.StrategyPromoted(
        KEY, START_NS, "rule rsi_14<30 rsi_14>70", "enter when …", 900, 0.1, 0.02, 0.01, 0.03, 0.98
    ),
    minds.ModelBenched(KEY, START_NS, "ml", "too slow", START_NS + 1),
    healing.HealingActed(
        healing.HealingAction.OPEN_CIRCUIT, VENUE, "5 failed calls within 30 s", START_NS
    ),
]


def test_there_is_an_example_of_every_record() -> None:
    assert {type(example) for example in EXAMPLES} == set(get_args(Record))


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
def test_a_record_reads_back(record: Record) -> None:
    body = encode(record)
    assert decode(body) == record
    assert msgspec.json.decode(body)["type"] == type(record).__name__
    assert is_critical(record) == isinstance(record, CRITICAL)


def test_decimals_keep_their_digits() -> None:
    back = decode(encode(orders.OrderFilled(make_fill(1, amount="1.10", price="0.00000123"))))
    assert isinstance(back, orders.OrderFilled)
    assert str(back.fill.amount.amount) == "1.10"
    assert back.fill.price.amount == d("0.00000123")


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"Nonsense"}',
        b'{"type":"TradingHalted","reason":"x"}',
        b"\xff",
        encode(canceled()).replace(b'"amount":"0"', b'"amount":"-1"'),
    ],
)
def test_what_is_no_record_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(body)


amounts = st.decimals(min_value="0.00000001", max_value="1e9", places=8)


@given(
    number=st.integers(1, 10**11),
    amount=amounts,
    price=st.none() | amounts,
    side=st.sampled_from(Side),
    force=st.sampled_from(TimeInForce),
    strategy=st.text(max_size=20),
)
def test_any_intent_reads_back(
    number: int,
    amount: Decimal,
    price: Decimal | None,
    side: Side,
    force: TimeInForce,
    strategy: str,
) -> None:
    intent = make_intent(
        number,
        amount=str(amount),
        price=None if price is None else str(price),
        side=side,
        time_in_force=force,
        strategy=strategy,
    )
    record = orders.IntentRecorded(intent, START_NS)
    assert decode(encode(record)) == record


@given(trade=st.text(min_size=1), amount=amounts, price=amounts, fee=amounts)
def test_any_fill_reads_back(trade: str, amount: Decimal, price: Decimal, fee: Decimal) -> None:
    fill = make_fill(trade, amount=amount, price=price, fee=-fee)
    assert decode(encode(orders.OrderFilled(fill))) == orders.OrderFilled(fill)
    assert Quantity(amount) == fill.amount
