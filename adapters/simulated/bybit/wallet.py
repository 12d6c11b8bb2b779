"""An account's balances in Bybit's shapes, by REST and in the `wallet` topic (bybit.md, 9.1).

Invariant: what is locked is part of the wallet; the totals are of all assets, named or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

from adapters.simulated.bybit.wire import Json
from adapters.simulated.exchange import Exchange
from adapters.simulated.numbers import plain
from adapters.simulated.text_params import Params
from adapters.simulated.worth import account_in_dollars, in_dollars
from bot3.domain.values import Asset

_TOTALS: Final = ("Equity", "WalletBalance", "MarginBalance", "AvailableBalance")
_NO_MARGIN: Final = ("accountIMRate", "accountMMRate", "accountLTV", "totalPerpUPL")
_NO_DEBT: Final = (
    *("borrowAmount", "accruedInterest", "totalOrderIM", "totalPositionIM", "totalPositionMM"),
    *("unrealisedPnl", "cumRealisedPnl", "bonus", "spotHedgingQty", "spotBorrow"),
)


def wallet_row(exchange: Exchange, account: int, assets: Iterable[Asset]) -> Json:
    """The account with these coins."""
    total = plain(account_in_dollars(exchange, account))
    return {
        "accountType": "UNIFIED",
        **{f"total{name}": total for name in _TOTALS},
        **dict.fromkeys(_NO_MARGIN, "0"),
        "coin": [_coin(exchange, account, asset) for asset in assets],
    }


def _coin(exchange: Exchange, account: int, asset: Asset) -> Json:
    held = exchange.accounts.held(account, asset)
    amount = exchange.accounts.free(account, asset) + held
    return {
        **dict.fromkeys(_NO_DEBT, "0"),
        "coin": asset,
        "equity": plain(amount),
        "walletBalance": plain(amount),
        "locked": plain(held),
        "usdValue": plain(in_dollars(exchange, asset, amount)),
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "collateralSwitch": False,
        "marginCollateral": False,
    }


@final
class WalletApi:
    """Every method takes (account, parameters) and returns the `result`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def wallet(self, account: int, params: Params) -> Json:
        """Coins of nothing only where they are named."""
        accounts = self._exchange.accounts
        wanted = {name for name in params.get("coin").split(",") if name}
        assets = [
            asset
            for asset in accounts.assets(account)
            if not wanted or asset in wanted
            if accounts.free(account, asset) + accounts.held(account, asset) or asset in wanted
        ]
        return {"list": [wallet_row(self._exchange, account, assets)]}

    def transferable(self, account: int, params: Params) -> Json:
        """Of the account type that trades; the funding account is empty."""
        kind = params.needed("accountType")
        accounts = self._exchange.accounts
        rows = [
            {
                "coin": asset,
                "walletBalance": plain(free + accounts.held(account, asset)),
                "transferBalance": plain(free),
                "bonus": "",
            }
            for asset in accounts.assets(account)
            for free in [accounts.free(account, asset)]
        ]
        is_ours = kind == "UNIFIED"
        return {"memberId": str(account), "accountType": kind, "balance": rows if is_ours else []}
