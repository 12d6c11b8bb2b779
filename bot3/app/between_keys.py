"""What must hold between the keys of a configuration: each check with the keys that it is about.

Invariant: a check sees only keys that are good by themselves, and says in words what it wants.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from bot3.app.settings import Config, VenueSection, VenuesSettings


def _weights(config: Config) -> str | None:
    total = config.ta_ml_split.ta_weight + config.ta_ml_split.ml_weight
    if abs(total - 1) <= 1e-9:
        return None
    return f"+ ta_ml_split.ml_weight = {total:g}: want a sum of 1"


def _quotes(config: Config) -> str | None:
    quote = config.system.quote
    odd = [symbol for symbol in config.exchanges.symbols if not symbol.endswith(f"/{quote}")]
    if not odd:
        return None
    return f"has {', '.join(odd)}: want every symbol to end in /{quote} (system.quote)"


def _crosses(config: Config) -> str | None:
    quote, symbols = config.system.quote, config.exchanges.symbols
    for cross in config.arbitrage.cross_symbols:
        base, _, other = cross.partition("/")
        if other == quote:
            return f"has {cross}: want another quote asset than {quote} (system.quote)"
        homes = (f"{base}/{quote}", f"{other}/{quote}")
        missing = [home for home in homes if home not in symbols]
        if missing:
            return f"has {cross}: want {', '.join(missing)} in exchanges.symbols, too"
    return None


def _exposure(config: Config) -> str | None:
    size, total = config.risk.max_position_size, config.risk.max_total_exposure
    return None if size <= total else f"= {size}: want at most risk.max_total_exposure = {total}"


def _collar(config: Config) -> str | None:
    taker, gate = config.execution.taker_collar_bps, config.risk.price_collar_bps
    if taker <= gate:
        return None
    return f"= {taker}: want at most risk.price_collar_bps = {gate}, or every such order is denied"


def _back_off(config: Config) -> str | None:
    first, most = config.healing.circuit_open_s, config.healing.circuit_open_max_s
    return None if first <= most else f"= {most:g}: want at least circuit_open_s = {first:g}"


def _shedding(config: Config) -> str | None:
    above, below = config.healing.shed_data_above, config.healing.resume_data_below
    return None if below < above else f"= {below:g}: want less than shed_data_above = {above:g}"


def _urls(name: str, config: Config) -> str | None:
    venue: VenueSection = getattr(config.venues, name)
    missing = [key for key in _NEEDED_URLS if not getattr(venue, key)]
    if venue.mode not in {"simulated", "custom"} or not missing:
        return None
    return f'= "{venue.mode}": want venues.{name}.{", ".join(missing)} too'


def _all_or_none_embedded(config: Config) -> str | None:
    modes = [getattr(config.venues, name).mode for name in config.exchanges.active]
    is_told = any(_urls(name, config) for name in config.exchanges.active)
    if is_told or "embedded" not in modes or set(modes) == {"embedded"}:
        return None
    return "= some embedded, some not: want every active venue embedded, or none of them"


def _all_or_none_live(config: Config) -> str | None:
    modes = {getattr(config.venues, name).mode for name in config.exchanges.active}
    if "live" not in modes or modes == {"live"}:
        return None
    return "= some live, some not: want every active venue live, or none of them"


_NEEDED_URLS = ("rest_url", "ws_url", "private_ws_url")
_VENUES = tuple(key.name for key in attrs.fields(VenuesSettings))

BETWEEN_KEYS: tuple[tuple[tuple[str, ...], Callable[[Config], str | None]], ...] = (
    (("ta_ml_split.ta_weight", "ta_ml_split.ml_weight"), _weights),
    (("exchanges.symbols", "system.quote"), _quotes),
    (("arbitrage.cross_symbols", "exchanges.symbols", "system.quote"), _crosses),
    (("risk.max_position_size", "risk.max_total_exposure"), _exposure),
    (("execution.taker_collar_bps", "risk.price_collar_bps"), _collar),
    (("healing.circuit_open_max_s", "healing.circuit_open_s"), _back_off),
    (("healing.resume_data_below", "healing.shed_data_above"), _shedding),
    (tuple(f"venues.{name}.mode" for name in _VENUES), _all_or_none_embedded),
    (tuple(f"venues.{name}.mode" for name in _VENUES), _all_or_none_live),
    *(
        (
            (f"venues.{name}.mode", *(f"venues.{name}.{key}" for key in _NEEDED_URLS)),
            partial(_urls, name),
        )
        for name in _VENUES
    ),
)
