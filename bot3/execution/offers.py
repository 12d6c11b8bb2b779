"""What each free venue offers for the next order: to rest there, or to cross, whichever is cheaper.

Invariant: a venue offers one of the two, never both: it takes one order at a time. Nothing beyond
the collar is offered to a crossing order.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from bot3.domain.book import Level, Quote
from bot3.domain.values import ZERO, Price, Side, decimal_of
from bot3.execution.choice import Costs, costs_of, fill_probability
from bot3.execution.places import Place
from bot3.execution.router import BPS, VenueBook

ANY_AMOUNT = 1e15
UNBOUNDED = Decimal(10) ** 15
NOTHING_KNOWN = 0.5  # of a fill's probability, until the price was seen to move


@frozen(kw_only=True)
class OfferSettings:
    """`patience_s` is what is left of it: none crosses. `retry_s` is how long a venue rests after
    a failure.
    """

    patience_s: float
    collar_bps: float
    waiting_bps_per_s: float
    retry_s: float


@frozen
class Offer:
    """One venue's book for the router, and the order's price there."""

    place: Place
    book: VenueBook
    price: Price


def offer_of(place: Place, side: Side, settings: OfferSettings) -> Offer | None:
    """None where nothing can be done there: no quote, no room, no funds."""
    quote = place.quote
    if not place.is_free or quote is None or place.room(side) <= 0:
        return None
    if settings.patience_s > 0:
        costs = _costs(place, quote, settings)
        if costs.is_resting_cheaper:
            return _resting(place, quote, side, costs)
    return _crossing(place, quote, side, settings)


def _costs(place: Place, quote: Quote, settings: OfferSettings) -> Costs:
    half_spread_bps = (quote.ask - quote.bid) / (quote.ask + quote.bid) * 1e4
    modelled = NOTHING_KNOWN
    if place.volatility_bps:
        modelled = fill_probability(half_spread_bps, place.volatility_bps, settings.patience_s)
    return costs_of(
        half_spread_bps=half_spread_bps,
        maker_fee_bps=float(place.instrument.maker_fee_rate) * 1e4,
        taker_fee_bps=float(place.instrument.taker_fee_rate) * 1e4,
        fill_probability=place.record.fill_probability(modelled),
        patience_s=settings.patience_s,
        penalty_bps=place.record.penalty_bps(place.volatility_bps, settings.retry_s),
        waiting_bps_per_s=settings.waiting_bps_per_s,
    )


def _resting(place: Place, quote: Quote, side: Side, costs: Costs) -> Offer:
    """One level at our own touch that takes any amount, ranked by what resting is expected to cost
    from the mid: the touch itself says nothing, a low bid is only less likely to be hit.
    """
    near = quote.bid if side is Side.BUY else quote.ask
    mid, fee_bps = quote.mid, float(place.instrument.maker_fee_rate) * 1e4
    all_in = mid * (1 + side.sign * costs.resting_bps / 1e4)
    penalty_bps = side.sign * (all_in / near - 1) * 1e4 - fee_bps
    price = place.instrument.nearest_price(decimal_of(near))
    book = _book(place, side, ((near, ANY_AMOUNT),), penalty_bps, price, is_resting=True)
    return Offer(place, book, price)


def _crossing(place: Place, quote: Quote, side: Side, settings: OfferSettings) -> Offer:
    """The far side as far as the collar goes, which is the order's price, too."""
    far = quote.ask if side is Side.BUY else quote.bid
    collar = 1 + side.sign * decimal_of(settings.collar_bps) / BPS
    price = place.instrument.round_price(decimal_of(far) * collar, side)
    penalty_bps = place.record.penalty_bps(place.volatility_bps, settings.retry_s)
    levels = _far_levels(place, quote, side, float(price.amount))
    return Offer(place, _book(place, side, levels, penalty_bps, price, is_resting=False), price)


def _far_levels(place: Place, quote: Quote, side: Side, worst: float) -> Sequence[Level]:
    """The touch, which is newer than the sampled depth, and what the depth has behind it.

    Without a sample nobody knows what is behind the touch: the price alone bounds the order.
    """
    sign, sampled = side.sign, place.asks if side is Side.BUY else place.bids
    touch = (quote.ask, quote.ask_amount) if side is Side.BUY else (quote.bid, quote.bid_amount)
    if not sampled:
        return ((touch[0], ANY_AMOUNT),)
    behind = [level for level in sampled if sign * touch[0] < sign * level[0] <= sign * worst]
    return (touch, *behind)


def _book(
    place: Place,
    side: Side,
    levels: Sequence[Level],
    penalty_bps: float,
    price: Price,
    *,
    is_resting: bool,
) -> VenueBook:
    return VenueBook(
        instrument=place.instrument,
        levels=levels,
        funds=_funds(place, side, price, levels),
        penalty_bps=penalty_bps,
        room=_room(place, side, price),
        is_resting=is_resting,
    )


def _room(place: Place, side: Side, price: Price) -> Decimal:
    """What one order may carry, too: a larger one would be refused, the rest can wait or go on."""
    known, most = place.instrument, place.room(side)
    if known.amount_max:
        most = min(most, known.amount_max)
    return min(most, known.notional_max / price.amount) if known.notional_max else most


def _funds(place: Place, side: Side, price: Price, levels: Sequence[Level]) -> Decimal:
    """The venue and the gate hold a buy's funds at its limit, not at the levels it reaches."""
    if side is Side.SELL or place.funds is None:
        return UNBOUNDED if side is Side.BUY else place.holding.sellable
    known = place.instrument
    dearest_fee = max(known.maker_fee_rate, known.taker_fee_rate)
    share = decimal_of(levels[0][0]) / (price.amount * (1 + dearest_fee))
    return max(place.funds, ZERO) * min(share, Decimal(1))
