"""The checker before made-up lives, and before real supervisors."""

from __future__ import annotations

import trio

from bot3.app.simulation.invariants.events import LifecycleHeard, ProcessStarted, WorldEvent
from bot3.app.simulation.invariants.restart_rules import (
    SupervisorRule,
    pauses_of,
    supervisor_rules_of,
)
from bot3.app.simulation.invariants.restarts import NoRestartStorm
from supervisors.actor import EdgeActor, EdgeContext
from supervisors.backoff import Backoff
from supervisors.dispatch import RunQueue
from supervisors.observe import ActorExited, ActorStarted, LifecycleEvent, Observer
from supervisors.restart import ExitReason, Intensity, Strategy
from supervisors.spec import EdgeSpec, SupervisorSpec
from supervisors.testing import TrioClock, running_tree
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import SECOND_NS

RISK, FEED = "bot3/risk", "bot3/venues/feed"


class Lives(History):
    """A world of actors: a pause of 0.16 s at least, 3 restarts in 30 s (5 s of slack)."""

    def __init__(self) -> None:
        pauses_s = dict.fromkeys((RISK, FEED, "bot3/venues"), 0.16)
        few = Intensity(3, 30.0)
        above = {"bot3": SupervisorRule(few), "bot3/venues": SupervisorRule(few, is_group=True)}
        checker = NoRestartStorm(promises(restart_pauses_s=pauses_s, supervisor_rules=above))
        super().__init__(checker.hear)
        self.start()

    def event(self, event: LifecycleEvent) -> None:
        self.tell(LifecycleHeard(self.generation, self.now_ns, event))

    def up(self, path: str = RISK, after_s: float = 0) -> None:
        self.wait(after_s)
        self.event(ActorStarted(self.now_ns, path, 1))

    def down(
        self, path: str = RISK, after_s: float = 0, reason: ExitReason = ExitReason.ERROR
    ) -> None:
        self.wait(after_s)
        self.event(ActorExited(self.now_ns, path, 1, reason, "", ""))


def test_crashes_with_pauses_and_far_apart_are_well() -> None:
    lives = Lives()
    for _ in range(20):
        lives.up(after_s=0.16)
        lives.down(after_s=9)
    assert lives.texts == []


def test_a_crash_without_a_pause_is_caught() -> None:
    lives = Lives()
    lives.up()
    lives.down(after_s=60)
    lives.up(after_s=0.1)
    (text,) = lives.texts
    assert text == "bot3/risk: started 0.100000 s after a crash, at least 0.16 s were declared"


def test_a_start_that_fails_again_and_again_without_a_pause_is_caught() -> None:
    lives = Lives()
    lives.up()
    lives.down(after_s=20)
    for _ in range(3):
        lives.down(after_s=0.01, reason=ExitReason.START_FAILED)
    assert len(lives.texts) == 3


def test_more_restarts_than_declared_are_caught_over_several_actors() -> None:
    lives = Lives()
    paths = [f"bot3/{number}" for number in range(4)]
    for path in paths:
        lives.up(path)
    for path in paths:
        lives.down(path, after_s=8, reason=ExitReason.KILLED)
        lives.up(path, after_s=0.2)
    (text,) = lives.texts
    assert text == "bot3: starts bot3/3 after 4 crashes within 30.0 s, 3 were declared"


def test_a_supervisor_that_was_itself_restarted_counts_anew() -> None:
    lives = Lives()
    for _ in range(2):
        lives.up("bot3/venues", after_s=20)
        lives.up(FEED)
        for _ in range(3):
            lives.down(FEED, after_s=2)
            lives.up(FEED, after_s=0.2)
        lives.down(FEED, after_s=2)
        lives.down("bot3/venues")
    assert lives.texts == []


def test_crashes_of_a_group_that_fall_together_are_one() -> None:
    lives = Lives()
    paths = [f"bot3/venues/{number}" for number in range(3)]
    for path in paths:
        lives.up(path)
    for _ in range(4):
        assert lives.texts == []
        lives.wait(6)
        for path in paths:
            lives.down(path)
        lives.wait(0.2)
        for path in paths:
            lives.up(path)
    (text,) = lives.texts
    assert "bot3/venues: starts bot3/venues/0 after 4 crashes" in text


def test_starts_of_a_group_that_fail_are_counted_each() -> None:
    lives = Lives()
    lives.up(FEED)
    lives.down(FEED, after_s=20)
    for _ in range(4):
        lives.down(FEED, after_s=5, reason=ExitReason.START_FAILED)
    (text,) = lives.texts
    assert "bot3/venues: starts bot3/venues/feed after 4 crashes" in text


