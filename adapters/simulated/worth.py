"""What an account's assets are worth in dollars, as venues tell beside its balances.

One dollar is one USDT; an asset without a market against it is worth nothing here.
"""

from __future__ import annotations

from decimal import Decimal

from adapters.simulated.exchange import Exchange
from bot3.domain.values import Asset, Symbol

_DOLLAR = Asset("USDT")
_CENT = Decimal("0.00000001")


def in_dollars(exchange: Exchange, asset: Asset, amount: Decimal) -> Decimal:
    """At the last price; to eight decimals."""
    if asset == _DOLLAR:
        return amount
    market = exchange.markets.get(Symbol(f"{asset}/{_DOLLAR}"))
    if market is None:
        return Decimal(0)
    return (amount * market.scale.price(market.reference_price())).quantize(_CENT)


def account_in_dollars(exchange: Exchange, account: int) -> Decimal:
    """Of everything that it has, held or free."""
    accounts = exchange.accounts
    return sum(
        (
            in_dollars(
                exchange, asset, accounts.free(account, asset) + accounts.held(account, asset)
            )
            for asset in accounts.assets(account)
        ),
        Decimal(0),
    )
