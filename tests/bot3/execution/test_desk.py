"""The desk: a target becomes orders through the gate and back, once, whatever the order of news."""

from __future__ import annotations

from bot3.domain.book import Quote
from bot3.domain.order import OrderIntent, OrderStatus
from bot3.domain.refusal import Denial, DenialReason
from bot3.execution.actions import Action, Submission
from bot3.execution.desk import ExecutionDesk
from bot3.execution.symbol_desk import ExecutionSettings
from bot3.messages.account import FetchFills, OrderClosed
from bot3.messages.control import SessionStarted
from bot3.messages.orders import (
    CancelOrder,
    IntentRecorded,
    OrderApproved,
    OrderDenied,
    OrderFilled,
    ProposeOrder,
    QueryOrder,
    TargetSized,
)
from bot3.portfolio.recovery import Recovery
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from tests.bot3.making import (
    KEY,
    RUN,
    SECOND_NS,
    START_NS,
    USDT,
    VENUE,
    acknowledged,
    canceled,
    d,
    expired,
    make_balance,
    make_fill,
    make_instrument,
)

QUOTE = Quote(99.99, 1.0, 100.01, 1.0)


SETTLE_NS = int(ExecutionSettings().settle_s * SECOND_NS)


def target(position: str) -> TargetSized:
    return TargetSized(KEY, "hybrid", d(position), START_NS, 7)


def desk() -> ExecutionDesk:
    made = ExecutionDesk(RUN, ExecutionSettings())
    made.on_instruments([make_instrument()])
    assert made.on_quote(KEY, QUOTE, START_NS) == []
    return made


def gate() -> RiskManager:
    made = RiskManager(RiskLimits())
    made.on_instruments([make_instrument()])
    made.on_quote(KEY, QUOTE, START_NS)
    made.on_balances([make_balance(USDT, "100000")])
    made.on_equity(d(10_000), START_NS)
    return made


def approve(made: ExecutionDesk, actions: list[Action], now_ns: int = START_NS) -> OrderIntent:
    """Through a real gate, to the one submission."""
    [proposal] = actions
    assert isinstance(proposal, ProposeOrder)
    answer = gate().judge(proposal, START_NS)
    assert isinstance(answer, OrderApproved)
    [submission] = made.on_approved(answer, now_ns)
    assert isinstance(submission, Submission)
    assert submission.record.intent == submission.submit.approved.intent == proposal.intent
    assert submission.submit.origin_ns == 7
    return proposal.intent


def test_a_target_is_proposed_once_and_submitted_after_approval() -> None:
    made = desk()
    actions = made.on_target(target("1"), START_NS)
    assert made.on_target(target("1"), START_NS) == []
    assert made.on_quote(KEY, QUOTE, START_NS) == []
    intent = approve(made, actions)
    assert made.on_quote(KEY, QUOTE, START_NS) == []
    [order] = made.orders.live(KEY)
    assert order.intent == intent


def test_out_of_patience_it_cancels_then_crosses() -> None:
    made = desk()
    approve(made, made.on_target(target("1"), START_NS))
    made.on_order_event(acknowledged(1), START_NS)
    later_ns = START_NS + 20 * SECOND_NS
    [cancel] = made.on_timer(later_ns)
    assert isinstance(cancel, CancelOrder)
    [closed] = made.on_order_event(canceled(1), later_ns)
    assert isinstance(closed, OrderClosed)
    assert made.on_timer(later_ns + SETTLE_NS - 1) == []  # the balances are still on their way
    [proposal] = made.on_timer(later_ns + SETTLE_NS)
    assert isinstance(proposal, ProposeOrder)
    assert proposal.intent.price.amount == d("100.11")


def test_a_fill_of_the_whole_leaves_nothing_to_do() -> None:
    made = desk()
    approve(made, made.on_target(target("1"), START_NS))
    [closed] = made.on_order_event(OrderFilled(make_fill("a", 1, amount="1")), START_NS)
    assert isinstance(closed, OrderClosed)
    assert made.on_timer(START_NS + 60 * SECOND_NS) == []
    assert made.tracker.position(KEY).amount == 1


