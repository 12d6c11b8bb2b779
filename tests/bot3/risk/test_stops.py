"""Protective stops: hit by the whole symbol's loss, held until it is sold, pass a halt."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.book import Quote
from bot3.domain.ids import RunId
from bot3.domain.order import OrderIntent
from bot3.domain.refusal import DenialReason
from bot3.domain.values import InstrumentId, Price, Side, Symbol, VenueName
from bot3.messages.control import SessionStarted, StopHit, StopKind, TradingResumed
from bot3.messages.minds import TargetProposed
from bot3.messages.orders import OrderApproved, OrderDenied, ProposeOrder
from bot3.portfolio.recovery import Recovery
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager
from tests.bot3.making import (
    BTC,
    KEY,
    SECOND_NS,
    START_NS,
    USDT,
    d,
    make_balance,
    make_instrument,
    make_intent,
)

OTHER = InstrumentId(VenueName("okx"), KEY.symbol)
ETHER = InstrumentId(KEY.venue, Symbol("ETH/USDT"))
PAUSE_NS = 60 * SECOND_NS


def manager(stop_loss: float = 0.05) -> RiskManager:
    """One bitcoin on each of two venues, bought at 100 and 110; both marked at 100."""
    made = RiskManager(RiskLimits(stop_loss=stop_loss, stop_pause_s=60.0))
    made.on_instruments([make_instrument(key) for key in (KEY, OTHER, ETHER)])
    made.on_balances([make_balance(USDT, "10000"), make_balance(BTC, "1")])
    made.on_equity(d(10_000), START_NS)
    mark(made, "100")
    hold(made, KEY, "1", "100")
    hold(made, OTHER, "1", "110")
    return made


def mark(made: RiskManager, price: str, now_ns: int = START_NS) -> None:
    for key in (KEY, OTHER, ETHER):
        made.on_quote(key, Quote(float(price) - 0.01, 5.0, float(price) + 0.01, 5.0), now_ns)


def hold(made: RiskManager, key: InstrumentId, amount: str, entry: str | None) -> None:
    made.on_position(key, d(amount), entry=None if entry is None else Price(d(entry)))


def propose(key: InstrumentId = KEY) -> TargetProposed:
    return TargetProposed(key, "hybrid", START_NS, 0, 1.0, 1.0)


def test_the_loss_of_the_whole_symbol_counts() -> None:
    made = manager()
    assert made.check_stops(START_NS) == ()  # 200 of 210: 4.8 %
    mark(made, "99.75")
    [hit] = made.check_stops(START_NS)
    assert (hit.symbol, hit.cost, hit.value) == (KEY.symbol, d(210), d("199.5"))
    assert hit.words == "BTC/USDT fell 5.00% below its entry"
    assert made.check_stops(START_NS + 1) == ()  # told once


def test_every_venue_of_the_symbol_is_left_at_once_and_no_other() -> None:
    made = manager()
    mark(made, "90")
    assert made.exits(START_NS) == ()
    made.check_stops(START_NS)
    exits = made.exits(START_NS)
    assert {(exit_.instrument, exit_.position, exit_.is_urgent) for exit_ in exits} == {
        (KEY, d(0), True),
        (OTHER, d(0), True),
    }
    sized = made.size(propose())
    assert sized is not None
    assert (sized.position, sized.is_urgent) == (0, True)
    free = made.size(propose(ETHER))
    assert free is not None
    assert free.position > 0


def test_it_holds_until_all_is_sold_and_the_pause_is_over() -> None:
    made = manager()
    mark(made, "90")
    made.check_stops(START_NS)
    mark(made, "120")  # the price comes back: the stop was hit all the same
    made.check_stops(START_NS + PAUSE_NS)
    assert made.exits(START_NS + PAUSE_NS) != ()
    hold(made, KEY, "0", None)
    hold(made, OTHER, "0.0003", "110")  # dust
    made.check_stops(START_NS + PAUSE_NS - 1)
    assert KEY.symbol in made.state.stops
    assert made.check_stops(START_NS + PAUSE_NS) == ()
    assert made.state.stops == {}
    mark(made, "90")
    assert made.check_stops(START_NS + PAUSE_NS) == ()  # dust has no stop: nobody would take it


def test_no_entry_passes_while_it_holds_and_its_exits_pass_a_halt() -> None:
    made = manager()
    made.halt("by hand", START_NS)
    sell = make_intent(1, amount="0.5", side=Side.SELL, price="99.9", is_reducing=True)
    assert denied(made, sell) is DenialReason.TRADING_HALTED
    made.restore_stop(StopHit(KEY.symbol, d(100), d(94), START_NS, START_NS))
    assert isinstance(made.judge(ProposeOrder(sell, 0), START_NS), OrderApproved)
    assert denied(made, make_intent(2, amount="0.5")) is DenialReason.TRADING_HALTED
    made.state.halted = None
    assert denied(made, make_intent(2, amount="0.5")) is DenialReason.STOP_LOSS
    made.halt("by hand", START_NS)
    assert made.resume("operator", START_NS) is not None
    assert made.state.stops == {}


def denied(made: RiskManager, intent: OrderIntent) -> DenialReason | None:
    answer = made.judge(ProposeOrder(intent, 0), START_NS)
    return answer.denial.reason if isinstance(answer, OrderDenied) else None


def test_an_operator_may_end_a_stop_that_holds() -> None:
    made = manager()
    mark(made, "90")
    made.check_stops(START_NS)
    assert made.resume("operator", START_NS) is not None
    assert made.resume("operator", START_NS) is None


def test_without_a_stop_nothing_is_sold() -> None:
    made = manager(stop_loss=0.0)
    mark(made, "1")
    assert made.check_stops(START_NS) == ()


def test_recovery_knows_the_stops_that_were_hit() -> None:
    recovery = Recovery("ours")
    hit = StopHit(KEY.symbol, d(100), d(94), START_NS, START_NS + PAUSE_NS)
    begun = SessionStarted(RunId("testrun1"), "ours", "x", "simulated", START_NS)
    recovery.fold([begun, hit])
    assert recovery.stops == {KEY.symbol: hit}
    recovery.fold([TradingResumed("operator", START_NS)])
    assert recovery.stops == {}


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(50, 150)), min_size=1, max_size=2),
    st.integers(40, 160),
)
def test_it_is_hit_exactly_where_the_loss_reaches_its_share(
    held: list[tuple[int, int]], price: int
) -> None:
    made = manager()
    for key, (amount, entry) in zip((KEY, OTHER), held, strict=False):
        hold(made, key, str(amount), str(entry))
    mark(made, str(price))
    holdings = [(d(amount), d(entry)) for amount, entry in held]
    if len(held) == 1:
        holdings.append((d(1), d(110)))
    cost = sum((amount * entry for amount, entry in holdings), Decimal(0))
    value = sum((amount * price for amount, _ in holdings), Decimal(0))
    assert bool(made.check_stops(START_NS)) == (value <= cost * d("0.95"))


def trailing(**limits: float) -> RiskManager:
    """One bitcoin bought at 100, marked at 100."""
    made = RiskManager(RiskLimits(stop_pause_s=60.0, **limits))
    made.on_instruments([make_instrument()])
    made.on_balances([make_balance(USDT, "10000"), make_balance(BTC, "1")])
    made.on_equity(d(10_000), START_NS)
    made.on_realized(KEY, d(1), d(0), START_NS)
    hold(made, KEY, "1", "100")
    return made


def kinds(made: RiskManager, price: str, now_ns: int = START_NS) -> list[str]:
    made.on_quote(KEY, Quote(float(price) - 0.01, 5.0, float(price) + 0.01, 5.0), now_ns)
    return [n.kind.value for n in made.check_stops(now_ns) if isinstance(n, StopHit)]


def test_a_trailing_stop_follows_the_peak_once_there_is_a_gain() -> None:
    made = trailing(trailing_stop=0.05, trailing_from=0.02)
    assert [kinds(made, price) for price in ("100", "101.9", "96")] == [[], [], []]
    assert [kinds(made, price) for price in ("110", "105")] == [[], []]
    assert kinds(made, "104.4") == ["trailing"]
    assert made.exits(START_NS)[0].position == 0


def test_a_peak_is_written_when_it_matters_and_found_again() -> None:
    made = trailing(trailing_stop=0.05)
    written = []
    for price in ("100", "100.05", "101", "101.05", "103"):
        made.on_quote(KEY, Quote(float(price) - 0.01, 5.0, float(price) + 0.01, 5.0), START_NS)
        written += made.check_stops(START_NS)
    assert [str(each.price) for each in written] == ["100.00", "101.00", "103.00"]
    recovery = Recovery("mine")
    recovery.fold([SessionStarted(RunId("a"), "mine", "hash", "test", START_NS), *written])
    again = trailing(trailing_stop=0.05)
    again.restore_trips(recovery.trips, recovery.stops_hit_ns, recovery.peaks)
    assert kinds(again, "97.8") == ["trailing"]
    assert kinds(trailing(trailing_stop=0.05), "97.8") == []  # one that had forgotten


def test_what_is_sold_has_no_peak_any_more() -> None:
    made = trailing(trailing_stop=0.05)
    kinds(made, "120")
    made.on_position(KEY, d(0))
    assert kinds(made, "100") == []
    hold(made, KEY, "1", "100")
    assert kinds(made, "99") == []


def test_a_profit_is_taken_and_an_old_position_sold() -> None:
    made = trailing(take_profit=0.1, holding_max_s=3600.0)
    assert kinds(made, "109.9") == []
    assert kinds(made, "110") == ["profit"]
    made = trailing(take_profit=0.1, holding_max_s=3600.0)
    assert kinds(made, "100", START_NS + 3599 * SECOND_NS) == []
    assert kinds(made, "100", START_NS + 3600 * SECOND_NS) == ["time"]


def test_only_losing_exits_count_for_the_guard() -> None:
    made = trailing(take_profit=0.1, stop_loss=0.05)
    kinds(made, "111")
    assert not made.state.stops_hit_ns
    made = trailing(take_profit=0.1, stop_loss=0.05)
    kinds(made, "94")
    assert [*made.state.stops_hit_ns] == [START_NS]


def test_each_exit_says_what_happened() -> None:
    words = [
        StopHit(KEY.symbol, d(100), value, 0, 0, kind).words
        for kind, value in zip(StopKind, (d(95), d(103), d(110), d(101)), strict=True)
    ]
    assert words == [
        "BTC/USDT fell 5.00% below its entry",
        "BTC/USDT fell from its peak, at +3.00% of its entry",
        "BTC/USDT reached its profit, at +10.00% of its entry",
        "BTC/USDT was held as long as it may be, at +1.00% of its entry",
    ]
