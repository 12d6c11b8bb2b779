"""Which instrument a recording is about, from its name or its content."""

from __future__ import annotations

import re

from bot3.domain.values import Symbol

QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "TRY", "DAI", "BTC", "ETH", "BNB")
VENUES = ("BINANCE", "OKX", "BYBIT", "COINBASE", "KRAKEN")
_KINDS = ("SPOT", "PERP", "PERPETUAL", "SWAP", "USDM", "COINM", "FUTURES", "LINEAR")
_NOT_ASSETS = frozenset((*VENUES, *_KINDS))
_ASSET = re.compile(r"[A-Z0-9]{2,10}")


def split_symbol(text: str) -> Symbol | None:
    """`ethusdt`, `ETH_USDT`, `ETH/USDT` as `ETH/USDT`; None for anything else."""
    parts = re.split(r"[/_-]", text.upper())
    if len(parts) == 2 and _is_base(parts[0]) and parts[1] in QUOTES:
        return Symbol(f"{parts[0]}/{parts[1]}")
    if len(parts) != 1:
        return None
    for quote in QUOTES:
        base = parts[0].removesuffix(quote)
        if base != parts[0] and _is_base(base):
            return Symbol(f"{base}/{quote}")
    return None


def symbol_in_name(name: str) -> Symbol | None:
    """The first pair in a file name such as `binance-BTC_USDT-1m` or `spot-ethusdt_20240808`."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    for word, after in zip(words, [*words[1:], ""], strict=True):
        found = split_symbol(f"{word}/{after}") or split_symbol(word)
        if found is not None:
            return found
    return None


def _is_base(text: str) -> bool:
    return bool(_ASSET.fullmatch(text)) and text not in _NOT_ASSETS and not text.isdigit()
