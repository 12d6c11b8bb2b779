"""Every reason for which our own gate refuses an order: a closed set, each with its context."""

from __future__ import annotations

from enum import Enum, unique

from attrs import frozen

from bot3.domain.ids import ClientOrderId


@unique
class DenialReason(Enum):
    """In the order in which the gate checks them."""

    TRADING_HALTED = "trading_halted"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    DUPLICATE_INTENT = "duplicate_intent"
    VENUE_DOWN = "venue_down"
    CIRCUIT_OPEN = "circuit_open"
    RECONCILE_MISMATCH = "reconcile_mismatch"
    STOP_LOSS = "stop_loss"
    TRAILING_STOP = "trailing_stop"
    TAKE_PROFIT = "take_profit"
    TIME_STOP = "time_stop"
    COOLDOWN = "cooldown"
    STOP_GUARD = "stop_guard"
    OPEN_TRADES = "open_trades"
    PAIR_VOLUME = "pair_volume"
    PAIR_AGE = "pair_age"
    BOOK_STALE = "book_stale"
    BOOK_CROSSED = "book_crossed"
    PAIR_SPREAD = "pair_spread"
    PRICE_COLLAR = "price_collar"
    FILTER = "filter"
    ORDER_RATE = "order_rate"
    POSITION_LIMIT = "position_limit"
    ASSET_LIMIT = "asset_limit"
    VENUE_LIMIT = "venue_limit"
    EXPOSURE_LIMIT = "exposure_limit"
    BALANCE = "balance"
    SELF_TRADE = "self_trade"


@frozen
class Denial:
    """One intent refused: why, and the figures that decided it."""

    client_order_id: ClientOrderId
    reason: DenialReason
    detail: str
