"""The market actor: fresh quotes, lost books, silence after a restart."""

from __future__ import annotations

from bot3.market.features import FEATURE_NAMES
from bot3.messages.market import (
    BarClosed,
    BookLost,
    BookReplaced,
    FeedLost,
    QuoteChanged,
    ResyncBook,
)
from bot3.messages.minds import FeaturesComputed, RegimeEstimated
from bot3.messages.orders import OrderDenied
from supervisors.testing import crash
from tests.bot3.actors.core_driver import BITCOIN, ETHER, CoreDriver
from tests.bot3.actors.series import bars_of, wave
from tests.bot3.making import SECOND_NS, START_NS, VENUE


def test_a_quiet_touch_in_a_live_book_stays_fresh_on_the_beat() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    for _ in range(5):
        driver.tick(1.0)
        driver.change(BITCOIN, [(90.0, 1.0)], [])  # far below the touch: the quote is the same
    quotes_before = len(driver.heard(QuoteChanged))
    driver.tick(0.25)
    last = driver.heard(QuoteChanged)[-1]
    assert len(driver.heard(QuoteChanged)) == quotes_before + 1
    assert last.ts_local_ns == driver.now_ns - SECOND_NS // 4
    driver.want(1.0)
    assert len(driver.submitted()) == 1
    driver.tick(0.25)  # nothing came since: nothing is said
    assert len(driver.heard(QuoteChanged)) == quotes_before + 1


def test_a_dead_book_is_not_kept_fresh() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    for _ in range(5):
        driver.tick(1.0)
    driver.want(1.0)
    assert [denied.denial.reason.value for denied in driver.of(OrderDenied)] == ["book_stale"]
    assert driver.submitted() == []


def test_a_crossed_book_asks_for_a_whole_one_once_and_tells_everybody() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    for _ in range(3):
        driver.change(BITCOIN, [(101.0, 1.0)], [])
        driver.tick()
    assert [asked.instrument for asked in driver.of(ResyncBook)] == [BITCOIN]
    assert [lost.instrument for lost in driver.heard(BookLost)] == [BITCOIN]
    driver.want(1.0)
    assert driver.submitted() == []  # nothing is planned without a quote
    driver.book(BITCOIN, 100.0, 100.02)
    assert len(driver.submitted()) == 1


def test_a_side_that_empties_takes_the_quote_away() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.change(BITCOIN, [], [(100.02, 0.0)])
    assert [lost.instrument for lost in driver.heard(BookLost)] == [BITCOIN]
    driver.want(1.0)
    assert driver.submitted() == []
    driver.change(BITCOIN, [], [(100.03, 1.0)])
    assert len(driver.submitted()) == 1
    assert driver.of(ResyncBook) == []  # a one-sided book is the venue's, not a wrong one


def test_a_lost_feed_takes_every_quote_once() -> None:
    driver = CoreDriver()
    driver.quote_and_mark()
    driver.market(BITCOIN).send(FeedLost(VENUE, "reset by peer", driver.now_ns))
    driver.market(BITCOIN).send(FeedLost(VENUE, "reset by peer", driver.now_ns))
    assert [(lost.instrument, lost.reason) for lost in driver.heard(BookLost)] == [
        (BITCOIN, "reset by peer")
    ]


def test_history_reaches_the_minds_as_warm_up_and_a_second_one_does_not() -> None:
    driver = CoreDriver()
    bars = bars_of(BITCOIN, wave(120))
    driver.history(BITCOIN, bars)
    told = driver.heard(BarClosed)
    assert [each.bar for each in told] == bars
    assert all(each.is_warm_up for each in told)
    driver.history(BITCOIN, bars)
    assert driver.heard(BarClosed) == told
    assert driver.errors() == {}


def test_a_restarted_market_is_silent_and_goes_on_where_it_was() -> None:
    driver, whole = CoreDriver(), CoreDriver()
    for each in (driver, whole):
        each.history(BITCOIN, bars_of(BITCOIN, wave(120)))
        each.live_bar(BITCOIN, 100.0)
        each.tick(1.0)
    bars, regimes = driver.heard(BarClosed), driver.heard(RegimeEstimated)
    crash(driver.market(BITCOIN), RuntimeError("cosmic ray"))
    driver.restart(driver.market(BITCOIN))
    assert driver.heard(BarClosed) == bars
    assert driver.heard(RegimeEstimated) == regimes
    for each in (driver, whole):
        each.live_bar(BITCOIN, 100.5)
        each.tick(1.0)
    opens = [each.bar.open_ns for each in driver.heard(BarClosed)]
    assert opens == [START_NS + n * SECOND_NS for n in range(-120, len(opens) - 120)]
    features = [_values(each) for each in driver.heard(RegimeEstimated)]
    assert features == [_values(each) for each in whole.heard(RegimeEstimated)]


def _values(estimated: RegimeEstimated) -> tuple[float, ...]:
    """But for the order flow: that of the bar in which it crashed is lost with its book."""
    features: FeaturesComputed = estimated.features
    known = zip(FEATURE_NAMES, features.values, strict=True)
    return (features.ts_ns, *(x for name, x in known if not name.startswith("order_flow")))


def test_a_restarted_market_takes_its_quote_back_and_asks_for_a_whole_book() -> None:
    driver = CoreDriver()
    driver.history(BITCOIN, bars_of(BITCOIN, wave(120)))
    driver.quote_and_mark()
    crash(driver.market(BITCOIN), RuntimeError("cosmic ray"))
    driver.restart(driver.market(BITCOIN))
    assert [asked.instrument for asked in driver.of(ResyncBook)] == [BITCOIN]
    assert [lost.instrument for lost in driver.heard(BookLost)] == [BITCOIN]
    driver.want(1.0)
    assert driver.submitted() == []


def test_a_market_that_crashes_before_its_first_bar_asks_for_a_book_too() -> None:
    driver = CoreDriver()
    driver.book(BITCOIN, 99.99, 100.01)
    crash(driver.market(BITCOIN), RuntimeError("cosmic ray"))
    driver.restart(driver.market(BITCOIN))
    assert [asked.instrument for asked in driver.of(ResyncBook)] == [BITCOIN]


def test_an_event_of_another_instrument_kills_only_the_actor_that_got_it() -> None:
    driver = CoreDriver()
    driver.quote_and_mark(ETHER)
    astray = BookReplaced(ETHER, [(1.0, 1.0)], [(2.0, 1.0)], 1, driver.now_ns, driver.now_ns)
    driver.market(BITCOIN).send(astray)
    assert list(driver.errors()) == ["market"]
    assert not driver.market(BITCOIN).is_up
    seen = len(driver.heard(QuoteChanged))
    driver.change(ETHER, [(100.0, 1.0)], [])
    assert len(driver.heard(QuoteChanged)) == seen + 1
