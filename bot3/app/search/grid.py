"""`python -m bot3 grid`: how much the averages' result depends on their periods, a map at once.

Invariant: only the zone that searches may search in is looked at, and every pair is in the ledger:
a map spoils no hold-out, and counts against what is later found on the data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from attrs import frozen

from bot3.app.backtest.beside import percent
from bot3.app.search.checkpoint import run_digest
from bot3.app.search.columns import column_files
from bot3.app.search.data import bars_digest, days_of, read_columns
from bot3.app.search.ledger_file import LedgerFile
from bot3.app.search.optimize import EMBARGO_BARS
from bot3.app.search.told import zone_words
from bot3.backtest.strategies import EmaCross
from bot3.backtest.validation.ledger import run_row, trial_name, trials_row
from bot3.backtest.validation.zones import Zones, rows_of, zones_of
from bot3.domain.bars import Bars
from bot3.domain.errors import ConfigError
from bot3.portfolio.statistics.sharpe import best_of_trials

PAIRS_MAX: Final = 100_000
_SHOWN: Final = 12
Pair = tuple[int, int]


@frozen(kw_only=True)
class GridOptions:
    """What the user asked for; `fast` and `slow` as in `10`, `5:14` or `20:110:10`."""

    data: tuple[Path, ...]
    fast: str
    slow: str
    cash: float
    fee: float
    timerange: str | None
    is_repaired: bool
    userdir: Path
    is_json: bool


def run_grid(options: GridOptions) -> int:
    """The exit code; raises `DataError`, `ConfigError` and `UnavailableError` with what to do."""
    pairs = pairs_of(options)
    with column_files(options.userdir) as files:
        return _told(options, pairs, *read_columns(options, files))


def _told(
    options: GridOptions, pairs: Sequence[Pair], every: Sequence[Bars], notes: list[str]
) -> int:
    zones = zones_of(every, 0, EMBARGO_BARS)
    ledger, name = LedgerFile(options.userdir), _run_name(options, every)
    days, _ = days_of(every, zones)
    before = ledger.read().tried_before(days, name)
    ledger.add(run_row(name, "grid", days))
    maps = [_mapped(options, bars, zones, pairs) for bars in every]
    ratios = [[row["bar_sharpe"] for row in each["rows"]] for each in maps]
    names = [trial_name("ema_cross", {"fast": fast, "slow": slow}) for fast, slow in pairs]
    trials = zip(names, np.mean(ratios, axis=0).round(6).tolist(), strict=True)
    ledger.add(trials_row(name, trials))
    figures = {
        "strategy": "ema_cross",
        "source": "replayed",
        "run": name,
        "searched": zone_words(zones)["search"],
        "pairs": len(pairs),
        "tried_before": before,
        "maps": maps,
        "warnings": notes,
    }
    print(json.dumps(figures) if options.is_json else "\n".join(_lines(figures)))
    return 0


def pairs_of(options: GridOptions) -> list[Pair]:
    """Those whose first is shorter. Raises `ConfigError` where none is, or too many are."""
    fasts, slows = (periods_of(name, getattr(options, name)) for name in ("fast", "slow"))
    if len(fasts) * len(slows) > PAIRS_MAX:
        raise ConfigError(f"{len(fasts) * len(slows):,} pairs: want {PAIRS_MAX:,} at most")
    found = [(fast, slow) for fast in fasts for slow in slows if fast < slow]
    if not found:
        raise ConfigError("no pair: want a fast average that is shorter than a slow one")
    return found


def periods_of(name: str, given: str) -> range:
    """`10`, `5:14` or `20:110:10`, ends included. Raises `ConfigError`."""
    parts = given.split(":")
    if not all(part.isdecimal() for part in parts) or len(parts) > 3:
        raise ConfigError(f"--{name} {given}: want 10, 5:14 or 20:110:10")
    numbers = [int(part) for part in parts]
    first, last = numbers[0], numbers[min(1, len(numbers) - 1)]
    step = numbers[2] if len(numbers) == 3 else 1
    if last < first or step == 0:
        raise ConfigError(f"--{name} {given}: nothing is in it")
    for end in (first, last):
        EmaCross.parameters[name].take(name, end)
    return range(first, last + 1, step)


def _run_name(options: GridOptions, every: Sequence[Bars]) -> str:
    given = {"fast": options.fast, "slow": options.slow, "fee": options.fee}
    return run_digest({"grid": given, "data": [bars_digest(bars) for bars in every]})


def _mapped(
    options: GridOptions, bars: Bars, zones: Zones, pairs: Sequence[Pair]
) -> dict[str, Any]:
    """One instrument's rows, beside what holding it made and what luck alone would show."""
    from bot3.backtest.kernels import ema_cross_grid

    first, last = rows_of(bars, zones.search)
    opens, closes = bars.open[first:last], bars.close[first:last]
    fasts, slows = (np.array(each, dtype=np.int64) for each in zip(*pairs, strict=True))
    table = ema_cross_grid(opens, closes, fasts, slows, options.fee, options.cash)
    rows = [
        {
            "fast": fast, "slow": slow, "final_equity": equity,
            "total_return": equity / options.cash - 1.0, "max_drawdown": fallen,
            "bar_sharpe": ratio, "orders": int(orders),
        }
        for (fast, slow), (equity, fallen, ratio, orders) in zip(pairs, table.tolist(), strict=True)
    ]  # fmt: skip
    # They resemble each other: as many different ones as there are pairs is the most it can be.
    luck = best_of_trials(len(pairs), 1.0 / len(opens))
    held = float(closes[-1] / (opens[1] * (1.0 + options.fee))) - 1.0
    return {"symbol": bars.name, "bars": len(opens), "buy_and_hold": held,
            "bar_sharpe_of_luck": luck, "rows": rows}  # fmt: skip


def _lines(figures: Mapping[str, Any]) -> Iterator[str]:
    start, end = figures["searched"]
    yield f"ema_cross, {figures['pairs']:,} pairs (replayed), {start} to {end}, where is searched"
    for each in figures["maps"]:
        yield ""
        yield f"{each['symbol']}, {each['bars']:,} bars: returns after fees by fast and slow"
        yield from _map(each["rows"])
        best = max(each["rows"], key=lambda row: row["total_return"])
        yield (
            f"the best of {len(each['rows']):,}: fast = {best['fast']}, slow = {best['slow']}:"
            f" {percent(best['total_return'])}, drawdown {percent(best['max_drawdown'])},"
            f" {best['orders']:,} orders; held all along {percent(each['buy_and_hold'])}"
        )
        yield (
            f"its Sharpe ratio a bar is {best['bar_sharpe']:.4f}; the best of so many without any"
            f" skill is expected to show up to {each['bar_sharpe_of_luck']:.4f}"
        )
    yield ""
    yield (
        f"{figures['tried_before']:,} were tried on this data before; these are in the ledger now."
        " A map proves nothing: `optimize` and `evolve` judge on later time"
    )
    yield from (f"note: {warning}" for warning in figures["warnings"])


def _map(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A table of at most so many fast and slow periods, of the rest every so many."""
    fasts, slows = (_some(sorted({row[name] for row in rows})) for name in ("fast", "slow"))
    found = {(row["fast"], row["slow"]): percent(row["total_return"]) for row in rows}
    yield "  fast\\slow" + "".join(f"{slow:>10}" for slow in slows)
    for fast in fasts:
        yield f"{fast:>11}" + "".join(f"{found.get((fast, slow), '-'):>10}" for slow in slows)


def _some(periods: list[int]) -> list[int]:
    return periods[:: -(-len(periods) // _SHOWN)]
