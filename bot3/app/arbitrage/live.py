"""`python -m bot3 arbitrage` without a file: the configured venues' books, now or as they come.

Invariant: nothing is sent to anybody but the questions of market data; amounts are bounded by depth
alone, for nobody is asked what is held.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, final

import trio
from attrs import frozen

from bot3.app.arbitrage.told import as_json, as_text
from bot3.app.arbitrage.wiring import listed_of
from bot3.app.config import load_config
from bot3.app.console import configure_logging
from bot3.app.open_venues import OpenVenues, nothing, open_venues
from bot3.app.settings import Config
from bot3.arbitrage.matrix import ArbitrageMatrix, MatrixSettings
from bot3.arbitrage.opportunity import Opportunity
from bot3.domain.book import Book
from bot3.domain.errors import DeadlineError
from bot3.domain.instrument import Instrument
from bot3.domain.values import InstrumentId, VenueName
from bot3.messages.market import BookChanged, BookLost, BookReplaced, FeedEvent

DEADLINE_S: Final = 20.0


@frozen
class LiveOptions:
    """`is_watching`: goes on for `duration_s`, None until interrupted."""

    config: Path | None
    settings: MatrixSettings
    is_watching: bool
    duration_s: float | None
    is_json: bool


def show_live(options: LiveOptions, environ: Mapping[str, str]) -> int:
    """The exit code; raises what `report_error` turns into a line."""
    config = load_config(options.config, environ).config
    configure_logging("critical", None, None)
    trio.run(_shown, config, options, environ)
    return 0


async def _shown(config: Config, options: LiveOptions, environ: Mapping[str, str]) -> None:
    async with open_venues(config, environ) as venues:
        watch = _Watch(options)
        symbols = listed_of(config)
        async with trio.open_nursery() as nursery:
            for each in venues.access.values():
                for instrument in await each.feed.instruments(symbols):
                    watch.learn(instrument)
                nursery.start_soon(partial(each.feed.run, symbols, watch.hear, ready=nothing))
            await _lasted(watch, options, venues)
            nursery.cancel_scope.cancel()


async def _lasted(watch: _Watch, options: LiveOptions, venues: OpenVenues) -> None:
    with trio.move_on_after(DEADLINE_S):
        await watch.is_complete.wait()
    if not watch.is_complete.is_set():
        raise DeadlineError(
            f"arbitrage: no book of {', '.join(map(str, watch.missing()))} in {DEADLINE_S:g} s"
        )
    if options.is_watching:
        with trio.move_on_after(3.2e7 if options.duration_s is None else options.duration_s):
            await trio.sleep_forever()
        return
    pairs = watch.pairs()
    if options.is_json:
        print(json.dumps({"data_source": venues.source, "pairs": pairs}))
    else:
        print("\n".join([venues.source, *map(_pair_line, pairs)]))


@final
class _Watch:
    """Every book, and the matrix over them."""

    def __init__(self, options: LiveOptions) -> None:
        self._options = options
        self._matrix = ArbitrageMatrix(options.settings)
        self._known: dict[InstrumentId, Instrument] = {}
        self._books: dict[InstrumentId, Book] = {}
        self._seen: set[InstrumentId] = set()
        self.is_complete = trio.Event()

    def learn(self, instrument: Instrument) -> None:
        """A pair of a venue, with its fees and lots."""
        self._known[instrument.id] = instrument
        self._books[instrument.id] = Book()
        self._matrix.on_instrument(instrument)

    def missing(self) -> list[InstrumentId]:
        """Of which no book was seen yet."""
        return [key for key in self._known if key not in self._seen]

    def hear(self, event: FeedEvent) -> None:
        """A change of one book; what it makes possible is told."""
        match event:
            case BookReplaced(instrument=key):
                self._books[key].replace(event.bids, event.asks)
            case BookChanged(instrument=key):
                self._books[key].change(event.bids, event.asks)
            case BookLost(instrument=key):
                self._matrix.on_lost(key)
                return
            case _:
                return
        book, most = self._books[key], self._options.settings.levels
        self._matrix.on_delay(key.venue, _delay_s(event.ts_local_ns - event.ts_venue_ns))
        found = self._matrix.on_book(key, book.bids(most), book.asks(most), event.ts_local_ns)
        self._seen.add(key)
        if not self.missing():
            self.is_complete.set()
        if self._options.is_watching:
            self._tell(found)

    def _tell(self, found: list[Opportunity]) -> None:
        for each in found:
            print(as_json(each) if self._options.is_json else as_text(each), flush=True)

    def pairs(self) -> list[dict[str, Any]]:
        """Bought here and sold there, at the touch, one unit, the best of each symbol first."""
        rows: list[dict[str, Any]] = []
        for buy in self._known.values():
            for sell in self._known.values():
                is_pair = buy.id.symbol == sell.id.symbol and buy.id.venue != sell.id.venue
                asks, bids = self._matrix.book(buy.id)[1], self._matrix.book(sell.id)[0]
                if is_pair and asks and bids:
                    rows.append(_pair(buy, sell, asks[0][0], bids[0][0]))
        return sorted(rows, key=lambda row: (row["symbol"], -row["net_bps"]))


def _delay_s(age_ns: int) -> float:
    """What the venue's stamp says; a clock that is ahead of ours says nothing."""
    return max(age_ns, 0) / 1e9


def _pair(buy: Instrument, sell: Instrument, ask: float, bid: float) -> dict[str, Any]:
    kept = (1 - float(buy.taker_fee_rate)) * (1 - float(sell.taker_fee_rate))
    venues: tuple[VenueName, VenueName] = (buy.id.venue, sell.id.venue)
    return {
        "symbol": buy.id.symbol,
        "buy": venues[0],
        "sell": venues[1],
        "ask": ask,
        "bid": bid,
        "gross_bps": 1e4 * (bid / ask - 1),
        "net_bps": 1e4 * (bid / ask * kept - 1),
    }


def _pair_line(row: dict[str, Any]) -> str:
    return (
        f"{row['symbol']:<12} buy {row['buy']:<8} at {row['ask']:<12.8g} sell {row['sell']:<8} at"
        f" {row['bid']:<12.8g} {row['gross_bps']:+8.2f} bps, after fees {row['net_bps']:+8.2f}"
    )
