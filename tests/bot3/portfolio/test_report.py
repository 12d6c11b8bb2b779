"""The journal's report: every order, fill and balance of the last account, and sums that agree."""

from __future__ import annotations

from bot3.domain.ids import RunId
from bot3.domain.refusal import Denial, DenialReason
from bot3.domain.values import Side
from bot3.messages.arbitrage import ArbitrageClosed, GroupOutcome
from bot3.messages.control import EquityMarked, SessionStarted, TradingHalted, TradingResumed
from bot3.messages.journal import Record
from bot3.messages.orders import BalanceChanged, IntentRecorded, OrderDenied, OrderFilled
from bot3.portfolio.report import ReportFold
from bot3.portfolio.report_rows import AccountReport
from tests.bot3.making import (
    BTC,
    KEY,
    RUN,
    START_NS,
    USDT,
    VENUE,
    acknowledged,
    canceled,
    d,
    id_of,
    make_balance,
    make_fill,
    make_intent,
)

OURS = SessionStarted(RUN, "ours", "x", "simulated: here", START_NS)
THEIRS = SessionStarted(RunId("testrun2"), "theirs", "x", "paper", START_NS)


def report_of(*records: Record) -> AccountReport:
    fold = ReportFold()
    fold.fold(records)
    return fold.report()


def bought(number: int, strategy: str = "hybrid") -> tuple[Record, ...]:
    intent = make_intent(number, amount="2", strategy=strategy)
    fill = OrderFilled(make_fill(f"t{number}", number, amount="1"))
    return IntentRecorded(intent, START_NS), acknowledged(number), fill, fill


def test_orders_fills_positions_and_balances() -> None:
    held = BalanceChanged(
        VENUE, (make_balance(BTC, "1"), make_balance(USDT, "5", "3")), 0, START_NS
    )
    marked = EquityMarked(d(108), d(110), 0.018, START_NS)
    found = report_of(OURS, *bought(1), held, marked)
    [order] = found.orders
    assert (order.client_order_id, order.venue_order_id) == (id_of(1), "v1")
    assert (order.status, order.amount, order.filled) == ("partially_filled", d(2), d(1))
    assert [fill.trade_id for fill in found.fills] == ["t1"]  # told twice, counted once
    [position] = found.positions
    assert (position.amount, position.average_price) == (d(1), d(100))
    assert found.balances["binance"]["USDT"] == {"free": d(5), "held": d(3)}
    assert (found.equity, found.runs, found.data_source) == (d(108), 1, "simulated: here")


def test_profit_by_strategy_sums_to_the_whole() -> None:
    sell = make_intent(3, amount="1", side=Side.SELL, strategy="flatten")
    sold = make_fill(
        "t3", 3, amount="1", price="110", side=Side.SELL, fee=d("0.11"), fee_asset=USDT
    )
    found = report_of(
        OURS, *bought(1), *bought(2, "ta"), IntentRecorded(sell, START_NS), OrderFilled(sold)
    )
    assert found.profit.realized == {"USDT": d("9.89")}
    assert found.profit.fees["USDT"] == d("0.11")
    assert {name: profit.fills for name, profit in found.strategies.items()} == {
        "hybrid": 1,
        "ta": 1,
        "flatten": 1,
    }
    assert sum(profit.fills for profit in found.strategies.values()) == found.profit.fills == 3


def test_a_denial_a_halt_and_an_impossible_event() -> None:
    denial = Denial(id_of(4), DenialReason.BALANCE, "needs more")
    denied = OrderDenied(make_intent(4), denial, START_NS)
    halted = TradingHalted("lunch", START_NS)
    found = report_of(OURS, denied, halted, acknowledged(4), canceled(9))
    assert [(order.status, order.reason) for order in found.orders] == [
        ("denied", "balance: needs more")
    ]
    assert (found.is_halted, found.halt_reason, found.anomalies) == (True, "lunch", 1)
    assert not report_of(OURS, halted, TradingResumed("x", START_NS)).is_halted


def test_another_account_is_another_report() -> None:
    found = report_of(OURS, *bought(1), THEIRS, *bought(2))
    assert (found.account, [order.client_order_id for order in found.orders]) == (
        "theirs",
        [id_of(2)],
    )
    fold = ReportFold("ours")
    fold.fold([OURS, *bought(1), THEIRS, *bought(2), OURS])
    mine = fold.report()
    assert (mine.runs, [order.client_order_id for order in mine.orders]) == (2, [id_of(1)])


def test_groups_of_arbitrage_are_summed_up() -> None:
    ends = [
        ArbitrageClosed(KEY.symbol, GroupOutcome.HEDGED, 2, 2, 1.0, 0.8, 50.0, 0.1, START_NS),
        ArbitrageClosed(KEY.symbol, GroupOutcome.MENDED, 2, 1, 1.0, -0.3, 70.0, 2.5, START_NS),
        ArbitrageClosed(
            KEY.symbol, GroupOutcome.DENIED, 3, 0, 1.0, 0.0, 0.0, 0.0, START_NS, "triangular"
        ),
    ]
    groups = report_of(OURS, *ends).groups
    assert groups.outcomes == {"denied": 1, "hedged": 1, "mended": 1}
    assert (groups.planned, groups.realized) == (2.0, 0.5)
    assert (groups.exposure_max, groups.exposed_s_max) == (70.0, 2.5)
    assert groups.kinds == {"cross_venue": 2, "triangular": 1}
    assert (
        "3 (cross_venue 2, triangular 1): denied 1, hedged 1, mended 1; planned +2.00, came +0.50"
        in groups.words
    )
