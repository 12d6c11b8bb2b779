"""What the system is doing, as one immutable snapshot for every face: page, terminal, report.

Invariant: a snapshot never changes after it is made, so a drawing thread may read it; lists of
recent things are bounded by whoever fills them. None means "not known yet", never zero.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec

from bot3.telemetry.alert_card import AlertStatus
from bot3.telemetry.arbitrage import ArbitrageStatus
from bot3.telemetry.chain import ChainStatus

_ZERO = Decimal(0)


class VenueHealth(msgspec.Struct, frozen=True):
    """How a venue's order entry answers, and the share of its rate budget that is left.

    Latency is the median of the last acknowledgements; the rate counts calls without an answer.
    """

    ack_latency_ms: float | None = None
    error_rate: float | None = None
    budget_left: float | None = None


class VenueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One venue's connections; the age of its oldest book; what its adapter counts.

    `circuit` is closed while entries pass, open while none does, half_open while one may try;
    `sent` has our orders there by type: post_only rests, limit crosses; `foreign` those that are
    not ours. `is_dead_man_armed` is None where the venue's dead-man's switch is not wanted,
    `dead_man` says what it does, or why it is not armed; `dead_man_canceled` counts what it took.
    """

    is_feed_connected: bool
    is_account_connected: bool
    book_age_ms: float | None = None
    detail: str = ""
    circuit: str = "closed"
    sent: dict[str, int] = {}
    foreign: tuple[str, ...] = ()
    is_dead_man_armed: bool | None = None
    dead_man: str = ""
    dead_man_canceled: int = 0
    counts: dict[str, int] = {}
    health: VenueHealth = VenueHealth()


class InstrumentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument: its market, what each strategy wants, and what is held."""

    symbol: str
    venue: str = ""
    bid: float | None = None
    ask: float | None = None
    bars: int = 0
    regime: str | None = None
    regime_probabilities: dict[str, float] = {}
    ta_target: float | None = None
    ml_target: float | None = None
    hybrid_target: float | None = None
    weights: dict[str, float] = {}
    position: Decimal = _ZERO
    unrealized: Decimal | None = None
    realized: Decimal | None = None
    accuracy: float | None = None
    no_change_accuracy: float | None = None
    log_loss: float | None = None
    base_rate_log_loss: float | None = None
    no_change_log_loss: float | None = None
    r_squared: float | None = None
    no_change_r_squared: float | None = None
    calibration_error: float | None = None
    model_weights: dict[str, float] = {}
    labels: int = 0
    risk_scale: float | None = None
    risk_share: float | None = None
    risk_factors: dict[str, float] = {}


class StrategyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy made since the journal began, in the quote asset; fees by the asset charged.

    `unrealized` is None where something that it holds has no price yet.
    """

    realized: Decimal
    unrealized: Decimal | None
    fees: dict[str, Decimal]
    fills: int


class RiskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The drawdown ladder, what sizes are made from (`capital`, in quote; `reserve` is set aside),
    and what growth the results so far support, in words; `apy` has its 95 % interval.
    """

    ladder_step: int = 0
    ladder_scale: float = 1.0
    capital: Decimal | None = None
    reserve: Decimal | None = None
    allocation: str = ""
    is_target_supported: bool = False
    weights: dict[str, float] = {}
    cash: float | None = None
    apy: float | None = None
    apy_low: float | None = None
    apy_high: float | None = None


class OrderStatusLine(msgspec.Struct, frozen=True, kw_only=True):
    """One order as it stands."""

    client_order_id: str
    symbol: str
    venue: str = ""
    side: str
    order_type: str
    amount: Decimal
    filled: Decimal
    price: Decimal | None
    status: str
    ts_ns: int
    reason: str = ""


class FillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fill."""

    trade_id: str
    client_order_id: str
    symbol: str
    venue: str = ""
    side: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    ts_ns: int


class LatencyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Quantiles of the last latencies, in microseconds; `count` since the start."""

    p50_us: float | None = None
    p99_us: float | None = None
    count: int = 0


class ActorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One actor: its life and its queue, since the process began."""

    path: str
    state: str
    restarts: int
    handled: int
    waiting: int
    dropped: int
    dead_letters: int


class JournalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's writer; commit times of the last commits."""

    records: int = 0
    commits: int = 0
    failures: int = 0
    commit_p50_ms: float = 0.0
    commit_p99_ms: float = 0.0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole system at `ts_ns`. `data_source` says "simulated", "replayed" or "live", and what.

    `reasons` says why it is not ready; `drawdown` is the present fall from the peak in [0, 1],
    `max_drawdown` the deepest one of this run; `orders_by_status`, `denials`, `restarts` and
    `healing` count since the start, by order status, denial reason, actor and healing action;
    `drifts` by detector, `benched` (times a learner was not listened to) by reason, `judged`
    feature sets by what became of them, `evolved` strategies likewise. `market_regime` is that of
    all instruments together.
    `stop` is the last protective exit that was met, of `stops_hit` by kind;
    `mismatches` says where a venue's books and ours differ for good: no entries there;
    `fees_paid` is of this run and of fees in base or quote, `fees` since the journal began by the
    asset charged, as are `strategies`;
    `is_flattening` while positions are being sold after a halt, `is_flat` when that is done.
    """

    run: str
    data_source: str
    ts_ns: int
    uptime_s: float
    is_ready: bool
    quote: str
    equity_start: Decimal
    equity: Decimal | None = None
    fees_paid: Decimal = _ZERO
    fees: dict[str, Decimal] = {}
    strategies: dict[str, StrategyStatus] = {}
    drawdown: float = 0.0
    max_drawdown: float = 0.0
    target_apy: float | None = None
    config_hash: str = ""
    url: str = ""
    reasons: tuple[str, ...] = ()
    is_halted: bool = False
    halt_reason: str = ""
    is_flattening: bool = False
    is_flat: bool = False
    venues: dict[str, VenueStatus] = {}
    instruments: tuple[InstrumentStatus, ...] = ()
    recent_orders: tuple[OrderStatusLine, ...] = ()
    recent_fills: tuple[FillLine, ...] = ()
    orders_by_status: dict[str, int] = {}
    denials: dict[str, int] = {}
    restarts: dict[str, int] = {}
    healing: dict[str, int] = {}
    fills: int = 0
    events: int = 0
    signals: int = 0
    market_regime: str | None = None
    market_regime_probabilities: dict[str, float] = {}
    drifts: dict[str, int] = {}
    benched: dict[str, int] = {}
    judged: dict[str, int] = {}
    evolved: dict[str, int] = {}
    anomalies: int = 0
    stops_hit: dict[str, int] = {}
    stop: str = ""
    risk: RiskStatus = RiskStatus()
    arbitrage: ArbitrageStatus = ArbitrageStatus()
    chain: ChainStatus = ChainStatus()
    alerts: AlertStatus = AlertStatus()
    balance_mismatches: int = 0
    mismatches: tuple[str, ...] = ()
    tick_to_order: LatencyStatus = LatencyStatus()
    actors: tuple[ActorStatus, ...] = ()
    journal: JournalStatus = JournalStatus()

    @property
    def exits(self) -> str:
        """What a halt says of the positions."""
        if not self.is_flattening:
            return ""
        return " · positions are sold" if self.is_flat else " · selling positions"

    @property
    def profit(self) -> Decimal | None:
        """Equity gained since the start, None before the first mark."""
        return None if self.equity is None else self.equity - self.equity_start

    @property
    def profit_share(self) -> float | None:
        """`profit` as a share of the start."""
        if self.profit is None or not self.equity_start:
            return None
        return float(self.profit / self.equity_start)


class StatusSource(Protocol):
    """Whoever knows."""

    def status(self) -> Status:
        """A snapshot of now; cheap enough to ask several times a second."""
        ...


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_status(status: Status) -> bytes:
    """As JSON: field names as above, decimals as exact numbers."""
    return _encoder.encode(status)
