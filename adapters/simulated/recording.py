"""A recorded file, opened and checked: what it is and which instrument it makes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from attrs import frozen

from adapters.simulated.bar_file import BAR_SUFFIXES, BarFile, read_bars
from adapters.simulated.depth_file import UNITS, DepthFile, read_depth
from bot3.domain.errors import DataError
from bot3.domain.instrument import Instrument
from bot3.domain.values import Asset, InstrumentId, Symbol, VenueName

_NS_PER_S = 1_000_000_000
_LOT_DECIMALS_MAX = 8
# Wide enough for any spot pair, and their product stays exact in 28 digits.
_PRICE_MAX = Decimal(10_000_000)
_AMOUNT_MAX = Decimal(90_000_000)


@frozen
class Recording:
    """A file that can be replayed."""

    path: Path
    content: BarFile | DepthFile

    @property
    def kind(self) -> Literal["bars", "depth"]:
        """Bars, or an order book with its trades."""
        return "bars" if isinstance(self.content, BarFile) else "depth"

    @property
    def symbol(self) -> Symbol:
        """The one instrument in it."""
        return self.content.symbol

    @property
    def default_speed(self) -> float:
        """Recorded seconds per second: a bar a second; an order book as it was."""
        if isinstance(self.content, BarFile):
            return max(self.content.interval_ns / _NS_PER_S, 1e-9)
        return 1.0

    def describe(self) -> str:
        """One line for `data_source`: what, of which instrument, from when to when."""
        content = self.content
        if isinstance(content, BarFile):
            last_ns = int(content.open_ns[-1]) + content.interval_ns
            gaps = f", {content.gaps} gaps passed over" if content.gaps else ""
            what = f"{len(content)} bars of {content.interval_ns / _NS_PER_S:g} s{gaps}"
            first_ns = int(content.open_ns[0])
        else:
            first_ns, last_ns = content.first_ns, content.last_ns
            what = ", ".join(f"{count} {name}" for name, count in sorted(content.counts.items()))
        span = f"{_date(first_ns)} to {_date(last_ns)} UTC"
        return f"replayed: {self.path.name}, {self.symbol}, {what}, {span}"

    def instrument(
        self, venue: VenueName, *, maker_fee_rate: Decimal, taker_fee_rate: Decimal
    ) -> Instrument:
        """Tick and lot as the recorded numbers have them."""
        content = self.content
        if isinstance(content, BarFile):
            tick = Decimal(1).scaleb(-content.price_decimals)
            lot = Decimal(1).scaleb(-min(content.amount_decimals, _LOT_DECIMALS_MAX))
        else:
            tick, lot = Decimal(content.tick) / UNITS, Decimal(content.lot) / UNITS
        base, quote = self.symbol.split("/")
        is_dollar = "USD" in quote or quote in {"DAI", "EUR"}
        return Instrument(
            id=InstrumentId(venue, self.symbol),
            base=Asset(base),
            quote=Asset(quote),
            tick_size=tick.normalize(),
            lot_size=lot.normalize(),
            price_min=tick.normalize(),
            price_max=_PRICE_MAX,
            amount_min=lot.normalize(),
            amount_max=_AMOUNT_MAX,
            notional_min=Decimal(5) if is_dollar else Decimal("0.0001"),
            maker_fee_rate=maker_fee_rate,
            taker_fee_rate=taker_fee_rate,
        )


def open_replay(path: Path, symbol: Symbol | None = None) -> Recording:
    """Opens and checks a recording; raises `DataError`: what, where, what to do.

    Bars are `.csv`, `.parquet` or `.feather`, everything else is read as recorded frames; both may
    be compressed (`.gz`, `.zst`). Files under 50 MB are read to the end, so a cut one is found.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name one recorded file in it")
    if BAR_SUFFIXES.intersection(suffix.lower() for suffix in path.suffixes):
        return Recording(path, read_bars(path, symbol))
    return Recording(path, read_depth(path, symbol))


def _date(ts_ns: int) -> str:
    return datetime.fromtimestamp(ts_ns / _NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M")
