"""The decision core on a manual clock: messages in, effects out in the order of their leaving."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from attrs import evolve

from bot3.actors.core_settings import CoreOutlets
from bot3.actors.memory import Memory
from bot3.actors.mev import MevSettings
from bot3.app.config import load_config
from bot3.app.taping import taped_core
from bot3.app.wiring import core_settings
from bot3.domain.bar import Bar
from bot3.domain.ids import RunId
from bot3.domain.instrument import Instrument
from bot3.domain.order import OrderIntent
from bot3.domain.values import InstrumentId, Side, Symbol
from bot3.messages.control import SessionStarted
from bot3.messages.journal import JournalEntry, Record
from bot3.messages.market import (
    BookChanged,
    BookReplaced,
    FeedRestored,
    HistoryLoaded,
    TimerTicked,
    TradePrinted,
)
from bot3.messages.minds import TargetProposed
from bot3.messages.orders import (
    BalanceChanged,
    InstrumentsLoaded,
    OrderAcknowledged,
    OrderFilled,
    SubmitOrder,
)
from bot3.portfolio.recovery import Recovery
from bot3.telemetry.board import Board
from supervisors.cell import DecisionCell
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.spec import DecisionSpec
from supervisors.tape import Tape
from tests.bot3.making import (
    BTC,
    SECOND_NS,
    START_NS,
    USDT,
    VENUE,
    make_balance,
    make_fill,
    make_instrument,
)

ACCOUNT = "account of a test"
BITCOIN = InstrumentId(VENUE, Symbol("BTC/USDT"))
ETHER = InstrumentId(VENUE, Symbol("ETH/USDT"))
KEYS = (BITCOIN, ETHER)
E = TypeVar("E")


class HeldJournal:
    """Takes records in order. Durable at once, or, while `is_slow`, only when it is released."""

    name = "journal"

    def __init__(self, effects: list[object]) -> None:
        self.effects = effects
        self.records: list[Record] = []
        self.waiting: deque[JournalEntry] = deque()
        self.is_slow = False

    def send(self, entry: JournalEntry) -> None:
        self.waiting.append(entry)
        if not self.is_slow:
            self.release()

    def release(self) -> None:
        """Everything becomes durable, then its consequences happen."""
        while self.waiting:
            entry = self.waiting.popleft()
            self.records.append(entry.record)
            self.effects.append(entry.record)
            for address, message in entry.deliver:
                address.send(message)


class Outside:
    """Whoever receives orders, cancels, questions and resyncs: writes them into the effects."""

    def __init__(self, name: str, effects: list[object]) -> None:
        self.name = name
        self.effects = effects

    def send(self, message: object) -> None:
        self.effects.append(message)


class Watcher:
    """The board, and a list of everything that it was told."""

    name = "board"

    def __init__(self, board: Board) -> None:
        self.board = board
        self.heard: list[Any] = []

    def send(self, message: Any) -> None:
        self.heard.append(message)
        self.board.take(message)


class CoreDriver:
    """A started core of two instruments, funded, with its journal and venue in memory.

    `changes` are configuration keys; `memory` is that of a former life, to start a second one.
    """

    def __init__(
        self,
        changes: dict[str, Any] | None = None,
        memory: Memory | None = None,
        *,
        is_taped: bool = False,
    ) -> None:
        keys = {"exchanges.symbols": [key.symbol for key in KEYS], **(changes or {})}
        config = load_config(None, {}, {"exchanges.active": ["binance"], **keys}).config
        mev = MevSettings(gap_alert_bps=60.0, is_fed=True)
        settings = evolve(core_settings(config, RunId("testrun1")), mev=mev)
        self.clock = ManualClock(START_NS)
        self.runs = RunQueue(self.clock)
        self.effects: list[object] = []
        self.journal = HeldJournal(self.effects)
        self.watcher = Watcher(Board(self.clock, settings.instruments))
        self.venue = Outside("venue", self.effects)
        outlets = CoreOutlets(
            self.journal,
            {VENUE: self.venue},
            {VENUE: self.venue},
            {VENUE: self.venue},
            {VENUE: self.venue},
            self.watcher,
        )
        self.is_first_life = memory is None
        self.memory = memory or Memory(Recovery(ACCOUNT), bars_kept=400)
        self.tape = Tape(self.runs) if is_taped else None
        parts = (settings, self.memory, self.runs, self.clock, outlets)
        self.core = taped_core(self.tape, *parts)
        self.core.journal.send(
            JournalEntry(SessionStarted(settings.run, ACCOUNT, "hash", "test", START_NS))
        )
        self.core.start()
        self.core.healing.send(FeedRestored(VENUE, START_NS))
        if self.is_first_life:
            self.load(make_instrument(key) for key in KEYS)
            self.fund("10000")
        self.trades = 0
        self.effects.clear()  # of the start
        self.watcher.heard.clear()

    def load(self, instruments: Iterable[Instrument]) -> None:
        loaded = InstrumentsLoaded(VENUE, tuple(instruments))
        for listener in self.core.instrument_listeners():
            listener.send(loaded)

    def fund(self, quote: str, base: str = "0") -> None:
        """The venue's word on both balances."""
        held = (make_balance(USDT, quote), make_balance(BTC, base))
        self.core.publish(BalanceChanged(VENUE, held, self.now_ns, self.now_ns))

    @property
    def now_ns(self) -> int:
        return self.clock.now_ns()

    def of(self, kind: type[E]) -> list[E]:
        """The effects of one kind, in order."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def heard(self, kind: type[E]) -> list[E]:
        """What the board was told of one kind."""
        return [message for message in self.watcher.heard if isinstance(message, kind)]

    def ours(self) -> tuple[DecisionSpec[Any], ...]:
        """Those of no instrument."""
        core = self.core
        return (*core.money_specs(), *core.overseeing_specs())

    def cells(self) -> tuple[DecisionCell[Any], ...]:
        """Every cell of the core."""
        minds = [spec.cell for mind in self.core.minds.values() for spec in mind.specs()]
        ours = self.ours()
        return (*(spec.cell for spec in ours), *minds)

    def errors(self) -> dict[str, Exception]:
        """Of the actors that are down."""
        return {cell.name: cell.error for cell in self.cells() if cell.error is not None}

    def restart(self, cell: DecisionCell[Any]) -> None:
        """What a supervisor does after a crash."""
        for mind in self.core.minds.values():
            for spec in mind.specs():
                if spec.cell is cell:
                    cell.start(spec.build)
        for spec in self.ours():
            if spec.cell is cell:
                cell.start(spec.build)

    def book(self, key: InstrumentId, bid: float, ask: float) -> None:
        """A whole book with one level a side, five deep in amount."""
        now_ns = self.now_ns
        self.market(key).send(BookReplaced(key, [(bid, 5.0)], [(ask, 5.0)], 1, now_ns, now_ns))

    def change(
        self,
        key: InstrumentId,
        bids: Sequence[tuple[float, float]],
        asks: Sequence[tuple[float, float]],
    ) -> None:
        """Levels of the book change."""
        now_ns = self.now_ns
        self.market(key).send(BookChanged(key, [*bids], [*asks], 2, now_ns, now_ns))

    def trade(self, key: InstrumentId, price: float) -> None:
        self.trades += 1
        now_ns = self.now_ns
        event = TradePrinted(key, self.trades, price, 0.1, Side.BUY, now_ns, now_ns)
        self.market(key).send(event)

    def market(self, key: InstrumentId) -> DecisionCell[Any]:
        return self.core.minds[key].market

    def history(self, key: InstrumentId, bars: Sequence[Bar]) -> None:
        self.market(key).send(HistoryLoaded(key, tuple(bars), self.now_ns))

    def tick(self, seconds: float = 0.25) -> None:
        """Time passes, then the timer beats."""
        self.clock.move_to(self.now_ns + round(seconds * SECOND_NS))
        for listener in self.core.timer_listeners():
            listener.send(TimerTicked(self.now_ns))

    def live_bar(self, key: InstrumentId, price: float) -> None:
        """One second of a market: a book, a trade, and the beat that closes the bar."""
        self.book(key, round(price - 0.01, 2), round(price + 0.01, 2))
        self.trade(key, price)
        self.tick(1.0)

    def quote_and_mark(self, key: InstrumentId = BITCOIN) -> None:
        """A fresh book around 100 and an equity: from here on targets can be sized."""
        self.book(key, 99.99, 100.01)
        self.tick(1.0)
        self.book(key, 99.98, 100.02)

    def quiet(self, seconds: float, key: InstrumentId = BITCOIN) -> None:
        """Time passes in quarters; the book lives, and says the same."""
        for _ in range(round(seconds * 4)):
            self.book(key, 99.98, 100.02)
            self.tick(0.25)

    def want(self, target: float, key: InstrumentId = BITCOIN, confidence: float = 1.0) -> None:
        """The blend's target, at risk's door."""
        self.core.risk.send(
            TargetProposed(key, "hybrid", self.now_ns, self.now_ns, target, confidence)
        )

    def submitted(self) -> list[OrderIntent]:
        """What left for the venue."""
        return [order.approved.intent for order in self.of(SubmitOrder)]

    def acknowledge(self, intent: OrderIntent) -> None:
        self.core.publish(
            OrderAcknowledged(
                intent.client_order_id, intent.instrument, "v1", self.now_ns, self.now_ns
            )
        )

    def fill(
        self, intent: OrderIntent, amount: Decimal, price: str = "100", trade: int = 1
    ) -> None:
        self.core.publish(
            OrderFilled(
                make_fill(
                    trade,
                    intent.number,
                    amount,
                    price,
                    instrument=intent.instrument,
                    client_order_id=intent.client_order_id,
                    side=intent.side,
                    ts_venue_ns=self.now_ns,
                    ts_local_ns=self.now_ns,
                )
            )
        )