def test_what_is_canceled_with_fills_on_the_way_is_not_bought_twice() -> None:
    made = desk()
    approve(made, made.on_target(target("1"), START_NS))
    [fetch] = made.on_order_event(canceled(1, filled="1"), START_NS)
    assert isinstance(fetch, FetchFills)
    assert made.on_target(target("1"), START_NS) == []
    made.on_order_event(OrderFilled(make_fill("a", 1, amount="1")), START_NS)
    assert made.on_target(target("1"), START_NS) == []


def test_a_denial_and_a_lapse_make_a_pause() -> None:
    made = desk()
    [proposal] = made.on_target(target("1"), START_NS)
    assert isinstance(proposal, ProposeOrder)
    denial = Denial(proposal.intent.client_order_id, DenialReason.BALANCE, "")
    made.on_denied(OrderDenied(proposal.intent, denial, START_NS), START_NS)
    assert made.on_quote(KEY, QUOTE, START_NS + SECOND_NS) == []
    actions = made.on_quote(KEY, QUOTE, START_NS + 2 * SECOND_NS)
    intent = approve(made, actions, START_NS + 2 * SECOND_NS)
    assert intent.number == 2
    [closed] = made.on_order_event(expired(2), START_NS + 2 * SECOND_NS)
    assert isinstance(closed, OrderClosed)
    assert made.on_timer(START_NS + 3 * SECOND_NS) == []
    assert len(made.on_timer(START_NS + 4 * SECOND_NS)) == 1


def test_an_approval_that_comes_after_everything_was_canceled_is_withdrawn() -> None:
    made = desk()
    [proposal] = made.on_target(target("1"), START_NS)
    assert isinstance(proposal, ProposeOrder)
    assert made.cancel_everything("halt", START_NS) == []
    answer = gate().judge(proposal, START_NS)
    assert isinstance(answer, OrderApproved)
    [closed] = made.on_approved(answer, START_NS)
    assert isinstance(closed, OrderClosed)
    assert closed.status is OrderStatus.DENIED
    assert made.orders.live(KEY) == ()
    assert made.on_timer(START_NS + 60 * SECOND_NS) == []


def test_cancel_everything_cancels_what_lives() -> None:
    made = desk()
    approve(made, made.on_target(target("1"), START_NS))
    [cancel] = made.cancel_everything("halt", START_NS)
    assert isinstance(cancel, CancelOrder)
    assert cancel.reason == "halt"


def test_a_proposal_that_the_gate_never_answered_is_made_anew() -> None:
    made = desk()
    [lost] = made.on_target(target("1"), START_NS)
    assert isinstance(lost, ProposeOrder)
    [again] = made.on_timer(lost.intent.deadline_ns)
    assert isinstance(again, ProposeOrder)
    assert again.intent.number == lost.intent.number + 1


def test_without_a_book_nothing_is_planned() -> None:
    made = desk()
    made.on_book_lost(KEY)
    assert made.on_target(target("1"), START_NS) == []


def test_it_goes_on_from_what_recovery_found() -> None:
    first = desk()
    actions = first.on_target(target("1"), START_NS)
    approve(first, actions)
    recovery = Recovery("ours")
    [proposal] = actions
    recovery.fold(
        [
            SessionStarted(RUN, "ours", "x", "simulated", START_NS),
            IntentRecorded(proposal.intent, START_NS),
            OrderFilled(make_fill("a", 1, amount="0.4")),
        ]
    )
    made = ExecutionDesk(
        RUN, ExecutionSettings(), next_intent_number=recovery.next_intent_number,
        tracker=recovery.tracker, orders=recovery.orders(),
    )  # fmt: skip
    made.on_instruments([make_instrument()])
    made.on_quote(KEY, QUOTE, START_NS)
    assert made.on_target(target("1"), START_NS) == []  # the old order may still fill
    [query] = made.on_account_restored(VENUE, START_NS)
    assert isinstance(query, QueryOrder)
    made.on_order_event(canceled(1, filled="0.4"), START_NS)
    [proposal] = made.on_target(target("1"), START_NS + SETTLE_NS)
    assert isinstance(proposal, ProposeOrder)
    assert (proposal.intent.number, proposal.intent.amount.amount) == (2, d("0.6"))
