"""An account's balances in OKX's shapes, by REST and in the private channels.

Invariant: cash is what is free and what is frozen; the total is of all currencies, named or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_DOWN
from typing import Final, final

from adapters.simulated.exchange import Exchange
from adapters.simulated.numbers import ms_text, plain
from adapters.simulated.okx.market_api import MarketApi
from adapters.simulated.okx.wire import Json, inst_id
from adapters.simulated.text_params import Params
from adapters.simulated.worth import account_in_dollars, in_dollars
from bot3.domain.values import Asset

_NO_MARGIN: Final = (
    *("adjEq", "availEq", "borrowFroz", "imr", "mgnRatio", "mmr", "notionalUsd", "ordFroz", "upl"),
)
_NO_DEBT: Final = ("availEq", "upl", "liab", "interest", "notionalLever", "mgnRatio")
_NOTHING: Final = ("disEq", "fixedBal", "isoEq", "stgyEq", "twap")


def total_of(exchange: Exchange, account: int) -> str:
    """`totalEq`, in dollars."""
    return plain(account_in_dollars(exchange, account))


def balance_details(
    exchange: Exchange, account: int, assets: Iterable[Asset], now_ns: int, *, keeps_empty: bool
) -> list[Json]:
    """Currencies of `GET /account/balance`; those without any only where `keeps_empty`."""
    accounts = exchange.accounts
    return [
        _detail(exchange, account, asset, now_ns)
        for asset in assets
        if keeps_empty or accounts.free(account, asset) + accounts.held(account, asset)
    ]


def _detail(exchange: Exchange, account: int, asset: Asset, now_ns: int) -> Json:
    free, held = exchange.accounts.free(account, asset), exchange.accounts.held(account, asset)
    return {
        **dict.fromkeys(_NO_DEBT, ""),
        **dict.fromkeys(_NOTHING, "0"),
        "ccy": asset,
        "cashBal": plain(free + held),
        "eq": plain(free + held),
        "availBal": plain(free),
        "frozenBal": plain(held),
        "ordFrozen": plain(held),
        "eqUsd": plain(in_dollars(exchange, asset, free + held)),
        "uTime": ms_text(now_ns),
    }


@final
class BalanceApi:
    """Every method takes (account, parameters) and returns the items of `data`."""

    def __init__(self, exchange: Exchange, market_api: MarketApi) -> None:
        self._exchange, self._market_api = exchange, market_api

    def balance(self, account: int, params: Params) -> list[Json]:
        now_ns = self._market_api.now_ns()
        wanted = {name for name in params.get("ccy").split(",") if name}
        assets = [a for a in self._exchange.accounts.assets(account) if not wanted or a in wanted]
        details = balance_details(self._exchange, account, assets, now_ns, keeps_empty=False)
        whole: Json = {
            **dict.fromkeys(_NO_MARGIN, ""),
            "totalEq": total_of(self._exchange, account),
            "isoEq": "0",
            "uTime": ms_text(now_ns),
        }
        return [{**whole, "details": details}]

    def max_size(self, account: int, params: Params) -> list[Json]:
        """In the base currency; what can be bought is by `px`, or the last price."""
        market, accounts = self._market_api.market(params), self._exchange.accounts
        last = market.scale.price(market.reference_price())
        price = params.number("px") if params.get("px") else last
        bought = accounts.free(account, market.instrument.quote) / price
        most = {
            "maxBuy": plain(bought.quantize(market.instrument.lot_size, ROUND_DOWN)),
            "maxSell": plain(accounts.free(account, market.instrument.base)),
        }
        return [{"instId": inst_id(market), "ccy": "", **most}]

    def max_available(self, account: int, params: Params) -> list[Json]:
        """What is free: of the quote currency to buy, of the base currency to sell."""
        instrument = self._market_api.market(params).instrument
        free = self._exchange.accounts.free
        return [
            {
                "instId": params.get("instId"),
                "availBuy": plain(free(account, instrument.quote)),
                "availSell": plain(free(account, instrument.base)),
            }
        ]
