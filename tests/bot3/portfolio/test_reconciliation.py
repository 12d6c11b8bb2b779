"""When a difference of books is a mismatch: it lasts, the venue was asked, and it says the same."""

from __future__ import annotations

from bot3.messages.account import (
    BalanceMismatch,
    ReconcileMatched,
    ReconcileMismatch,
)
from bot3.portfolio.reconciliation import Reconciliation, Step
from tests.bot3.making import BTC, SECOND_NS, START_NS, USDT, VENUE, d

BITCOIN = BalanceMismatch(VENUE, BTC, d(1), d(2))
DOLLARS = BalanceMismatch(VENUE, USDT, d(1), d(2))


def compared(
    kept: Reconciliation, *found: BalanceMismatch, second: int, answers: bool = True
) -> Step:
    step = kept.compare(found, START_NS + second * SECOND_NS)
    if step.questions and answers:
        kept.on_balances(VENUE)
    return step


def test_what_passes_is_nothing() -> None:
    kept = Reconciliation()
    for second in range(60):
        found = (BITCOIN,) if second % 2 else ()
        assert compared(kept, *found, second=second) == Step((), (), ())


def test_what_lasts_is_asked_about_then_told_once_then_told_gone() -> None:
    kept = Reconciliation()
    steps = [compared(kept, BITCOIN, DOLLARS, second=second) for second in range(40)]
    asked = [at for at, step in enumerate(steps) if step.questions]
    assert asked == [1, 11, 21, 31]
    assert {question.venue for question in steps[1].questions} == {VENUE}
    told = [(at, news) for at, step in enumerate(steps) for news in step.news]
    assert [(at, news.asset) for at, news in told] == [(15, BTC), (15, USDT)]
    assert all(isinstance(news, ReconcileMismatch) for _, news in told)
    step = compared(kept, DOLLARS, second=40)
    assert step.news == (ReconcileMatched(VENUE, BTC, START_NS + 40 * SECOND_NS),)
    assert compared(kept, DOLLARS, second=41).news == ()


def test_without_the_venues_answer_nothing_is_told() -> None:
    kept = Reconciliation()
    kept.on_balances(VENUE)  # before it was asked: no answer
    for second in range(60):
        assert compared(kept, BITCOIN, second=second, answers=False).news == ()
    kept.on_balances(VENUE)
    assert compared(kept, BITCOIN, second=60, answers=False).news != ()
