"""Addresses on Ethereum's main chain that stand for what is traded elsewhere."""

from __future__ import annotations

from typing import Final

from bot3.domain.values import Asset

WETH: Final = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
ETHER: Final = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"  # how contracts call the coin itself
USDC: Final = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
USDT: Final = "0xdac17f958d2ee523a2206206994597c13d831ec7"
DAI: Final = "0x6b175474e89094c44da98b954eedeac495271d0f"
WBTC: Final = "0x2260fac5e5542a773aa44fbcfedf7c193bc2c599"
COINS: Final = frozenset({WETH, ETHER})
DOLLARS: Final = frozenset({USDC, USDT, DAI})
DECIMALS: Final = {WETH: 18, ETHER: 18, USDC: 6, USDT: 6, DAI: 18, WBTC: 8}
ASSETS: Final = {
    WETH: Asset("ETH"),
    ETHER: Asset("ETH"),
    USDC: Asset("USDC"),
    USDT: Asset("USDT"),
    DAI: Asset("DAI"),
    WBTC: Asset("BTC"),
}
