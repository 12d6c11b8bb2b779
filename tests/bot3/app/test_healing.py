"""Healing in the whole engine over real sockets: snapshots, order entry, the rate budget."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import trio

from adapters.net.budget import WeightBudget
from bot3.domain.approval import ApprovedOrder
from bot3.domain.errors import OutcomeUnknownError
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.messages.healing import HealingActed
from bot3.messages.minds import TargetProposed
from bot3.messages.orders import VenueOrder
from bot3.ports.venue import VenuePort
from bot3.services.storage import JournalStore
from tests.bot3.app.engine_bench import Running, open_engine, open_market

BINANCE = VenueName("binance")
BTC = InstrumentId(BINANCE, Symbol("BTC/USDT"))
ML = "bot3/minds/binance BTC-USDT/ml"
SESSION = "bot3/venues/binance/session"


class MoodyVenue:
    """A `VenuePort` whose order placement fails while it is in a mood; everything else goes on."""

    def __init__(self, behind: VenuePort) -> None:
        self._behind = behind
        self.is_moody = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    async def submit(self, order: ApprovedOrder) -> VenueOrder:
        if self.is_moody:
            raise OutcomeUnknownError("HTTP 503")
        return await self._behind.submit(order)


def journaled(journal: Path) -> list[tuple[str, str]]:
    """What the journal says of healing: (action, subject), in order."""
    store = JournalStore(journal)
    try:
        records = [stored.record for stored in store.read_all()]
    finally:
        store.close()
    return [(each.action.value, each.subject) for each in records if isinstance(each, HealingActed)]


async def test_an_actor_that_crashes_on_its_snapshots_is_rebuilt_from_nothing(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "j.sqlite"
    quick = {"healing__max_crashes_on_same_state": 2}
    async with open_market(17, **quick) as (market, _), open_engine(market, journal) as running:
        board, observer = running.engine.board, running.tree.observer
        await running.until(lambda: "hybrid" in board.instruments[BTC].targets)
        shelf = running.engine.memory.models(BTC)
        for snapshot in (b"not a snapshot", b"neither is this"):
            shelf.keep(snapshot)
        running.tree.kill(ML)
        await running.until(lambda: board.healing["start_empty"] == 1)
        await running.until(lambda: running.engine.core.minds[BTC].ml.is_up)
        assert shelf.origin.generations == 0
        assert observer.restarts(ML) == 1  # the other starts failed
        heard_ns = board.instruments[BTC].targets["ml"].ts_ns
        await running.until(lambda: board.instruments[BTC].targets["ml"].ts_ns > heard_ns)
        assert set(observer.restarts_by_actor()) == {ML}
    assert journaled(journal) == [
        ("restore_snapshot", "binance:BTC/USDT ml"),
        ("start_empty", "binance:BTC/USDT ml"),
    ]


def circuit(running: Running) -> str:
    return running.engine.board.venues[BINANCE].circuit.value


async def restless(running: Running) -> None:
    """Wants in and out of every instrument, over and over, one instrument after the other."""
    core, clock = running.engine.core, running.engine.clock
    for target in itertools.cycle((1.0, 0.0)):
        for _ in range(2):  # the blend wants something else, once a second
            for key in core.minds:
                now_ns = clock.now_ns()
                core.risk.send(TargetProposed(key, "a test", now_ns, 0, target, 1.0))
                await trio.sleep(0.3)


async def test_failing_order_entry_opens_the_circuit_denies_entries_and_closes_it_again(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "j.sqlite"
    quick = {
        "healing__circuit_failures": 1,
        "healing__circuit_open_s": 4.0,
        "healing__circuit_open_max_s": 4.0,
        "execution__order_lifetime_s": 1.0,
        "execution__maker_patience_s": 0.0,
    }
    moods: list[MoodyVenue] = []

    def through(venue: VenuePort) -> VenuePort:
        moods.append(MoodyVenue(venue))
        return moods[-1]

    async with (
        open_market(17, **quick) as (market, nursery),
        open_engine(market, journal, through) as running,
    ):
        board, (venue,) = running.engine.board, moods
        nursery.start_soon(restless, running)
        await running.until(lambda: board.fills > 0)
        assert (circuit(running), dict(board.healing)) == ("closed", {})
        venue.is_moody = True
        await running.until(lambda: board.orders.denials["circuit_open"] > 0)
        await running.until(lambda: board.healing["open_circuit"] > 1)  # a probe failed
        venue.is_moody, fills = False, board.fills
        await running.until(lambda: circuit(running) == "closed")
        await running.until(lambda: board.fills > fills)
        assert running.tree.observer.restarts_by_actor() == {}
        assert running.engine.memory.standing.circuits == {}
    actions = [action for action, subject in journaled(journal) if subject == "binance"]
    assert actions[:2] == ["open_circuit", "probe_circuit"]
    assert actions[-2:] == ["probe_circuit", "close_circuit"]


async def test_a_low_rate_budget_sheds_data_until_it_has_recovered(tmp_path: Path) -> None:
    low = {"healing__shed_data_above": 0.02, "healing__resume_data_below": 0.019}
    journal = tmp_path / "j.sqlite"
    async with open_market(19, **low) as (market, _), open_engine(market, journal) as running:
        board, feed = running.engine.board, running.access[BINANCE].feed
        budget = running.access[BINANCE].budget
        assert isinstance(budget, WeightBudget)
        # What is on its way counts in the next minute too, which may begin at any line below.
        budget.start(200, running.engine.clock.now_ns())
        await running.until(lambda: board.healing["shed_data"] == 1)

        def turned_away() -> bool:
            feed.resync(BTC.symbol, "a test")  # again: nobody hears one before the feed is up
            return budget.counts()["data_turned_away"] > 0

        await running.until(turned_away)
        snapshots = feed.counts()["snapshots"]
        budget.set_limit(1_000_000)
        await running.until(lambda: board.healing["resume_data"] == 1)
        await running.until(lambda: feed.counts()["snapshots"] > snapshots)
    assert journaled(journal) == [("shed_data", "binance"), ("resume_data", "binance")]


async def test_a_session_that_starts_again_while_data_is_shed_gets_its_data_at_last(
    tmp_path: Path,
) -> None:
    """It stops the rest of its venue's group, but not who reads the budget."""
    low = {"healing__shed_data_above": 0.02, "healing__resume_data_below": 0.019}
    journal = tmp_path / "j.sqlite"
    async with open_market(19, **low) as (market, _), open_engine(market, journal) as running:
        board, budget = running.engine.board, running.access[BINANCE].budget
        assert isinstance(budget, WeightBudget)
        budget.start(200, running.engine.clock.now_ns())  # into the next minute, too
        await running.until(lambda: board.healing["shed_data"] == 1)
        running.tree.kill(SESSION)
        await running.until(lambda: budget.counts()["data_turned_away"] > 0)
        budget.set_limit(1_000_000)
        await running.until(lambda: running.tree.observer.restarts(SESSION) == 1)
        await running.until(lambda: board.venues[BINANCE].is_feed_connected)
