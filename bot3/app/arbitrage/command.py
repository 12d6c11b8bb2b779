"""`python -m bot3 arbitrage --quotes FILE`: the report of a file's books."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from attrs import frozen

from bot3.app.arbitrage.quotes import QuotesOptions, replay_quotes
from bot3.app.arbitrage.told import as_json, as_text
from bot3.arbitrage.depth import ANY
from bot3.arbitrage.matrix import MatrixSettings
from bot3.arbitrage.opportunity import Opportunity
from bot3.domain.errors import ConfigError
from bot3.domain.values import Asset, VenueName

_LEVELS: Final = 1_000
_FEE: Final = Decimal("0.001")


@frozen
class Bounds:
    """What bounds a loop, in the user's words."""

    fee_words: tuple[str, ...]
    balance_words: tuple[str, ...]
    latency_ms: float
    max_age_s: float
    min_bps: float
    max_size: float | None
    max_hops: int

    def matrix(self) -> MatrixSettings:
        """For the matrix; a file may hold deep books."""
        return MatrixSettings(
            levels=_LEVELS,
            hops_max=self.max_hops,
            size_max=ANY if self.max_size is None else self.max_size,
            age_max_s=self.max_age_s,
            profit_bps_min=self.min_bps,
        )

    def quotes(self, path: Path) -> QuotesOptions:
        """For a file of books; raises `ConfigError`."""
        fee, fees = fees_of(self.fee_words)
        return QuotesOptions(
            path=path,
            settings=self.matrix(),
            fee=_FEE if fee is None else fee,
            fees=fees,
            balances=balances_of(self.balance_words),
            latency_s=self.latency_ms / 1e3,
        )


def show_quotes(options: QuotesOptions, *, is_json: bool) -> int:
    """The exit code; raises `DataError`."""

    def tell(found: Opportunity, late_profit: float | None) -> None:
        print(as_json(found, late_profit) if is_json else as_text(found, late_profit))

    seen = replay_quotes(options, tell)
    if not is_json:
        share = seen.possible / seen.books if seen.books else 0.0
        print(
            f"{seen.books:,} books of {seen.instruments} instruments: {seen.possible:,}"
            f" ({share:.2%}) left something after all fees, {seen.told:,} told"
        )
    return 0


def fees_of(words: Iterable[str]) -> tuple[Decimal | None, dict[VenueName, Decimal]]:
    """`0.001` for all, `okx=0.0008` for one; raises `ConfigError`."""
    every: Decimal | None = None
    found: dict[VenueName, Decimal] = {}
    for word in words:
        venue, equals, rate = word.rpartition("=")
        fee = _number("--fee", word, rate)
        if not 0 <= fee < 1:
            raise ConfigError(f"--fee {word}: a share of an order's worth, like 0.001")
        if equals:
            found[VenueName(venue)] = fee
        else:
            every = fee
    return every, found


def balances_of(words: Iterable[str]) -> dict[tuple[VenueName, Asset], float]:
    """`binance:USDT=1000`; raises `ConfigError`."""
    found: dict[tuple[VenueName, Asset], float] = {}
    for word in words:
        place, equals, amount = word.rpartition("=")
        venue, colon, asset = place.partition(":")
        if not (equals and colon and venue and asset):
            raise ConfigError(f"--balance {word}: write it like binance:USDT=1000")
        found[VenueName(venue), Asset(asset)] = float(_number("--balance", word, amount))
    return found


def _number(option: str, word: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"{option} {word}: {text or 'nothing'} is no number") from None
    if not value.is_finite() or value < 0:
        raise ConfigError(f"{option} {word}: must be finite and not negative")
    return value