def test_children_of_a_restarted_supervisor_begin_anew() -> None:
    lives = Lives()
    lives.up("bot3/venues")
    lives.up(FEED)
    lives.down(FEED, after_s=1)
    lives.down("bot3/venues", reason=ExitReason.SHUTDOWN)
    lives.up(FEED, after_s=0.05)
    lives.up("bot3/venues")
    assert lives.texts == []


def test_actors_that_are_stopped_and_started_by_order_are_no_storm() -> None:
    lives = Lives()
    for _ in range(50):
        lives.up()
        lives.down(reason=ExitReason.SHUTDOWN)
    assert lives.texts == []


def test_a_new_process_begins_anew_and_an_old_ones_events_are_no_news() -> None:
    lives = Lives()
    for _ in range(10):
        lives.up()
        lives.down(after_s=16)
        lives.crash()
        lives.start()
        lives.tell(LifecycleHeard(lives.generation - 1, lives.now_ns, ActorStarted(0, RISK, 2)))
    assert lives.texts == []


class Faulty(EdgeActor):
    """Crashes a while after it was ready."""

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        await trio.sleep(self._life_s)
        raise ValueError("faulty")


def tree(backoff: Backoff | None, life_s: float, intensity: Intensity) -> SupervisorSpec:
    """Two faulty actors below a supervisor that is restarted for ever."""
    faulty = [
        EdgeSpec(name, lambda life_s=life_s: Faulty(life_s), backoff=backoff)
        for name in ("orders", "feed")
    ]
    venue = SupervisorSpec(
        "venue", Strategy.REST_FOR_ONE, intensity, faulty, backoff=Backoff(initial_s=3.0)
    )
    return SupervisorSpec("bot3", intensity=Intensity(1_000, 30.0), children=(venue,))


async def violations(real: SupervisorSpec, declared: SupervisorSpec) -> list[str]:
    """Of a minute of the real tree, judged by what was declared."""
    checker = NoRestartStorm(
        promises(
            restart_pauses_s=pauses_of(declared), supervisor_rules=supervisor_rules_of(declared)
        )
    )
    texts: list[str] = []
    clock = TrioClock()
    observer, runs = Observer(clock), RunQueue(clock)

    def tell(event: WorldEvent) -> None:
        texts.extend(violation.text for violation in checker.hear(event))

    def hear(event: LifecycleEvent) -> None:
        tell(LifecycleHeard(1, round(trio.current_time() * SECOND_NS), event))

    tell(ProcessStarted(1, 0))
    observer.subscribe(hear)
    async with running_tree(real, runs, observer=observer):
        await trio.sleep(60)
    assert observer.restarts("bot3/venue/orders") > 10
    return texts


async def test_real_supervisors_that_keep_their_word_are_well(
    autojump_clock: trio.testing.MockClock,
) -> None:
    spec = tree(Backoff(initial_s=0.5, max_s=2.0), 0.3, Intensity(5, 30.0))
    assert await violations(spec, spec) == []


async def test_real_supervisors_without_a_backoff_are_caught(
    autojump_clock: trio.testing.MockClock,
) -> None:
    declared = tree(Backoff(initial_s=0.5), 0.3, Intensity(5, 30.0))
    real = tree(None, 0.3, Intensity(5, 30.0))
    assert any("after a crash" in text for text in await violations(real, declared))


async def test_real_supervisors_that_never_give_up_are_caught(
    autojump_clock: trio.testing.MockClock,
) -> None:
    declared = tree(Backoff(initial_s=0.5), 0.3, Intensity(5, 30.0))
    real = tree(Backoff(initial_s=0.5, max_s=0.5), 0.3, Intensity(1_000, 30.0))
    assert any("crashes within" in text for text in await violations(real, declared))


def test_rules_are_read_from_the_declaration() -> None:
    spec = tree(Backoff(initial_s=0.5, jitter=0.2, max_s=1.5), 0.3, Intensity(5, 30.0))
    pauses_s = pauses_of(spec)
    assert pauses_s["bot3/venue/feed"] == 0.4
    assert sorted(pauses_s) == ["bot3/venue", "bot3/venue/feed", "bot3/venue/orders"]
    assert supervisor_rules_of(spec) == {
        "bot3": SupervisorRule(Intensity(1_000, 30.0)),
        "bot3/venue": SupervisorRule(Intensity(5, 30.0), is_group=True),
    }
    assert "bot3/venue/feed" not in pauses_of(tree(None, 0.3, Intensity(5, 30.0)))
