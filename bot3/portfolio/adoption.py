"""What an account holds beyond our positions becomes one, at the mark: where that is wanted.

Invariant: only where ledger and venue agree, so a fill or a balance under way is never mistaken for
somebody else's coins; the same coins are taken once, however often they are found.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot3.domain.fill import Fill, Liquidity
from bot3.domain.ids import ADOPTED_BALANCE
from bot3.domain.instrument import Instrument
from bot3.domain.values import ZERO, Quantity, Side, floor_to_step
from bot3.messages.orders import BalanceAdopted
from bot3.portfolio.account import Portfolio


def adoptable(
    portfolio: Portfolio, instruments: Iterable[Instrument], now_ns: int
) -> list[BalanceAdopted]:
    """Of instruments against our currency; dust, which no venue takes an order for, is left."""
    found = []
    for instrument in instruments:
        mid = portfolio.mark_of(instrument.id)
        if mid is None or instrument.quote != portfolio.currency:
            continue
        beyond = portfolio.beyond_positions(instrument.id.venue, instrument.base)
        amount = Quantity(floor_to_step(max(beyond, ZERO), instrument.lot_size))
        price = instrument.nearest_price(mid)
        if instrument.refusal_of(amount, price) is None:
            fill = _bought(instrument, amount, price.amount, portfolio, now_ns)
            found.append(BalanceAdopted(fill))
    return found


def _bought(
    instrument: Instrument, amount: Quantity, price: Decimal, portfolio: Portfolio, now_ns: int
) -> Fill:
    """What buying it at the mark for no fee would have been. Numbered by what was taken before."""
    number = 1 + portfolio.tracker.adoptions(instrument.id)
    return Fill(
        trade_id=f"{ADOPTED_BALANCE}-{number}",
        client_order_id=ADOPTED_BALANCE,
        venue_order_id="",
        instrument=instrument.id,
        side=Side.BUY,
        price=instrument.nearest_price(price),
        amount=amount,
        fee=ZERO,
        fee_asset=instrument.quote,
        liquidity=Liquidity.TAKER,
        ts_venue_ns=now_ns,
        ts_local_ns=now_ns,
    )
