"""One storm: fat tails, gaps and wild targets against the order path.

The decision actors of risk, execution and portfolio as in a live run, without Trio; prices jump
with the tail of a Student t of 2.5 degrees, sometimes by a tenth and more in a step of 250 ms;
orders are met a step later, some in part; about every twelve seconds actors crash and are restarted
from what the journal and memory have. A venue's own sums judge each order that is submitted.

Invariant: what a storm reports is computed from the venue's executions and prices alone.
"""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from typing import Any, Final, final

import numpy as np
from attrs import define, field

from bot3.actors.core import DecisionCore
from bot3.actors.core_settings import CoreOutlets
from bot3.actors.memory import Memory
from bot3.app.config import load_config
from bot3.app.wiring import core_settings
from bot3.backtest.touch_venue import TouchVenue
from bot3.domain.book import Quote
from bot3.domain.ids import RunId
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, Asset, InstrumentId, Side, Symbol, VenueName, decimal_of
from bot3.market.features import FEATURE_NAMES
from bot3.messages.control import EquityMarked, SessionStarted, TradingHalted
from bot3.messages.journal import JournalEntry
from bot3.messages.market import DepthSampled, QuoteChanged, TimerTicked
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel, TargetProposed
from bot3.messages.orders import AccountRestored, BalanceChanged, InstrumentsLoaded, OrderDenied
from bot3.portfolio.recovery import Recovery
from supervisors.clock import ManualClock
from supervisors.dispatch import RunQueue
from supervisors.entropy import Dice, Entropy

VENUE: Final = VenueName("binance")
SYMBOLS: Final = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
KEYS: Final = tuple(InstrumentId(VENUE, Symbol(symbol)) for symbol in SYMBOLS)
STEP_NS: Final = 250_000_000
_START_NS: Final = 1_700_000_000_000_000_000
STEPS: Final = 720
_CRASHES: Final = 1 / 50
_PARTIAL: Final = 0.2  # how often only a part of an order is met
_CASH: Final = Decimal(10_000)
_LIMITS: Final = {
    "risk.max_position_size": 0.4,
    "risk.max_total_exposure": 0.8,
    "risk.max_asset_exposure": 0.8,
    "risk.max_venue_exposure": 0.8,
    "risk.max_order_notional": 1500.0,
    "risk.max_drawdown": 0.1,
    "risk.max_daily_loss": 1.0,
    "risk.volatility_target": 100.0,
    "risk.max_expected_shortfall": 1.0,
    "risk.stop_loss": 0.0,
    "execution.maker_patience_s": 0.5,
}
_EMPTY: Final = (0.0,) * len(FEATURE_NAMES)


@define
class Storm:
    """What came of one. `beyond`: how far the deepest drawdown was below the limit; `gap`: what the
    prices took, from the mark before the limit was crossed until all was sold, with the costs of
    selling; both as shares of the peak. `seconds`: from the halt until all was sold.
    """

    orders: int = 0
    restarts: int = 0
    broken: list[str] = field(factory=list)
    is_halted: bool = False
    beyond: float = 0.0
    gap: float = 0.0
    seconds: float = 0.0


@final
class _Journal:
    """Everything is durable at once."""

    name = "journal"

    def __init__(self, venue: TouchVenue) -> None:
        self.venue = venue

    def send(self, entry: JournalEntry) -> None:
        if isinstance(entry.record, TradingHalted):
            self.venue.is_halted = True
        for address, message in entry.deliver:
            address.send(message)


@final
class _Watcher:
    """In the place of everybody else: hears when equity is marked, and why orders are denied."""

    name = "watcher"

    def __init__(self) -> None:
        self.marks = 0
        self.denials: Counter[str] = Counter()

    def send(self, message: Any) -> None:
        if isinstance(message, EquityMarked):
            self.marks += 1
        elif isinstance(message, OrderDenied):
            self.denials[message.denial.reason.value] += 1


