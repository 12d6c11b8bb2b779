"""Whole populations over shared columns, compiled. Imported where a search runs, never live.

Bars go through in chunks that stay in the nearest cache: each step of a program is one loop over a
chunk that the compiler turns into vector instructions; then one pass holds, counts and sums.

Invariant: growth and entries are those of `BacktestingEngine` with the same targets; a test says
so.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot3.backtest.kernels import compiled
from bot3.domain.bars import Floats
from bot3.strategies.genome import DEPTH_MAX, Programs

Bytes = NDArray[np.uint8]
CHUNK: Final = 2048
PROBES: Final = 256

# What a row of the result has, of one genome in one fold. Growth and drawdown are of log equity;
# `TIMED` is the sum of (held - usual) * return - costs, what the timing earned beside holding the
# usual share all along, and `TIMED_SQUARES` that of its squares.
GROWTH, DRAWDOWN, ENTRIES, HELD, TIMED, TIMED_SQUARES, BARS = range(7)
COLUMNS: Final = 7
_BELOW, _ABOVE, _AND, _OR = 0, 1, 2, 3


@compiled
def _condition(
    columns: Any, program: Any, first: int, last: int, begin: int, size: int, stack: Bytes
) -> None:
    """Truth of one condition for `size` bars from `begin`, left in `stack[0]`."""
    ops, features, thresholds = program
    top = 0
    for step in range(first, last):
        op = ops[step]
        if op <= _ABOVE:
            # Slices: an index that may be negative would keep the loops from being vectorized.
            column = columns[features[step], begin : begin + size]
            threshold, out = thresholds[step], stack[top, :size]
            if op == _BELOW:
                for at in range(size):
                    out[at] = column[at] < threshold
            else:
                for at in range(size):
                    out[at] = column[at] > threshold
            top += 1
        elif op == _AND:
            top -= 1
            one, other = stack[top - 1, :size], stack[top, :size]
            for at in range(size):
                one[at] &= other[at]
        elif op == _OR:
            top -= 1
            one, other = stack[top - 1, :size], stack[top, :size]
            for at in range(size):
                one[at] |= other[at]
        else:
            one = stack[top - 1, :size]
            for at in range(size):
                one[at] ^= 1


# One genome's account while it is walked through a fold. Worth is log equity where nothing is held;
# of a held run it is `OFFSET` and the market's sum of returns. The last three are market sums at
# bars of entry, of exit, and of the last bar where it was in to the end.
(
    WORTH, OFFSET, PEAK, FALLEN, ENTERED, COUNT, IN, EARNED, SQUARES, AT_ENTRIES, AT_EXITS, AT_LAST
) = range(12)  # fmt: skip
_ACCOUNT: Final = 12


@compiled
def _enter(account: Floats, at: int, total: Floats, cost: float) -> None:
    """At the close of bar `at`: its return is the first one held."""
    account[ENTERED] = at
    account[COUNT] += 1
    account[AT_ENTRIES] += total[at + 1] - total[at]
    account[OFFSET] = account[WORTH] - cost - total[at]
    account[FALLEN] = max(account[FALLEN], account[PEAK] - (account[WORTH] - cost))


@compiled
def _leave(account: Floats, at: int, sums: Any, cost: float) -> None:
    """At the close of bar `at`: its return is the first one not held."""
    total, total_squares = sums
    entered = int(account[ENTERED])
    account[WORTH] = account[OFFSET] + total[at] - cost
    account[FALLEN] = max(account[FALLEN], account[PEAK] - account[WORTH])
    account[EARNED] += total[at] - total[entered]
    account[SQUARES] += total_squares[at] - total_squares[entered]
    account[IN] += at - entered
    account[ENTERED] = -1.0


@compiled
def _mark(probes: Bytes, first: int, last: int, stride: int) -> None:
    """It held from bar `first` of the fold to before `last`."""
    at = (first + stride - 1) // stride
    while at < len(probes) and at * stride < last:
        probes[at] = 1
        at += 1


@compiled
def _walk(
    enter: Bytes, stay: Bytes, chunk: int, sums: Any, costs: Any, account: Floats, seen: Any
) -> None:
    """Through one chunk of bars, `chunk` the first of them."""
    probes, begin, stride = seen
    total, size, at = sums[0], len(enter), 0
    while at < size:
        if account[ENTERED] < 0.0:
            while at < size and enter[at] == 0:
                at += 1
            if at < size:
                _enter(account, chunk + at, total, costs[0])
        else:
            offset, peak, fallen = account[OFFSET], account[PEAK], account[FALLEN]
            while at < size and stay[at] == 1:
                value = offset + total[chunk + at + 1]
                peak = max(peak, value)
                fallen = max(fallen, peak - value)
                at += 1
            account[PEAK], account[FALLEN] = peak, fallen
            if at < size:
                left = chunk + at
                _mark(probes, int(account[ENTERED]) - begin, left - begin, stride)
                _leave(account, left, sums, costs[1])
                account[AT_EXITS] += total[left + 1] - total[left]


@compiled
def _timing(
    row: Floats, costs: tuple[float, float], account: Floats, market: tuple[float, float]
) -> None:
    """Sums of (held - usual) * return - costs, and of its square, from those of the parts;
    `market`: sums of all returns, and of their squares.
    """
    cost_in, cost_out = costs
    moved, moved_squares = market
    usual, entries = row[HELD] / max(row[BARS], 1), row[ENTRIES]
    row[TIMED] = account[EARNED] - usual * moved - entries * (cost_in + cost_out)
    row[TIMED_SQUARES] = (
        account[SQUARES] * (1.0 - 2.0 * usual)
        + usual * usual * moved_squares
        - 2.0 * cost_in * (1.0 - usual) * account[AT_ENTRIES]
        + 2.0 * cost_out * usual * account[AT_EXITS]
        - 2.0 * cost_out * (1.0 - usual) * account[AT_LAST]
        + entries * (cost_in * cost_in + cost_out * cost_out)
    )


@compiled
def _chunk(
    columns: Any,
    sums: Any,
    program: Any,
    ends: Any,
    place: tuple[int, int, int, int],
    costs: tuple[float, float],
    stacks: Any,
    accounts: Floats,
    probes: Bytes,
) -> None:
    """Every genome through the bars from `place[0]` to before `place[1]`."""
    starts, middles = ends
    chunk, stop, begin, stride = place
    enter, stay = stacks
    size = stop - chunk
    into, on = enter[0, :size], stay[0, :size]
    for genome in range(len(middles)):
        start, middle, last = starts[genome], middles[genome], starts[genome + 1]
        _condition(columns, program, start, middle, chunk, size, enter)
        _condition(columns, program, middle, last, chunk, size, stay)
        for at in range(size):
            on[at] = into[at] | (on[at] ^ 1)
        seen = (probes[genome], begin, stride)
        _walk(into, on, chunk, sums, costs, accounts[genome], seen)


@compiled
def _fold(
    columns: Any,
    sums: Any,
    program: Any,
    ends: Any,
    span: tuple[int, int],
    costs: tuple[float, float],
    out: Floats,
    probes: Bytes,
) -> None:
    """All genomes from `span[0]` to before `span[1]`, flat before and after. Chunk by chunk: a
    chunk's columns are read from far away once, and not once a genome.

    `sums`: of returns and of their squares before each bar; a held run is a difference of them.
    """
    begin, end = span
    stride = max((end - begin) // max(probes.shape[1], 1), 1)
    accounts = np.zeros((len(out), _ACCOUNT))
    accounts[:, ENTERED] = -1.0
    stacks = (
        np.zeros((DEPTH_MAX, CHUNK), dtype=np.uint8),
        np.zeros((DEPTH_MAX, CHUNK), dtype=np.uint8),
    )
    for chunk in range(begin, end, CHUNK):
        place = (chunk, min(chunk + CHUNK, end), begin, stride)
        _chunk(columns, sums, program, ends, place, costs, stacks, accounts, probes)
    market = (sums[0][end] - sums[0][begin], sums[1][end] - sums[1][begin])
    for genome in range(len(out)):
        account, row = accounts[genome], out[genome]
        if account[ENTERED] >= 0.0:
            account[AT_LAST] = sums[0][end] - sums[0][end - 1]
            _mark(probes[genome], int(account[ENTERED]) - begin, end - begin, stride)
            _leave(account, end, sums, costs[1])
        row[GROWTH], row[DRAWDOWN], row[ENTRIES] = account[WORTH], account[FALLEN], account[COUNT]
        row[HELD], row[BARS] = account[IN], end - begin
        _timing(row, costs, account, market)


def evaluate(
    columns: NDArray[np.float32],
    returns: Floats,
    programs: Programs,
    folds: list[tuple[int, int]],
    fee: float,
) -> tuple[Floats, Bytes]:
    """Rows by `GROWTH` to `BARS`, shape (genomes, folds, 7), and where each was at some bars.

    `columns`: shape (features, bars); `returns`: log return of a bar's decision, from the open
    after it to the next.
    """
    out = np.zeros((len(programs), len(folds), COLUMNS))
    probes = np.zeros((len(programs), PROBES), dtype=np.uint8)
    program = (programs.ops, programs.features, programs.thresholds)
    sums = (_sums(returns), _sums(returns * returns))
    ends = (programs.starts, programs.middles)
    for fold, (begin, end) in enumerate(folds):
        first, last = PROBES * fold // len(folds), PROBES * (fold + 1) // len(folds)
        row, seen = out[:, fold], probes[:, first:last]
        _fold(columns, sums, program, ends, (begin, end), costs_of(fee), row, seen)
    return out, probes


def _sums(values: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values)))


def costs_of(fee: float) -> tuple[float, float]:
    """What entering and leaving take from log equity."""
    return float(np.log1p(fee)), float(-np.log1p(-fee))
