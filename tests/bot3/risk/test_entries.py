"""Rules about when and what to enter: they end, they let good pairs through, they bind no exit."""

from __future__ import annotations

from bot3.domain.approval import ApprovedOrder
from bot3.domain.book import Quote
from bot3.domain.refusal import DenialReason
from bot3.domain.values import Side
from bot3.messages.control import StopHit
from tests.bot3.making import (
    KEY,
    SECOND_NS,
    START_NS,
    d,
    make_intent,
)
from tests.bot3.risk.gates import (
    answer,
    examined,
    hold_another,
    just_closed,
    manager,
    many_stops,
    tighten,
)

R = DenialReason
SELL = Side.SELL
HIT = StopHit(KEY.symbol, d(100), d(95), START_NS, START_NS)


def test_a_rule_about_entries_ends_when_it_should() -> None:
    made = manager()
    just_closed(made, cooldown_s=60.0)
    made.on_quote(KEY, Quote(99.9, 1.0, 100.1, 1.0), START_NS + 60 * SECOND_NS)
    assert answer(made, make_intent(), START_NS + 60 * SECOND_NS) is ApprovedOrder
    made = manager()
    many_stops(made)
    made.on_quote(KEY, Quote(99.9, 1.0, 100.1, 1.0), START_NS + 30 * SECOND_NS)
    assert answer(made, make_intent(), START_NS + 30 * SECOND_NS) is ApprovedOrder
    made = manager()
    many_stops(made)
    made.state.stops_hit_ns.appendleft(0)  # too long ago to be one of them
    assert answer(made, make_intent()) is R.STOP_GUARD
    made.state.stops_hit_ns.clear()
    made.state.stops_hit_ns.extend([START_NS - 61 * SECOND_NS, START_NS])
    assert answer(made, make_intent()) is ApprovedOrder


def test_pair_lists_let_through_what_is_good_enough() -> None:
    made = manager()
    examined(made, pair_volume_min=1e6, pair_age_min_days=5, pair_spread_max_bps=20.1)
    assert answer(made, make_intent()) is ApprovedOrder


def test_no_rule_about_entries_binds_an_exit_or_more_of_the_same() -> None:
    sell = make_intent(amount="0.5", price="99.9", side=SELL, is_reducing=True)
    rules = (
        lambda m: just_closed(m, cooldown_s=60.0), many_stops, hold_another,
        lambda m: tighten(m, pair_volume_min=1.0, pair_age_min_days=1, pair_spread_max_bps=1.0),
    )  # fmt: skip
    for spoil in rules:
        made = manager()
        spoil(made)
        made.on_position(KEY, d("0.5"))
        assert answer(made, sell) is ApprovedOrder
    made = manager()
    tighten(made, open_trades_max=1)
    made.on_position(KEY, d("0.5"))
    assert answer(made, make_intent(amount="0.5")) is ApprovedOrder


def test_an_exit_may_be_further_off_than_an_entry() -> None:
    far = make_intent(amount="0.5", price="99.1", side=SELL, is_reducing=True)
    for spoil in (lambda m: m.flatten("out", START_NS), lambda m: m.restore_stop(HIT)):
        made = manager()
        made.on_position(KEY, d(1))
        assert answer(made, far) is R.PRICE_COLLAR
        spoil(made)
        assert answer(made, far) is ApprovedOrder
        further = make_intent(amount="0.5", price="98.9", side=SELL, is_reducing=True)
        assert answer(made, further) is R.PRICE_COLLAR
