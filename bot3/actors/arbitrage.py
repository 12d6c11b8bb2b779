"""The matrix of all books, kept up to date by their touches: what clears all costs is told, and
where it may be traded, execution is asked to.

Invariant: nothing is asked for but loops that begin and end with the accounting currency, what
their legs give being held on their venues; symbols that were just asked for, or just traded, rest
for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from attrs import Factory, frozen

from bot3.actors.memory import Memory
from bot3.arbitrage.legs import Leg
from bot3.arbitrage.matrix import ArbitrageMatrix, MatrixSettings
from bot3.arbitrage.opportunity import Opportunity
from bot3.domain.account import Balance
from bot3.domain.book import Level
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Price, Side, Symbol, VenueName, decimal_of
from bot3.messages.account import PositionChanged
from bot3.messages.arbitrage import ArbitrageClosed, ArbitrageLeg, ArbitrageSeen, TradeArbitrage
from bot3.messages.market import BookLost, DepthSampled, QuoteChanged
from bot3.messages.orders import BalanceChanged, InstrumentsLoaded
from supervisors.actor import Address, DecisionActor
from supervisors.clock import Clock

ArbitrageMessage = (
    QuoteChanged
    | BookLost
    | DepthSampled
    | InstrumentsLoaded
    | BalanceChanged
    | PositionChanged
    | ArbitrageClosed
)
_NS_PER_S: Final = 1_000_000_000
_TETHER: Final = Asset("USDT")
_NEW: Final = 0.05  # the weight of one more delay
_TOLD_AGAIN_NS: Final = 1_000_000_000


@frozen(kw_only=True)
class ArbitrageSettings:
    """`currency`: in which everything is valued, and what is traded begins and ends; `crosses` are
    instruments of other quote assets, watched and traded by loops alone; `pause_s`: how long a
    symbol rests after a group was asked for, or ended.
    """

    is_enabled: bool = False
    currency: Asset = _TETHER
    crosses: tuple[InstrumentId, ...] = ()
    matrix: MatrixSettings = Factory(MatrixSettings)
    pause_s: float = 1.0


@final
class ArbitrageActor(DecisionActor[ArbitrageMessage]):
    """Shell of an `ArbitrageMatrix`. A restarted one has no books until their touches are told."""

    def __init__(
        self,
        settings: ArbitrageSettings,
        memory: Memory,
        clock: Clock,
        *,
        execution: Address[TradeArbitrage],
        board: Address[ArbitrageSeen],
    ) -> None:
        self._settings, self._clock = settings, clock
        self._execution, self._board = execution, board
        self._matrix = ArbitrageMatrix(settings.matrix)
        self._known: dict[InstrumentId, Instrument] = {}
        self._behind: dict[InstrumentId, tuple[Sequence[Level], Sequence[Level]]] = {}
        self._resting_until_ns: dict[Symbol, int] = {}
        self._delays_s: dict[VenueName, float] = {}
        self._told: dict[frozenset[InstrumentId], int] = {}
        for instrument in memory.instruments.values():
            self._learn(instrument)
        for balance in memory.balances.values():
            self._on_balance(balance)
        for key, position in memory.recovery.tracker.positions().items():
            self._on_position(key, float(position.amount))

    def handle(self, message: ArbitrageMessage) -> None:
        match message:
            case QuoteChanged():
                self._on_quote(message)
            case DepthSampled(instrument=key, bids=bids, asks=asks):
                self._behind[key] = (bids, asks)
            case BookLost(instrument=key):
                self._behind.pop(key, None)
                if key in self._known:
                    self._matrix.on_lost(key)
            case InstrumentsLoaded(instruments=instruments):
                for instrument in instruments:
                    self._learn(instrument)
            case BalanceChanged(balances=balances):
                for balance in balances:
                    self._on_balance(balance)
            case PositionChanged(instrument=key, position=amount):
                self._on_position(key, float(amount))
            case ArbitrageClosed(ts_ns=ts_ns):
                self._rest(message.symbols, ts_ns)

    def _learn(self, instrument: Instrument) -> None:
        """Nothing is held there, as far as is known, until a position says otherwise."""
        if instrument.id not in self._known and self._is_home(instrument):
            self._on_position(instrument.id, 0.0, instrument)
        self._known[instrument.id] = instrument
        self._matrix.on_instrument(instrument)

    def _on_balance(self, balance: Balance) -> None:
        """Only of the currency: of all else what a strategy holds may be sold, and nothing more."""
        if balance.asset == self._settings.currency:
            self._matrix.on_balance(balance.venue, balance.asset, float(balance.free))

    def _on_position(
        self, key: InstrumentId, amount: float, instrument: Instrument | None = None
    ) -> None:
        known = instrument or self._known.get(key)
        if known is not None:
            # A buy of a cross symbol may take its fee from what it pays with, too.
            fees = (
                float(max(each.maker_fee_rate, each.taker_fee_rate))
                for each in self._known.values()
                if each.id.venue == key.venue and each.quote == known.base
            )
            free = max(amount, 0.0) / (1.0 + max(fees, default=0.0))
            self._matrix.on_balance(key.venue, known.base, free)

    def _is_home(self, instrument: Instrument) -> bool:
        """Whether the position of its base is kept there; of a cross symbol's it is not."""
        return instrument.quote == self._settings.currency

    def _on_quote(self, quoted: QuoteChanged) -> None:
        key, quote = quoted.instrument, quoted.quote
        if key not in self._known:
            return
        bids, asks = self._behind.get(key, ((), ()))
        bids = [(quote.bid, quote.bid_amount), *(each for each in bids if each[0] < quote.bid)]
        asks = [(quote.ask, quote.ask_amount), *(each for each in asks if each[0] > quote.ask)]
        now_ns = quoted.ts_local_ns
        self._matrix.on_delay(key.venue, self._delay_s(quoted))
        found = self._matrix.on_book(key, bids, asks, now_ns)
        for each in found:
            self._tell(each, now_ns)
        # A loop of other assets alone is told only: nobody has a limit in them.
        for each in (each for each in found if each.quote == self._settings.currency):
            command = self._command(each)
            moved = _moved(command)
            if all(now_ns >= self._resting_until_ns.get(symbol, 0) for symbol in moved):
                self._rest(moved, now_ns)
                self._execution.send(command)
                return

    def _delay_s(self, quoted: QuoteChanged) -> float:
        """An average of what the venue's stamps say; a clock ahead of ours says nothing."""
        age_s = max(quoted.ts_local_ns - quoted.ts_venue_ns, 0) / _NS_PER_S
        venue = quoted.instrument.venue
        before = self._delays_s.get(venue, age_s)
        now = self._delays_s[venue] = before + _NEW * (age_s - before)
        return now

    def _tell(self, found: Opportunity, now_ns: int) -> None:
        if now_ns - self._told.get(found.instruments, -_TOLD_AGAIN_NS) < _TOLD_AGAIN_NS:
            return
        self._told[found.instruments] = now_ns
        self._board.send(
            ArbitrageSeen(
                kind=found.kind.value,
                venues=tuple(leg.instrument.id.venue for leg in found.legs),
                symbols=tuple(leg.instrument.id.symbol for leg in found.legs),
                quote=found.quote,
                net_bps=found.net_bps,
                size=found.size,
                profit=found.profit,
                ts_ns=now_ns,
            )
        )

    def _rest(self, symbols: Sequence[Symbol], now_ns: int) -> None:
        pause_ns = int(self._settings.pause_s * _NS_PER_S)
        self._resting_until_ns.update(dict.fromkeys(symbols, now_ns + pause_ns))

    def _command(self, found: Opportunity) -> TradeArbitrage:
        legs = sorted(found.legs, key=self._margin)
        return TradeArbitrage(
            quote=found.quote,
            legs=tuple(
                ArbitrageLeg(
                    instrument=leg.instrument.id,
                    side=leg.side,
                    amount=leg.amount,
                    limit=leg.limit,
                    price=_mid(self._matrix, leg),
                )
                for leg in legs
            ),
            profit=found.profit,
            ts_ns=found.ts_ns,
            origin_ns=self._clock.monotonic_ns(),
            kind=found.kind.value,
        )

    def _margin(self, leg: Leg) -> float:
        """How much rests at its limit or better, for each unit that is wanted: the least first."""
        bids, asks = self._matrix.book(leg.instrument.id)
        limit = float(leg.limit.amount)
        if leg.side is Side.BUY:
            there = sum(amount for price, amount in asks if price <= limit)
        else:
            there = sum(amount for price, amount in bids if price >= limit)
        return there / float(leg.amount)


def _moved(command: TradeArbitrage) -> tuple[Symbol, ...]:
    """The symbols whose positions it moves."""
    return (*dict.fromkeys(home for leg in command.legs for home in command.homes_of(leg)),)


def _mid(matrix: ArbitrageMatrix, leg: Leg) -> Price:
    bids, asks = matrix.book(leg.instrument.id)
    return leg.instrument.nearest_price(decimal_of((bids[0][0] + asks[0][0]) / 2))
