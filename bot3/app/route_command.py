"""`python -m bot3 route`: where an amount would trade now over the active venues, at what cost.

Invariant: nothing is sent to anybody; the plan is of books that are there now; one that
has been silent for two seconds is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, final

import trio
from attrs import frozen

from bot3.app.config import load_config
from bot3.app.console import configure_logging
from bot3.app.open_venues import nothing, open_venues
from bot3.app.settings import Config
from bot3.app.venues import VenueAccess
from bot3.domain.book import Book
from bot3.domain.errors import ConfigError, DeadlineError
from bot3.domain.instrument import Instrument
from bot3.domain.values import Side, Symbol, VenueName
from bot3.execution.router import Route, VenueBook, route
from bot3.messages.market import BookChanged, BookLost, BookReplaced, FeedEvent
from supervisors.clock import Clock

DEADLINE_S = 20.0
LEVELS = 400


@frozen
class RouteOptions:
    """What the user asked for."""

    config: Path | None
    side: Side
    symbol: str
    amount: Decimal
    is_unfunded: bool
    is_json: bool


@final
class _Watched:
    """One venue's book of one symbol, and when it last changed."""

    def __init__(self, symbol: Symbol, clock: Clock) -> None:
        self._symbol, self._clock = symbol, clock
        self.book = Book()
        self.changed_ns: int | None = None
        self.is_seen = trio.Event()

    def hear(self, event: FeedEvent) -> None:
        """Of its symbol; a lost book is none."""
        match event:
            case BookReplaced(instrument=key) if key.symbol == self._symbol:
                self.book.replace(event.bids, event.asks)
                self.changed_ns = self._clock.now_ns()
                self.is_seen.set()
            case BookChanged(instrument=key) if key.symbol == self._symbol:
                self.book.change(event.bids, event.asks)
                self.changed_ns = self._clock.now_ns()
            case BookLost(instrument=key) if key.symbol == self._symbol:
                self.changed_ns = None
            case _:
                pass


def show_route(options: RouteOptions, environ: Mapping[str, str]) -> int:
    """The exit code; raises what `report_error` turns into a line."""
    config = load_config(options.config, environ).config
    if options.symbol not in config.exchanges.symbols:
        known = ", ".join(config.exchanges.symbols)
        raise ConfigError(f"--symbol {options.symbol}: exchanges.symbols has {known}")
    configure_logging("critical", None, None)
    source, found = trio.run(_found, config, options, environ)
    told = _as_json(source, found) if options.is_json else _as_text(source, found)
    print(told)
    return 0


async def _found(
    config: Config, options: RouteOptions, environ: Mapping[str, str]
) -> tuple[str, Route]:
    async with open_venues(config, environ) as venues:
        return venues.source, await _planned(venues.access, options, venues.clock)


async def _planned(
    access: Mapping[VenueName, VenueAccess], options: RouteOptions, clock: Clock
) -> Route:
    """Once every venue has a book, or the deadline has come and some have."""
    symbol = Symbol(options.symbol)
    watched = {name: _Watched(symbol, clock) for name in access}
    instruments = {
        name: (await each.feed.instruments([symbol]))[0] for name, each in access.items()
    }
    async with trio.open_nursery() as nursery:
        for name, each in access.items():
            watch = partial(each.feed.run, [symbol], watched[name].hear, ready=nothing)
            nursery.start_soon(watch)
        with trio.move_on_after(DEADLINE_S):
            for book in watched.values():
                await book.is_seen.wait()
        books = [
            await _book(access[name], instruments[name], each, options, clock)
            for name, each in watched.items()
            if each.changed_ns is not None
        ]
        nursery.cancel_scope.cancel()
    if not books:
        raise DeadlineError(f"route: no venue had a book of {symbol} within {DEADLINE_S:g} s")
    return route(options.side, options.amount, books)


async def _book(
    access: VenueAccess,
    instrument: Instrument,
    watched: _Watched,
    options: RouteOptions,
    clock: Clock,
) -> VenueBook:
    is_buy = options.side is Side.BUY
    levels = watched.book.asks(LEVELS) if is_buy else watched.book.bids(LEVELS)
    funds = Decimal("1e18")
    if not options.is_unfunded:
        asset = instrument.quote if is_buy else instrument.base
        held = [each for each in await access.venue.balances() if each.asset == asset]
        funds = held[0].free if held else Decimal(0)
    assert watched.changed_ns is not None
    age_s = (clock.now_ns() - watched.changed_ns) / 1e9
    return VenueBook(instrument=instrument, levels=levels, funds=funds, age_s=age_s)


def _as_json(source: str, found: Route) -> str:
    children: list[dict[str, Any]] = [
        {
            "venue": child.instrument.id.venue,
            "symbol": child.instrument.id.symbol,
            "amount": float(child.amount),
            "limit": float(child.limit.amount),
            "average_price": float(child.notional / child.amount),
            "fee": float(child.fee),
        }
        for child in found.children
    ]
    body = {
        "data_source": source,
        "side": found.side.value,
        "children": children,
        "amount": float(found.amount),
        "unrouted": float(found.unrouted),
        "cost": float(found.cost),
    }
    return json.dumps(body)


def _as_text(source: str, found: Route) -> str:
    lines = [source]
    for child in found.children:
        average = child.notional / child.amount
        lines.append(
            f"{found.side.value} {child.amount.normalize():f} on {child.instrument.id.venue}"
            f" at {average:.8g} on average, {child.limit.amount.normalize():f} at worst,"
            f" fee {child.fee:.8g} {child.instrument.quote}"
        )
    verb = "paid" if found.side is Side.BUY else "received"
    lines.append(f"{verb} in all, fees included: {found.cost:.2f}")
    if found.unrouted:
        lines.append(f"{found.unrouted.normalize():f} found no book, no funds or no minimum")
    return "\n".join(lines)
