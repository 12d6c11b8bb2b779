"""From a target in [-1, 1] to a position in base asset. Spot: a negative target is no position."""

from __future__ import annotations

from decimal import Decimal

from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, Price, decimal_of
from bot3.risk.limits import RiskLimits


def size_target(
    target: float,
    confidence: float,
    equity: Decimal,
    price: Decimal,
    *,
    limits: RiskLimits,
    instrument: Instrument,
) -> Decimal:
    """`target * confidence` of the largest position allowed, down onto the lot.

    Zero where the venue would not take an order that small. Raises `ValueError` for a target or
    confidence outside its range, or a price that is not positive.
    """
    if not (-1 <= target <= 1 and 0 <= confidence <= 1):
        raise ValueError(f"target {target} with confidence {confidence}: outside [-1, 1] or [0, 1]")
    if not price > 0:
        raise ValueError(f"price {price} of {instrument.id} is not positive")
    if target <= 0 or equity <= 0:
        return ZERO
    fraction = decimal_of(limits.position_fraction_max) * (1 - decimal_of(limits.sizing_headroom))
    wanted = equity * fraction * decimal_of(target) * decimal_of(confidence)
    amount = instrument.round_amount(wanted / price)
    is_too_small = amount.is_zero or amount.amount < instrument.amount_min
    if is_too_small or (Price(price) * amount).amount < instrument.notional_min:
        return ZERO
    return amount.amount
