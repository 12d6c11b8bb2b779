"""Whatever a correct world does, no checker complains: a model that trades, fails and recovers."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.simulated.orders import AccountTrade, OrderRecord, RecordStatus
from bot3.app.simulation.invariants.bench import all_checkers
from bot3.app.simulation.invariants.events import LifecycleHeard, QueueRow, QueuesSeen
from bot3.app.simulation.invariants.jury import Jury
from bot3.app.simulation.invariants.restart_rules import SupervisorRule
from bot3.domain.order import OrderIntent
from bot3.domain.values import Side
from bot3.messages.control import EquityMarked, TradingHalted, TradingResumed
from supervisors.observe import ActorExited, ActorStarted
from supervisors.restart import ExitReason, Intensity
from tests.bot3.app.simulation.invariants.history import History
from tests.bot3.app.simulation.invariants.promises import promises
from tests.bot3.making import BTC, KEY, USDT, d

RISK = "bot3/risk"
PAUSE_S = 8.5  # one actor, three restarts in 30 s less 5 s of slack


class CorrectWorld(History):
    """Keeps every promise; `sent` are on the wire, `unwritten` is what the bot has yet to hear."""

    def __init__(self) -> None:
        given_promises = promises(
            restart_pauses_s={RISK: 0.16},
            supervisor_rules={"bot3": SupervisorRule(Intensity(3, 30.0))},
        )
        super().__init__(Jury(all_checkers(given_promises)).hear)
        self.sent: list[OrderIntent] = []
        self.open: list[OrderRecord] = []
        self.unwritten: list[tuple[OrderRecord, AccountTrade | None]] = []
        self.is_halted = False
        self.begin()
        self.lifecycle(ActorStarted(self.now_ns, RISK, 1))

    def lifecycle(self, event: ActorStarted | ActorExited) -> None:
        self.tell(LifecycleHeard(self.generation, self.now_ns, event))

    @property
    def mid(self) -> Decimal:
        middle = self.touches[KEY].mid
        assert middle is not None
        return middle

    def working(self, side: Side) -> Decimal:
        """What may still fill of what is sent or open."""
        sent = [i.amount.amount for i in self.sent if i.side is side]
        return sum(sent, d(0)) + sum(
            (o.remaining for o in self.open if o.request.side is side), d(0)
        )

    # what may happen

    def move(self, step: int) -> None:
        """The market, between 98 and 102."""
        mid = min(max(self.mid + d(step) / 100, d(98)), d(102))
        self.publish(mid - d("0.05"), mid + d("0.05"))
        if step % 2:
            self.see()

    def decide(self, size: int) -> None:
        """An order as large as the limits leave room for, or smaller."""
        self.wait(2.1)
        if self.is_halted:
            return
        side = Side.BUY if size % 3 else Side.SELL
        held = self.held_of(KEY)
        if side is Side.BUY:
            room = (d("1.9") - held - self.working(Side.BUY)).quantize(d("0.01"))
            amount = min(room, d(size) / 10, d("1.4"))
        else:
            amount = min(held - self.working(Side.SELL), d(size) / 10)
        if amount > 0:
            price = (self.mid + d(size - 10) / 40).quantize(d("0.01"))
            self.sent.append(self.intent(str(amount), str(price), side=side))

    def arrive(self, number: int) -> None:
        """At the venue, or refused there: for any reason, or for it comes too late."""
        if not self.sent:
            return
        intent = self.sent.pop(0)
        if number % 5 and self.now_ns - intent.created_ns < 16e9:
            order = self.place(intent)
            self.open.append(order)
            self.acknowledge(order)
        else:
            self.reject(intent)

    def match(self, number: int) -> None:
        """The venue fills an open order, in part or whole."""
        if not self.open:
            return
        order = self.open[number % len(self.open)]
        part = (order.remaining / 2).quantize(d("0.001"))
        trade = self.trade(order, str(part) if number % 2 and part else None)
        self.unwritten.append((order, trade))
        if not order.remaining:
            self.open.remove(order)

    def withdraw(self, number: int) -> None:
        """The venue ends an open order."""
        if self.open:
            order = self.open.pop(number % len(self.open))
            self.end(order, (RecordStatus.CANCELED, RecordStatus.EXPIRED)[number % 2])
            self.unwritten.append((order, None))

    def hear_news(self, number: int) -> None:
        """The bot writes what the venue said; a fill sometimes twice."""
        if not self.unwritten:
            return
        order, trade = self.unwritten.pop(number % len(self.unwritten))
        if trade is None:
            self.write_end(order, order.executed)
        else:
            for _ in range(1 + number % 2):
                self.fill(order, trade)

    def pause(self, tenths: int) -> None:
        """Time passes, and somebody looks at the queues."""
        self.wait(tenths / 10)
        for queue in ("journal", "orders"):
            row = QueueRow(queue, tenths, 20, may_lose=False)
            self.tell(QueuesSeen(self.generation, self.now_ns, (row,)))

    def fail(self, number: int) -> None:
        """An actor crashes and is back; or the process is, without its last, unsynced record."""
        if number % 3 == 0:
            self.write(EquityMarked(d(10_000), d(10_000), 0.0, self.now_ns))
            self.crash()
            if number % 2:
                self.lose(self.sequence - 1)
            self.start()
            self.lifecycle(ActorStarted(self.now_ns, RISK, 1))
            return
        self.wait(PAUSE_S)
        self.lifecycle(ActorExited(self.now_ns, RISK, 1, ExitReason.ERROR, "", ""))
        self.wait(0.2)
        self.lifecycle(ActorStarted(self.now_ns, RISK, 2))

    def operate(self, number: int) -> None:
        """An operator halts, resumes, pays in."""
        if number % 4 == 0:
            self.fund({(USDT, BTC)[number % 8 // 4]: d(number)})
        elif self.is_halted:
            self.write(TradingResumed("operator", self.now_ns))
            self.is_halted = False
        elif number % 4 == 1:
            self.write(TradingHalted("operator", self.now_ns))
            self.is_halted = True

    def rest(self) -> None:
        """The storm is over: all that is under way comes to its end."""
        while self.sent:
            self.arrive(len(self.sent))
        for order in [o for o in self.open if self.now_ns - o.created_ns > 40e9]:
            self.withdraw(self.open.index(order))
        while self.unwritten:
            self.hear_news(0)
        self.see()
        total = {USDT: self.funded[USDT], BTC: self.funded.get(BTC, d(0))}
        halted = "operator" if self.is_halted else None
        bot = {"halted_reason": halted, "is_halt_expected": True}
        self.settle(bot=bot, totals=total, totals_at_start={USDT: d(10_000)})


ACTS = ["move", "decide", "arrive", "match", "withdraw", "hear_news", "pause", "fail", "operate"]
acts = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 20)), max_size=60)


@settings(max_examples=150)
@given(acts)
def test_a_correct_world_has_no_violation(story: list[tuple[str, int]]) -> None:
    world = CorrectWorld()
    for act, number in story:
        getattr(world, act)(number)
        assert world.found == []
    world.rest()
    assert world.found == []


def test_a_story_as_told_above_trades() -> None:
    """So that silence means something: orders, fills and crashes do happen."""
    world = CorrectWorld()
    for round_ in range(200):
        for number, act in enumerate(ACTS[:8] + ["operate"] * (round_ % 5 == 0)):
            getattr(world, act)((number + round_) % 21)
    world.rest()
    assert world.found == []
    assert len(world.orders) > 50
    assert len(world.trades) > 50
    assert world.generation > 20
