"""What each strategy made, and every fee in the asset charged, wherever a user looks."""

from __future__ import annotations

from bot3.domain.ids import RunId
from bot3.domain.values import Asset, Side
from bot3.messages.control import SessionStarted
from bot3.messages.orders import IntentRecorded, OrderFilled
from bot3.portfolio.recovery import Recovery
from bot3.telemetry.metrics import Registry
from bot3.telemetry.status import StrategyStatus
from bot3.telemetry.status_metrics import StatusMetrics
from bot3.telemetry.summary import closing_summary
from tests.bot3.making import KEY, START_NS, USDT, d, make_fill, make_intent
from tests.bot3.telemetry.test_board import Panel, quote

BNB = Asset("BNB")


def traded() -> Recovery:
    """Two at 98 by the blend; one of them sold at 103 by a flatten. The mark will be 100."""
    recovery = Recovery("ours")
    buy, sell = make_intent(1, "2", strategy="hybrid"), make_intent(2, "1", strategy="flatten")
    bought = make_fill("t1", 1, "2", "98", fee=d("0.002"), fee_asset=BNB)
    sold = make_fill("t2", 2, "1", "103", side=Side.SELL, fee=d("0.1"), fee_asset=USDT)
    recovery.fold(
        (
            SessionStarted(RunId("testrun1"), "ours", "x", "test", START_NS),
            IntentRecorded(buy, START_NS),
            OrderFilled(bought),
            OrderFilled(bought),
            IntentRecorded(sell, START_NS),
            OrderFilled(sold),
        )
    )
    return recovery


def shown() -> tuple[Panel, Recovery]:
    panel, recovery = Panel(), traded()
    panel.dials.books = recovery.strategies.books
    return panel, recovery


def test_a_strategy_s_profit_and_fees_are_in_the_status_and_sum_to_the_account_s() -> None:
    panel, recovery = shown()
    assert panel.status().strategies["hybrid"].unrealized is None  # nobody knows the price yet
    panel.take(quote())
    status = panel.status()
    assert status.strategies == {
        "hybrid": StrategyStatus(realized=d(0), unrealized=d(4), fees={"BNB": d("0.002")}, fills=1),
        "flatten": StrategyStatus(
            realized=d("-0.1"), unrealized=d(3), fees={"USDT": d("0.1")}, fills=1
        ),
    }
    assert status.fees == {"BNB": d("0.002"), "USDT": d("0.1")}
    position = recovery.tracker.position(KEY)
    made = [s.realized + (s.unrealized or 0) for s in status.strategies.values()]
    assert sum(made) == position.realized + position.unrealized(d(100))


def test_they_are_in_the_summary_and_in_the_metrics() -> None:
    panel, _ = shown()
    panel.take(quote())
    text = closing_summary(panel.status())
    assert "0.002 BNB since the journal began" in text
    [line] = [line for line in text.splitlines() if line.startswith("strategy flatten")]
    assert line.endswith("realized -0.10, open +3.00, fees 0.1 USDT, 1 fills")
    registry = Registry()
    StatusMetrics(registry).publish(panel.status())
    told = registry.render()
    assert 'bot3_fees{asset="BNB"} 0.002' in told
    assert 'bot3_strategy_profit{strategy="hybrid",kind="unrealized"} 4' in told
