"""Compiled loops between decisions. Imported where a backtest runs, never by a live process.

Invariant: each does what its plain twin does, to the last bit; tests compare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit, prange

from bot3.domain.bars import Floats, Ints

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compiled at the first call, and kept for the next process; other threads go on meanwhile."""
    return cast("F", njit(cache=True, nogil=True)(function))


def _parallel(function: F) -> F:
    """The same, over all cores."""
    return cast("F", njit(cache=True, parallel=True)(function))


# What a row of `fills` has.
BAR, SIDE, PRICE, AMOUNT, FEE = range(5)
BUY, SELL = 1.0, -1.0
COLUMNS: Final = 5


@compiled
def ema(values: Floats, periods: int, before: float = np.nan) -> Floats:
    """Exponential average with alpha = 2 / (periods + 1), started at the first value; or going on
    from what it was `before`.
    """
    alpha = 2.0 / (periods + 1.0)
    out = np.empty(len(values))
    average = values[0] if np.isnan(before) else before
    for at in range(len(values)):
        average += alpha * (values[at] - average)
        out[at] = average
    return out


@compiled
def all_or_nothing(
    orders: Ints, sides: Floats, opens: Floats, closes: Floats, fee: float, slip: float, cash: float
) -> tuple[Floats, Floats]:
    """Long with all cash or flat; order n fills at the open of row `orders[n]`, rising, and buys
    where `sides[n]` is above zero.

    Equity after each close, and the fills, a row each.
    """
    rows = len(opens)
    equity, fills = np.empty(rows), np.empty((len(orders), COLUMNS))
    held, count, order = 0.0, 0, 0
    for at in range(rows):
        while order < len(orders) and orders[order] == at:
            if held == 0.0 and sides[order] > 0.0:
                price = opens[at] * (1.0 + slip)
                amount = cash / (price * (1.0 + fee))
                fills[count, BAR], fills[count, SIDE] = at, BUY
                fills[count, PRICE], fills[count, AMOUNT] = price, amount
                fills[count, FEE] = amount * price * fee
                held, cash, count = amount, 0.0, count + 1
            elif held > 0.0 and sides[order] <= 0.0:
                price = opens[at] * (1.0 - slip)
                fills[count, BAR], fills[count, SIDE] = at, SELL
                fills[count, PRICE], fills[count, AMOUNT] = price, held
                fills[count, FEE] = held * price * fee
                cash, held, count = held * price * (1.0 - fee), 0.0, count + 1
            order += 1
        equity[at] = cash + held * closes[at]
    return equity, fills[:count]


@compiled
def decision_points(targets: Floats, before: float = 0.0) -> Ints:
    """Bars at whose close the wanted side changes: the only ones at which something is ordered.
    `before`: what was wanted before them, 1 or 0.
    """
    found = np.empty(len(targets), dtype=np.int64)
    count = 0
    for at in range(len(targets)):
        target = targets[at]
        if np.isnan(target):
            continue
        wanted = 1.0 if target > 0.0 else 0.0
        if wanted != before:
            found[count] = at
            before, count = wanted, count + 1
    return found[:count]


# What a row of a grid has: final equity, the deepest fall of the equity below its height (a share),
# the Sharpe ratio of a bar's return, orders.
EQUITY, DRAWDOWN, SHARPE, ORDERS = range(4)
GRID_COLUMNS: Final = 4


@compiled
def _ema_cross(
    opens: Floats, closes: Floats, periods: tuple[int, int], fee: float, cash: float, out: Floats
) -> None:
    """One pair of averages, filled at the next open, in one pass."""
    fast, slow = 2.0 / (periods[0] + 1.0), 2.0 / (periods[1] + 1.0)
    quick = lazy = closes[0]
    held, equity, top, fallen, wanted, orders = 0.0, cash, cash, 0.0, 0, 0
    total = squares = 0.0
    for at in range(len(opens)):
        after = equity
        if wanted == 1 and held == 0.0:
            held, orders = equity / (opens[at] * (1.0 + fee)), orders + 1
            after = held * closes[at]
        elif wanted == -1 and held > 0.0:
            after, held, orders = held * opens[at] * (1.0 - fee), 0.0, orders + 1
        elif held > 0.0:
            after = held * closes[at]
        if after != equity:
            change = after / equity - 1.0
            total, squares, equity = total + change, squares + change * change, after
            top = max(top, after)
            fallen = max(fallen, 1.0 - after / top)
        quick += fast * (closes[at] - quick)
        lazy += slow * (closes[at] - lazy)
        if at >= periods[1] - 1:
            wanted = 1 if quick > lazy else -1
    mean = total / len(opens)
    spread = squares / len(opens) - mean * mean
    out[EQUITY], out[DRAWDOWN], out[ORDERS] = equity, fallen, orders
    out[SHARPE] = mean / np.sqrt(spread) if spread > 0.0 else 0.0


@_parallel
def ema_cross_grid(
    opens: Floats, closes: Floats, fasts: Ints, slows: Ints, fee: float, cash: float
) -> Floats:
    """Every pair, shape (pairs, GRID_COLUMNS): on all cores, no array of bars a pair."""
    out = np.empty((len(fasts), GRID_COLUMNS))
    for pair in prange(len(fasts)):
        periods = (fasts[pair], slows[pair])
        _ema_cross(opens, closes, periods, fee, cash, out[pair])
    return out
