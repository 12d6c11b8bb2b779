"""Recorded bars from files, checked before anything is traded on them.

Invariant: each instrument comes once, with its venue where the symbol comes more than once; what
was mended is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
from attrs import evolve

from adapters.simulated.funding_file import read_funding
from adapters.simulated.raw_bars import CHUNK_ROWS, raw_chunks
from adapters.simulated.symbols import VENUES
from bot3.backtest.bars import Flaw
from bot3.backtest.funding import Funding
from bot3.backtest.source import ENDLESS_NS, HELD_ROWS, Asked, Source, source_of
from bot3.domain.errors import ConfigError, DataError

_FUNDED: Final = re.compile(r"(?P<name>([a-z0-9_-]+:)?[A-Z0-9]+/[A-Z0-9]+)=(?P<path>.+)")
_EXPLICIT: Final = re.compile(
    r"(?P<venue>[a-z0-9_-]+):(?P<symbol>[A-Z0-9]+/[A-Z0-9]+)=(?P<path>.+)"
)


def read_sources(
    paths: Sequence[Path],
    timerange: str | None,
    *,
    is_repaired: bool,
    chunk_rows: int = CHUNK_ROWS,
    held_rows: int = HELD_ROWS,
) -> tuple[list[Source], list[str]]:
    """The bars of every file, to be read in parts, and what was found wrong with them, a line each.

    A path is a file, or `okx:BTC/USDT=FILE`.
    """
    found: list[Source] = []
    warnings: list[str] = []
    files = [file_of(path) for path in paths]
    asked = Asked(is_repaired, *span_of(timerange), held_rows)
    for given, path in zip(paths, files, strict=True):
        source = source_of(partial(raw_chunks, path, chunk_rows), asked)
        warnings += [f"{path.name}: {_told(flaw)}" for flaw in source.flaws]
        if source.rows < 2:
            raise DataError(f"{path}: {source.rows} bars in {timerange}; at least 2 are needed")
        venue, symbol = said_of(given)
        if venue:
            source = evolve(source, venue=venue, symbol=symbol)
        found.append(source)
    return _named(found, files), warnings


def read_fundings(paths: Sequence[Path], names: Sequence[str]) -> dict[str, Funding]:
    """Rates by the name of an instrument: of `okx:BTC/USDT=FILE` for that one, of `FILE` for all
    others. Raises `DataError` and `ConfigError`.
    """
    found: dict[str, Funding] = {}
    for path in paths:
        explicit = _FUNDED.fullmatch(str(path))
        name, file = ("", path) if explicit is None else (explicit["name"], Path(explicit["path"]))
        if name in found or (name and name not in names):
            raise ConfigError(f"--funding {path}: want one file for each of {', '.join(names)}")
        found[name] = Funding(*read_funding(file))
    others = found.pop("", Funding())
    return {name: found.get(name, others) for name in names}


def file_of(path: Path) -> Path:
    """Without what was said of it."""
    explicit = _EXPLICIT.fullmatch(str(path))
    return path if explicit is None else Path(explicit["path"])


def said_of(path: Path) -> tuple[str, str]:
    """Venue and symbol, or empty."""
    explicit = _EXPLICIT.fullmatch(str(path))
    return ("", "") if explicit is None else (explicit["venue"], explicit["symbol"])


def _named(sources: Sequence[Source], files: Sequence[Path]) -> list[Source]:
    """A symbol that comes more than once has its venue's name, as its file or folder tells it."""
    counts = Counter(source.symbol for source in sources)
    named = [
        evolve(source, venue=source.venue or venue_of(path))
        if counts[source.symbol] > 1
        else source
        for source, path in zip(sources, files, strict=True)
    ]
    for source, path in zip(named, files, strict=True):
        if sum(source.name == other.name for other in named) > 1:
            raise DataError(
                f"{path}: {source.name} comes twice; give each instrument one file, and say of"
                f" which venue it is: okx:{source.symbol}=FILE, or okx/FILE"
            )
    return named


def venue_of(path: Path) -> str:
    """As the file's name or its folder's tells it; or empty."""
    words = re.split(r"[^a-z0-9]+", f"{path.stem} {path.absolute().parent.name}".lower())
    return next((word for word in words if word.upper() in VENUES), "")


def _told(flaw: Flaw) -> str:
    return f"{flaw.words}; mended" if flaw.is_fatal else flaw.words


def span_of(timerange: str | None) -> tuple[int, int]:
    """Of `20230101-20230301`, ISO dates, or either side empty; raises `ConfigError`."""
    if not timerange:
        return 0, ENDLESS_NS
    start, dash, end = timerange.partition("..") if ".." in timerange else timerange.partition("-")
    if not dash:
        raise ConfigError(f"--timerange {timerange!r}: want 20230101-20230301, or one side of it")
    start_ns, end_ns = (_ns(timerange, text) if text else None for text in (start, end))
    return start_ns or 0, end_ns or ENDLESS_NS


def _ns(timerange: str, text: str) -> int:
    try:
        return int(pd.Timestamp(text, tz="UTC").as_unit("ns").value)
    except ValueError:
        raise ConfigError(
            f"--timerange {timerange!r}: {text!r} is no date; want 20230101-20230301, or"
            " 2023-01-01..2023-03-01"
        ) from None