def _instruments() -> dict[InstrumentId, Instrument]:
    found = {}
    for key in KEYS:
        base, quote = key.symbol.split("/")
        found[key] = Instrument(
            id=key,
            base=Asset(base),
            quote=Asset(quote),
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.0001"),
            amount_min=Decimal("0.0001"),
            notional_min=Decimal(5),
            taker_fee_rate=Decimal("0.001"),
            maker_fee_rate=Decimal("0.001"),
        )
    return found


@final
class StormWorld:
    """One storm in progress."""

    def __init__(self, seed: int) -> None:
        entropy = Entropy(seed)
        self.numbers = np.random.default_rng(seed)
        self.dice: Dice = entropy.dice("storm")
        self.crashes: Dice = entropy.dice("storm/crashes")
        self.clock = ManualClock(_START_NS)
        config = load_config(None, {}, {"exchanges.symbols": list(SYMBOLS), **_LIMITS}).config
        self.limits = config.risk
        meets = entropy.dice("storm/venue")
        self.venue = TouchVenue(
            _instruments(), _CASH, Decimal("0.0001"), lambda: meets.random() < _PARTIAL
        )
        self.journal, self.watcher = _Journal(self.venue), _Watcher()
        nobody = self.watcher
        outlets = CoreOutlets(
            self.journal,
            {VENUE: self.venue},
            {VENUE: nobody},
            {VENUE: nobody},
            {VENUE: nobody},
            nobody,
        )
        settings = core_settings(config, RunId("storms01"))
        memory = Memory(Recovery("storm"), bars_kept=1)
        self.core = DecisionCore(settings, memory, RunQueue(self.clock), self.clock, outlets)
        self.storm = Storm()
        self.marks: list[Decimal] = [_CASH]
        self._told: dict[InstrumentId, Decimal] = {}
        self._judged = 0
        self.volatility = float(self.numbers.choice([1e-3, 3e-3, 8e-3]))
        self._begin()

    def _begin(self) -> None:
        core, now_ns = self.core, self.clock.now_ns()
        core.journal.send(
            JournalEntry(SessionStarted(RunId("storms01"), "storm", "-", "simulated", now_ns))
        )
        for spec in core.money_specs():
            spec.cell.start(spec.build)
        self.venue.prices = dict.fromkeys(KEYS, Decimal(100))
        self._told.update(self.venue.prices)
        for listener in core.instrument_listeners():
            listener.send(InstrumentsLoaded(VENUE, tuple(_instruments().values())))
        core.publish(AccountRestored(VENUE, 0, now_ns))
        core.publish(BalanceChanged(VENUE, tuple(self.venue.balances()), now_ns, now_ns))

    def moves(self) -> dict[InstrumentId, float]:
        """Log returns of a step: they fall together, and now and then from a cliff."""
        common, *own = self.numbers.standard_t(2.5, 1 + len(KEYS)) * self.volatility
        cliff = -self.numbers.uniform(0.05, 0.3) if self.numbers.random() < 1 / 300 else 0.0
        # Prices may be cut to a quarter in a step, not to nothing.
        return {
            key: float(np.clip(0.7 * common + 0.7 * each + cliff, -1.4, 1.4))
            for key, each in zip(KEYS, own, strict=True)
        }

    def step(self, number: int) -> None:
        """250 ms: prices, what the venue does, quotes, and each second a bar and a mark."""
        now_ns = self.clock.now_ns() + STEP_NS
        self.clock.move_to(now_ns)
        moves = self.moves()
        for key, move in moves.items():
            moved = float(self.venue.prices[key]) * math.exp(move)
            self.venue.prices[key] = decimal_of(round(min(max(moved, 1.0), 1e5), 2))
        self.venue.step(now_ns, self.core.publish)
        for key in KEYS:
            self._quote(key, now_ns)
        for listener in (self.core.execution, self.core.portfolio):
            listener.send(TimerTicked(now_ns))
        if number % 4 == 0:
            self._bar(now_ns, moves)
        self._judge()
        self.venue.heard.clear()
        self._judged = 0
        self._crash()

    def _crash(self) -> None:
        """Now and then one of those who deal with money, or all, begin again from memory."""
        if self.crashes.random() >= _CRASHES:
            return
        specs = self.core.money_specs()
        chosen = specs if self.crashes.random() < 0.25 else (self.crashes.choice(specs),)
        self.storm.restarts += len(chosen)
        for spec in chosen:
            spec.cell.stop()
            spec.cell.start(spec.build)

    def _quote(self, key: InstrumentId, now_ns: int) -> None:
        self._told[key] = self.venue.prices[key]
        bid, ask = map(float, self.venue.touch(key))
        quote = Quote(bid, 1e6, ask, 1e6)
        for listener in (self.core.risk, self.core.execution, self.core.portfolio):
            listener.send(QuoteChanged(key, quote, now_ns, now_ns))
        self.core.execution.send(DepthSampled(key, [(bid, 1e6)], [(ask, 1e6)], now_ns))
        self._judge()

    def _bar(self, now_ns: int, moves: dict[InstrumentId, float]) -> None:
        for key in KEYS:
            features = FeaturesComputed(key, now_ns, 0, 1.0, moves[key], _EMPTY)
            calm = RegimeEstimated(key, now_ns, (0.5, 0.5), RegimeLabel.CALM, features)
            self.core.risk.send(calm)
            if self.dice.random() < 0.3:
                target = 2.0 * self.dice.random() - 0.7
                clipped = min(target, 1.0)
                self.core.risk.send(TargetProposed(key, "hybrid", now_ns, 0, clipped, 1.0))

    def _judge(self) -> None:
        """Orders since the last look, by the venue's sums at the prices that the bot has seen."""
        venue, storm = self.venue, self.storm
        waiting = {intent.client_order_id: intent for intent, _ in venue.heard}
        fresh, self._judged = venue.heard[self._judged :], len(venue.heard)
        for order, was_halted in fresh:
            storm.orders += 1
            if order.side is Side.BUY:
                self._judge_entry(order.instrument, waiting)
                if order.notional.amount > decimal_of(self.limits.max_order_notional):
                    storm.broken.append(f"an order worth {order.notional.amount:.2f}")
                if was_halted:
                    storm.broken.append(f"entered {order.instrument.symbol} after a halt")
            elif order.amount.amount > venue.held[order.instrument]:
                storm.broken.append(f"sells {order.amount.amount} of {order.instrument}")

    def _judge_entry(self, key: InstrumentId, waiting: dict[Any, Any]) -> None:
        """The equity that counts is that of the last mark or of now, whichever is more."""
        equity = max(self.marks[-1], self.venue.equity)
        worth = {each: self._worth(each, waiting) for each in KEYS}
        for what, value, share in (
            (f"position in {key.symbol}", worth[key], self.limits.max_position_size),
            ("exposure", sum(worth.values(), ZERO), self.limits.max_total_exposure),
        ):
            if value > equity * decimal_of(share) * Decimal("1.000001"):
                self.storm.broken.append(f"{what} {value:.2f} of {equity:.2f}")

    def _worth(self, key: InstrumentId, waiting: dict[Any, Any]) -> Decimal:
        """Held, and as if every buy that rests or is on its way were filled."""
        price = self._told[key]
        value = self.venue.held[key] * price
        bought = [
            (order.remaining, order.intent)
            for name, order in self.venue.resting.items()
            if name not in waiting
        ]
        bought += [(intent.amount.amount, intent) for intent in waiting.values()]
        for amount, intent in bought:
            if intent.instrument == key and intent.side is Side.BUY:
                value += amount * max(price, intent.worst_price.amount)
        return value

    @property
    def invested(self) -> Decimal:
        """What is held beyond what a venue takes orders for."""
        values = (self.venue.held[key] * self.venue.prices[key] for key in KEYS)
        return sum((value for value in values if value >= 6), ZERO)
